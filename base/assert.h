/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assertions that stay in production. An assertion is our own bug, never a
 * client's and never the controller's: those are data.
 *
 * The hook is the only symbol that the pure archive leaves undefined beside
 * mem*. The daemon's hook prints and aborts; the module's warns once and
 * returns, so code after an assertion must still be safe to run.
 */
#ifndef VIPMI_BASE_ASSERT_H
#define VIPMI_BASE_ASSERT_H

/* Supplied by whoever links the pure code. May return. */
void base_assertion_failed(const char *expression, const char *file, int line);

#define BASE_ASSERT(expression)                                                                    \
	((expression) ? (void)0 : base_assertion_failed(#expression, __FILE__, __LINE__))

#endif
