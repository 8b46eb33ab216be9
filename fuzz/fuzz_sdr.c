/* SPDX-License-Identifier: BSD-2-Clause */
/* Sensor data records: every name of every sensor fits where it is said to. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "ipmi/sdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char text[IPMI_SDR_NAME_MAX + IPMI_SDR_INSTANCE_MAX + 1];
	struct ipmi_sdr sdr;
	unsigned i;

	if (!ipmi_sdr_decode(bytes, length, &sdr)) {
		return 0;
	}
	FUZZ_CHECK(strlen(sdr.name) <= IPMI_SDR_NAME_MAX);
	FUZZ_CHECK(sdr.shared >= 1);
	for (i = 0; i < sdr.shared; i++) {
		ipmi_sdr_name(&sdr, (uint8_t)(sdr.sensor + i), text);
		FUZZ_CHECK(strlen(text) < sizeof(text));
		FUZZ_CHECK(strncmp(text, sdr.name, strlen(sdr.name)) == 0);
	}
	return 0;
}
