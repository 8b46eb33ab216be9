/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated chassis, alone and as a drawer, under any requests and any pauses:
 * each is answered once and in form, and the chassis is ready again; unless the
 * input ordered a fault.
 *
 * Input: one byte of options, then records of pause, netFn, LUN and length,
 * command, data.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "chassis/chassis.h"
#include "vipmi/message.h"

/* A cold chassis for each input costs more than the input itself; many small ones do. */
#define CHASSIS_MEMORY 262144

/* Most steps of time that anything in a chassis takes to come to rest. */
#define STEPS_MAX 10000

static uint8_t memory[CHASSIS_MEMORY] __attribute__((aligned(16)));

struct fuzz {
	struct chassis *chassis;
	uint64_t now_ns;
	bool attention;
	bool ordered; /* the simulator was told something: perhaps that answers get lost */
	uint8_t netfn, command;
};

static void check_response(const struct fuzz *fuzz, const struct chassis_output *output)
{
	FUZZ_CHECK(output->netfn == (fuzz->netfn | 1));
	FUZZ_CHECK(output->command == fuzz->command);
	FUZZ_CHECK(output->length >= 1 && output->length <= 1 + VIPMI_DATA_MAX);
	/* A refusal carries nothing but its code. */
	FUZZ_CHECK(output->data[0] == 0 || output->length == 1);
}

/* Takes what is due; returns how many responses were among it. */
static unsigned collect(struct fuzz *fuzz)
{
	struct chassis_output output;
	unsigned responses = 0, steps = 0;

	while (chassis_next(fuzz->chassis, fuzz->now_ns, &output)) {
		FUZZ_CHECK(steps++ < STEPS_MAX);
		FUZZ_CHECK(output.type < CHASSIS_OUTPUT_COUNT);
		if (output.type == CHASSIS_OUTPUT_RESPONSE) {
			check_response(fuzz, &output);
			responses++;
		} else if (output.type == CHASSIS_OUTPUT_ATTENTION) {
			FUZZ_CHECK(output.asserted != fuzz->attention);
			fuzz->attention = output.asserted;
		}
	}
	FUZZ_CHECK(chassis_attention(fuzz->chassis) == fuzz->attention);
	return responses;
}

/* Lets the time jump from deadline to deadline until `until_ns`. */
static unsigned pass(struct fuzz *fuzz, uint64_t until_ns)
{
	unsigned responses = collect(fuzz), steps = 0;

	while (chassis_deadline(fuzz->chassis) <= until_ns) {
		FUZZ_CHECK(steps++ < STEPS_MAX);
		FUZZ_CHECK(chassis_deadline(fuzz->chassis) > fuzz->now_ns);
		fuzz->now_ns = chassis_deadline(fuzz->chassis);
		responses += collect(fuzz);
	}
	fuzz->now_ns = until_ns;
	return responses;
}

/* False: the chassis has something in hand for a long time. */
static bool request(struct fuzz *fuzz, struct reader *input)
{
	struct chassis_request request = {0};
	uint8_t pause = reader_u8(input), shape;
	unsigned responses;

	request.netfn = reader_u8(input) & 0x3E;
	shape = reader_u8(input);
	request.lun = shape >> 6;
	request.length = shape & 0x3F;
	request.command = reader_u8(input);
	if (request.length > reader_left(input)) {
		request.length = reader_left(input);
	}
	request.data = reader_bytes(input, request.length);
	if (input->failed) {
		return true;
	}
	/* Pauses from nothing to a minute. */
	FUZZ_CHECK(pass(fuzz, fuzz->now_ns + ((uint64_t)pause * pause * pause << 12)) == 0);
	fuzz->netfn = request.netfn;
	fuzz->command = request.command;
	FUZZ_CHECK(chassis_ready(fuzz->chassis));
	FUZZ_CHECK(chassis_request(fuzz->chassis, fuzz->now_ns, &request) == 0);
	fuzz->ordered |= request.netfn == CHASSIS_CONTROL_NETFN;
	/* At ten times KCS' pace nothing takes longer than this. */
	responses = pass(fuzz, fuzz->now_ns + NSEC_PER_SEC_U64);
	FUZZ_CHECK(responses == 1 || (fuzz->ordered && responses == 0));
	/* Late by up to a day: that is not waited for. */
	return chassis_ready(fuzz->chassis);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct reader input = reader_init(bytes, length);
	struct chassis_options options;
	struct fuzz fuzz = {.now_ns = NSEC_PER_SEC_U64};
	uint8_t choice = reader_u8(&input);
	size_t size;

	chassis_options_init(&options);
	options.service_percent = choice & 1 ? 1000 : 0;
	options.freeze = choice & 2;
	options.seed = choice;
	options.drawer = choice & 4;
	options.role = choice & 8 && options.drawer ? CHASSIS_ROLE_PERIPHERAL : CHASSIS_ROLE_BMC;
	size = chassis_size(&options);
	FUZZ_CHECK(size <= sizeof(memory));
	memset(memory, 0xA5, size);
	FUZZ_CHECK(chassis_init(memory, size, &options, fuzz.now_ns, &fuzz.chassis) == 0);
	while (!input.failed && reader_left(&input) > 0 && request(&fuzz, &input)) {
	}
	return 0;
}
