/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/faces.h"
#include "faces/socket.h"
#include "faces/vm.h"

const struct face_ops *const face_table[] = {
	&socket_face,
	&vm_face,
	NULL,
};
