/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations of every link, for links/table.c and the files that define them. */
#ifndef VIPMI_LINKS_TABLE_H
#define VIPMI_LINKS_TABLE_H

#include "links/links.h"

extern const struct link_ops link_bt;
extern const struct link_ops link_chassis;
extern const struct link_ops link_kcs;
extern const struct link_ops link_openipmi;
extern const struct link_ops link_script;
extern const struct link_ops link_vm;

#endif
