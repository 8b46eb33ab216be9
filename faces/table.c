/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/cuse.h"
#include "faces/faces.h"
#include "faces/socket.h"
#include "faces/vm.h"

const struct face_ops *const face_table[] = {
	&socket_face,
	&cuse_face,
	&vm_face,
	NULL,
};
