/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzz target is one function that takes any bytes. With libFuzzer
 * (-Dfuzz=true, clang) the fuzzer calls it; else fuzz/replay.c does, with the
 * files that it is given.
 */
#ifndef VIPMI_FUZZ_FUZZ_H
#define VIPMI_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What must hold for any input; the input is a finding where it does not. */
#define FUZZ_CHECK(expression)                                                                     \
	do {                                                                                       \
		if (!(expression)) {                                                               \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#expression);                                                      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
