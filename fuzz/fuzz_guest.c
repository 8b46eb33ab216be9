/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's life: its requests, its peer that comes and goes, the real controller's
 * answers, and time, all from the input. Every request is answered once or passed
 * on; only reads are passed on; nothing is done to a guest whose peer is away; and
 * its deadline is never in the past after a step.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "guest/guest.h"
#include "ipmi/command.h"

#define TAGS_MAX (2 * GUEST_PENDING_MAX)

struct life {
	struct guest guest;
	uint64_t now_ns;
	uint64_t tags[TAGS_MAX];
	size_t tags_count;
};

static void check_answer(const struct guest_verdict *verdict)
{
	uint8_t bytes[VM_ENCODED_MAX];

	if (verdict->answered) {
		FUZZ_CHECK(verdict->answer.netfn & 1);
		FUZZ_CHECK(verdict->answer.length >= 1);
		FUZZ_CHECK(vm_encode_message(&verdict->answer, bytes, sizeof(bytes)) > 0);
	}
}

static void check_forward(const struct guest_forward *forward)
{
	enum ipmi_class class =
		ipmi_command_judge(forward->netfn, forward->command, forward->data, forward->length)
			.class;

	FUZZ_CHECK(class == IPMI_CLASS_READ || class == IPMI_CLASS_QUASI_READ ||
		   (class == IPMI_CLASS_VIRTUAL &&
			   (forward->command == 0x22 || forward->command == 0x42)));
}

/* What is to be said ends; and a guest whose peer is away is done nothing to. */
static void drain(struct life *life)
{
	struct guest_action action;
	uint8_t control;
	size_t said = 0;

	while (guest_signal(&life->guest, &control)) {
		FUZZ_CHECK(++said <= 2);
	}
	while (guest_act(&life->guest, &action)) {
		FUZZ_CHECK(life->guest.presence == GUEST_PRESENT);
		FUZZ_CHECK(++said <= 2 + GUEST_DEED_COUNT);
	}
}

static void request(struct life *life, struct reader *reader)
{
	struct vm_message message = {.sequence = reader_u8(reader)};
	struct guest_verdict verdict;
	uint8_t netfn_lun = reader_u8(reader);

	message.netfn = netfn_lun >> 2;
	message.lun = netfn_lun & 3;
	message.command = reader_u8(reader);
	message.length = reader_u8(reader);
	if (message.length > reader_left(reader)) {
		message.length = reader_left(reader);
	}
	message.data = reader_bytes(reader, message.length);
	guest_request(&life->guest, &message, life->now_ns, &verdict);
	FUZZ_CHECK(verdict.answered || verdict.forwarded);
	check_answer(&verdict);
	if (verdict.answered) {
		FUZZ_CHECK(verdict.answer.sequence == message.sequence);
		FUZZ_CHECK(verdict.answer.command == message.command);
	}
	if (verdict.forwarded) {
		check_forward(&verdict.forward);
		/* A Send Message is answered at once, everything else when it is. */
		FUZZ_CHECK(verdict.answered ==
			   (verdict.forward.target_kind != VIPMI_TARGET_CONTROLLER));
		life->tags[life->tags_count++ % TAGS_MAX] = verdict.forward.tag;
	}
}

static void response(struct life *life, struct reader *reader)
{
	uint64_t tag = life->tags[reader_u8(reader) % TAGS_MAX];
	uint8_t cc = reader_u8(reader);
	size_t length = reader_u8(reader);
	struct guest_verdict verdict;
	const uint8_t *data;

	length = length > reader_left(reader) ? reader_left(reader) : length;
	data = reader_bytes(reader, length);
	guest_response(&life->guest, tag, cc, data, length, &verdict);
	FUZZ_CHECK(!verdict.forwarded);
	check_answer(&verdict);
	guest_response(&life->guest, tag, cc, data, length, &verdict);
	FUZZ_CHECK(!verdict.answered); /* once */
}

/* Another agent: what one saved the next one has, and would save itself. */
static void restart(struct life *life)
{
	uint8_t before[GUEST_SAVED_MAX], after[GUEST_SAVED_MAX];
	struct guest_config config = life->guest.config;
	size_t length;

	guest_disconnect(&life->guest, life->now_ns);
	guest_abandon(&life->guest);
	length = guest_save(&life->guest, life->now_ns, before, sizeof(before));
	FUZZ_CHECK(length > 0);
	guest_init(&life->guest, &config);
	FUZZ_CHECK(guest_restore(&life->guest, before, length, life->now_ns));
	FUZZ_CHECK(guest_save(&life->guest, life->now_ns, after, sizeof(after)) == length);
	FUZZ_CHECK(memcmp(before, after, length) == 0);
}

/* A file that somebody made up. */
static void believe(struct life *life, struct reader *reader)
{
	uint8_t bytes[GUEST_SAVED_MAX];
	struct guest_config config = life->guest.config;
	struct writer writer = writer_init(bytes, sizeof(bytes));
	size_t length = reader_u16le(reader);

	writer_u8(&writer, reader_u8(reader));
	writer_bytes(&writer, config.guid, GUEST_GUID_SIZE);
	length = length > reader_left(reader) ? reader_left(reader) : length;
	length = length > writer_left(&writer) ? writer_left(&writer) : length;
	writer_bytes(&writer, reader_bytes(reader, length), length);
	guest_init(&life->guest, &config);
	(void)guest_restore(&life->guest, bytes, writer_length(&writer), life->now_ns);
	FUZZ_CHECK(life->guest.presence != GUEST_PRESENT);
}

static void live(struct life *life, struct reader *reader)
{
	uint8_t event[GUEST_EVENT_SIZE] = {0};
	uint8_t control;

	switch (reader_u8(reader) % 10) {
	case 8:
		restart(life);
		break;
	case 9:
		believe(life, reader);
		break;
	case 0:
		guest_connect(&life->guest, life->now_ns);
		break;
	case 1:
		guest_disconnect(&life->guest, life->now_ns);
		break;
	case 2:
		control = reader_u8(reader);
		guest_control(&life->guest, control, reader_u8(reader));
		break;
	case 3:
		life->now_ns += reader_u24le(reader) * NSEC_PER_MSEC_U64;
		guest_step(&life->guest, life->now_ns);
		FUZZ_CHECK(guest_deadline(&life->guest) > life->now_ns);
		break;
	case 4:
		event[0] = reader_u8(reader);
		guest_event(&life->guest, event);
		break;
	case 5:
		response(life, reader);
		break;
	default:
		if (life->guest.presence == GUEST_PRESENT) {
			request(life, reader);
		}
		break;
	}
	drain(life);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct life life;
	struct reader reader = reader_init(bytes, length);
	uint8_t shown = reader_u8(&reader);
	const struct guest_config config = {
		.sensors = shown & 1,
		.sel = shown & 16  ? GUEST_PART_OWN
		       : shown & 2 ? GUEST_PART_REAL
				   : GUEST_PART_NONE,
		.name = "fuzz",
		.fru = shown & 32  ? GUEST_PART_OWN
		       : shown & 4 ? GUEST_PART_REAL
				   : GUEST_PART_NONE,
		.bus = shown & 8,
		.grace_ns = 60 * NSEC_PER_SEC_U64,
	};

	memset(&life, 0, sizeof(life));
	life.now_ns = NSEC_PER_SEC_U64;
	guest_init(&life.guest, &config);
	while (!reader.failed && reader_left(&reader) > 0) {
		live(&life, &reader);
	}
	return 0;
}
