/* SPDX-License-Identifier: BSD-2-Clause */
/* Readings, times and faults of the simulated drawer, in words. */
#include "cli/chassis.h"

#include <inttypes.h>

/* Base units that a chassis has (IPMI 2.0 table 43-15). */
static const char *unit_text(uint8_t unit)
{
	switch (unit) {
	case 1:
		return " degrees C";
	case 4:
		return " V";
	case 5:
		return " A";
	case 6:
		return " W";
	case 18:
		return " rpm";
	default:
		return "";
	}
}

static void states_text(const struct chassis_sensor *sensor, char *text, size_t size)
{
	size_t used = 0;

	(void)snprintf(text, size, "no state");
	for (unsigned int offset = 0; offset < 15; offset++) {
		if (sensor->states & 1u << offset && used + 16 < size) {
			used += (size_t)snprintf(
				text + used, size - used, "%s%u", used ? "," : "state ", offset);
		}
	}
}

void picture_reading(const struct chassis_sensor *sensor, char *text, size_t size)
{
	int32_t value = sensor->value_milli;
	/* No number has a sign of its own when it is less than one. */
	const char *sign = value < 0 ? "-" : "";
	uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
	char decimals[8];
	int length;

	if (sensor->unavailable) {
		(void)snprintf(text, size, "not available");
	} else if (!sensor->threshold) {
		states_text(sensor, text, size);
	} else {
		length = snprintf(decimals, sizeof(decimals), ".%03" PRIu32, magnitude % 1000);
		while (length > 1 && decimals[length - 1] == '0') {
			decimals[--length] = '\0';
		}
		(void)snprintf(text, size, "%s%" PRIu32 "%s%s", sign, magnitude / 1000,
			length > 1 ? decimals : "", unit_text(sensor->unit));
	}
}

void picture_fault(const struct chassis_fault *fault, char *text, size_t size)
{
	char percent[16] = "", by[32] = "", place[16] = "", left[48], times[48] = "",
	     happened[48] = "", duration[32];

	if (fault->percent < 100) {
		(void)snprintf(percent, sizeof(percent), " %u%%", fault->percent);
	}
	if (fault->by_ms) {
		(void)snprintf(by, sizeof(by), " by %" PRIu32 "ms", fault->by_ms);
	}
	if (fault->place) {
		(void)snprintf(place, sizeof(place), " at %u", fault->place);
	}
	if (fault->left_ms == CHASSIS_FAULT_UNTIL_ENDED) {
		(void)snprintf(
			left, sizeof(left), "%s", fault->times ? "" : ", until 'fault none'");
	} else {
		duration_text(fault->left_ms, duration, sizeof(duration));
		(void)snprintf(left, sizeof(left), ", %s left", duration);
	}
	if (fault->times) {
		(void)snprintf(times, sizeof(times), ", %" PRIu32 " more time%s", fault->times,
			fault->times == 1 ? "" : "s");
	}
	if (fault->hits) {
		(void)snprintf(happened, sizeof(happened), ", happened %" PRIu32 " time%s",
			fault->hits, fault->hits == 1 ? "" : "s");
	}
	(void)snprintf(text, size, "%s%s%s%s%s%s%s", chassis_fault_name(fault->kind), percent, by,
		place, left, times, happened);
}
