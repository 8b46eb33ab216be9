/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and rows of the simulated chassis: what decodes is what encoding it gives, and no line
 * of text confuses its reader. The first byte says what the rest is taken for. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "ipmi/chassis_scenario.h"

/* Decodes, encodes, decodes: a row keeps what it says, whatever padding it had. */
#define CHECK_ROW(name)                                                                            \
	do {                                                                                       \
		struct chassis_##name row, again;                                                  \
		uint8_t data[1 + CHASSIS_TEXT_MAX], second[1 + CHASSIS_TEXT_MAX];                  \
		int length;                                                                        \
                                                                                                   \
		if (chassis_control_decode_##name(bytes, size, &row) != 0) {                       \
			break;                                                                     \
		}                                                                                  \
		length = chassis_control_encode_##name(&row, data, sizeof(data));                  \
		FUZZ_CHECK(length > 0 && (size_t)length <= size);                                  \
		FUZZ_CHECK(chassis_control_decode_##name(data, (size_t)length, &again) == 0);      \
		FUZZ_CHECK(                                                                        \
			chassis_control_encode_##name(&again, second, sizeof(second)) == length);  \
		FUZZ_CHECK(memcmp(data, second, (size_t)length) == 0);                             \
		FUZZ_CHECK(chassis_control_encode_##name(&row, data, (size_t)length - 1) ==        \
			   -EMSGSIZE);                                                             \
	} while (0)

/* chassis_control_result has no struct chassis_result. */
#define chassis_result chassis_control_result

static void check_request(uint8_t command, const uint8_t *bytes, size_t size)
{
	struct chassis_control_request request;
	uint8_t data[CHASSIS_REQUEST_MAX];

	if (chassis_control_decode_request(command, bytes, size, &request) != 0) {
		return;
	}
	FUZZ_CHECK(chassis_control_encode_request(&request, data, sizeof(data)) == (int)size);
	FUZZ_CHECK(memcmp(data, bytes, size) == 0);
}

static void check_line(const uint8_t *bytes, size_t size)
{
	struct chassis_order order = {0};
	char error[CHASSIS_ERROR_SIZE];

	if (chassis_order_parse((const char *)bytes, size, &order, error) == 0) {
		FUZZ_CHECK(error[0] == 0);
		FUZZ_CHECK(order.verb < CHASSIS_VERB_COUNT && order.place <= CHASSIS_PLACES_MAX);
		FUZZ_CHECK(order.board < CHASSIS_KIND_COUNT && order.fault < CHASSIS_FAULT_COUNT);
		FUZZ_CHECK(order.percent <= 100 && order.for_ms <= CHASSIS_TIME_MS_MAX);
		FUZZ_CHECK(memchr(order.sensor, 0, sizeof(order.sensor)));
	} else {
		FUZZ_CHECK(error[0] != 0 && memchr(error, 0, sizeof(error)));
	}
}

/* Every order of a scenario lies in its text, in order of time; errors have a text. */
static void check_scenario(const uint8_t *bytes, size_t size)
{
	struct chassis_scenario scenario = {.text = (const char *)bytes, .length = size};
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_step step;
	uint64_t last_ms = 0;
	uint32_t line;
	int count = 0, result;

	while ((result = chassis_scenario_next(&scenario, &step, error)) > 0) {
		FUZZ_CHECK(step.order >= scenario.text);
		FUZZ_CHECK(step.order + step.order_length <= scenario.text + size);
		FUZZ_CHECK(step.at_ms >= last_ms && step.line == scenario.line);
		last_ms = step.at_ms;
		count++;
	}
	FUZZ_CHECK(result == 0 || (error[0] != 0 && memchr(error, 0, sizeof(error))));
	scenario = (struct chassis_scenario){.text = (const char *)bytes, .length = size};
	FUZZ_CHECK(chassis_scenario_check(scenario, &line, error) ==
		   (result < 0 || count == 0 ? -EINVAL : count));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t kind;

	if (size == 0) {
		return 0;
	}
	kind = *bytes++;
	size--;
	switch (kind) {
	case 0:
		check_line(bytes, size);
		break;
	case 1:
		CHECK_ROW(result);
		break;
	case 2:
		CHECK_ROW(whole);
		break;
	case 3:
		CHECK_ROW(place);
		break;
	case 4:
		CHECK_ROW(sensor);
		break;
	case 5:
		CHECK_ROW(fault);
		break;
	case 6:
		check_scenario(bytes, size);
		break;
	default:
		check_request(kind, bytes, size);
	}
	return 0;
}
