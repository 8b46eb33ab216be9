/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page of docs/ that is made from the code:
 *
 *	X_page            prints it
 *	X_page FILE       fails if FILE is not the page, and says what to do
 */
#ifndef VIPMI_TESTS_TOOLS_PAGE_H
#define VIPMI_TESTS_TOOLS_PAGE_H

#include <stdio.h>

/* All of such a program's main. `anew` is the shell's line that writes the page. */
int page_main(int argc, char **argv, void (*print)(FILE *page), const char *anew);

#endif
