/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's controller at its limits: one value less, one more, each bit by itself. */
#include "guest_world.h"

static const struct guest_config bus = {.name = "edge",
	.sensors = true,
	.sel = GUEST_PART_OWN,
	.fru = GUEST_PART_REAL,
	.bus = true,
	.grace_ns = SECOND};

static void each_acpi_state_is_set_by_itself(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x06, 0xAA, 0x80), 0); /* the last there is; and the first */
	assert_int_equal(ASK(0x06, 0x07), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x2A\x00", 2);
	assert_int_equal(ASK(0x06, 0x06, 0x81, 0x83), 0);
	assert_int_equal(ASK(0x06, 0x06, 0x29, 0xFF), 0); /* not to be set; no change */
	assert_int_equal(ASK(0x06, 0x06, 0x7F, 0x7E), 0);
	assert_int_equal(ASK(0x06, 0x07), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x01\x03", 2);
	assert_int_equal(ASK(0x06, 0x06, 0xAB, 0x80), 0xCC);
	assert_int_equal(ASK(0x06, 0x06, 0x80, 0xFE), 0xCC);
}

static void channels_say_what_they_are(void **state)
{
	static const uint8_t system[] = {0, 0x0F, 0x0C, 5, 0, 0xF2, 0x1B, 0, 0, 0};
	static const uint8_t ipmb[] = {0, 0x00, 0x01, 1, 0, 0xF2, 0x1B, 0, 0, 0};

	(void)state;
	begin(&bus);
	assert_int_equal(ASK(0x06, 0x42, 0x1E), 0);
	assert_int_equal(verdict.answer.length, sizeof(system));
	assert_memory_equal(verdict.answer.data, system, sizeof(system));
	assert_int_equal(ASK(0x06, 0x42, 0x0F), 0);
	assert_memory_equal(verdict.answer.data, system, sizeof(system));
	assert_int_equal(ASK(0x06, 0x42, 0x00), 0);
	assert_memory_equal(verdict.answer.data, ipmb, sizeof(ipmb));
	assert_int_equal(ASK(0x06, 0x42, 0x01), 0xCC);
	assert_int_equal(ASK(0x06, 0x42, 0x0D), 0xCC);
	/* All of them may be received from, the last as well as the first. */
	assert_int_equal(ASK(0x06, 0x32, 0, 2), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x00\x01", 2);
	assert_int_equal(ASK(0x06, 0x32, 0, 0), 0);
	assert_int_equal(ASK(0x06, 0x32, 1, 2), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x01\x01", 2);
	assert_int_equal(ASK(0x06, 0x32, 15, 2), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x0F\x01", 2);
}

static void each_part_is_shown_by_itself(void **state)
{
	static const uint8_t real[] = {0x20, 0x81, 2, 0x15, 2, 0xFF, 0, 0, 0, 0, 0};
	static const struct {
		struct guest_config config;
		int fru, sdr, sel;
		uint8_t support;
	} cases[] = {
		{{.fru = GUEST_PART_REAL}, -1, 0xC1, 0xC1, 0x88},
		{{.sensors = true}, 0xC1, -1, 0xC1, 0x83},
		{{.sel = GUEST_PART_REAL}, 0xC1, 0xC1, -1, 0x84},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		begin(&cases[i].config);
		assert_int_equal(ASK(0x0A, 0x10, 0), cases[i].fru);
		assert_int_equal(ASK(0x0A, 0x20), cases[i].sdr);
		assert_int_equal(ASK(0x0A, 0x28), cases[i].sdr);
		assert_int_equal(ASK(0x0A, 0x40), cases[i].sel);
		assert_int_equal(ASK(0x0A, 0x42), cases[i].sel);
		assert_int_equal(ASK(0x06, 0x01), -1);
		guest_response(&guest, verdict.forward.tag, 0, real, sizeof(real), &verdict);
		assert_int_equal(verdict.answer.length, 12);
		assert_int_equal(verdict.answer.data[2], cases[i].config.sensors ? 0x81 : 0x01);
		assert_int_equal(verdict.answer.data[6], cases[i].support);
		/* Cut short it is no answer; without the auxiliary bytes it is one. */
		assert_int_equal(ASK(0x06, 0x01), -1);
		guest_response(&guest, verdict.forward.tag, 0, real, sizeof(real) - 1, &verdict);
		assert_int_equal(verdict.answer.data[2], 0x01);
		/* What only looks like it is as it came. */
		if (cases[i].config.sensors) {
			assert_int_equal(ASK(0x04, 0x01), -1);
			guest_response(&guest, verdict.forward.tag, 0xC1, NULL, 0, &verdict);
			assert_int_equal(verdict.answer.length, 1);
			assert_int_equal(verdict.answer.data[0], 0xC1);
		}
	}
}

static void each_enable_is_a_bit(void **state)
{
	static const uint8_t record[GUEST_EVENT_SIZE] = {1};

	(void)state;
	begin(&bus);
	assert_int_equal(ASK(0x06, 0x2E, 0x01), 0);
	assert_string_equal(controls(), "05 ");
	assert_int_equal(ASK(0x06, 0x2E, 0x0C), 0);
	assert_string_equal(controls(), "06 ");
	assert_int_equal(ASK(0x06, 0x2E, 0x02), 0);
	assert_string_equal(controls(), "05 ");
	guest_event(&guest, record); /* the buffer is not enabled */
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0);
	assert_int_equal(ASK(0x06, 0x2E, 0xE3), 0); /* nor by any other bit */
	guest_event(&guest, record);
	assert_int_equal(ASK(0x04, 0x02, 0x41, 4, 1, 0x52, 1, 0x57), 0); /* logging: bit 3 alone */
	assert_int_equal(ASK(0x0A, 0x40), 0);
	assert_int_equal(verdict.answer.data[2], 0);
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0);
	assert_int_equal(ASK(0x06, 0x2E, 0x07), 0);
	guest_event(&guest, record);
	assert_string_equal(controls(), "02 ");
	assert_int_equal(ASK(0x06, 0x30, 0x0D), 0); /* the others' flags */
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0x02);
	assert_int_equal(ASK(0x06, 0x2E, 0x04), 0);
	assert_string_equal(controls(), "06 "); /* and the attention stays */
	assert_int_equal(ASK(0x06, 0x30, 0x02), 0);
	assert_string_equal(controls(), "00 ");
}

static void queues_go_round(void **state)
{
	enum { EVENTS = 3 * GUEST_EVENTS_MAX - 5, RECEIVED = 3 * GUEST_RECEIVED_MAX - 3 };
	uint8_t record[GUEST_EVENT_SIZE + 1] = {[GUEST_EVENT_SIZE] = 0xEE}, saved[GUEST_SAVED_MAX];
	struct guest_verdict ignored;
	size_t i, length;

	(void)state;
	begin(&bus);
	assert_int_equal(ASK(0x06, 0x2E, 0x04), 0);
	/* Always full, or but for one. */
	for (i = 0; i < EVENTS; i++) {
		record[0] = (uint8_t)i;
		guest_event(&guest, record);
		if (i + 1 >= GUEST_EVENTS_MAX) {
			assert_int_equal(ASK(0x06, 0x35), 0);
			assert_int_equal(verdict.answer.length, 17);
			assert_int_equal(verdict.answer.data[1], i + 1 - GUEST_EVENTS_MAX);
		}
	}
	for (i = 0; i < RECEIVED; i++) {
		const uint8_t mark = (uint8_t)i;

		assert_int_equal(send_message(0x04, 0x2D), 0);
		guest_response(&guest, verdict.forward.tag, 0, &mark, 1, &ignored);
		if (i + 1 >= GUEST_RECEIVED_MAX) {
			assert_int_equal(ASK(0x06, 0x33), 0);
			assert_int_equal(verdict.answer.data[8], i + 1 - GUEST_RECEIVED_MAX);
		}
	}
	/* The agent's end does not disturb them. */
	length = guest_save(&guest, now_ns, saved, sizeof(saved));
	guest_init(&guest, &bus);
	assert_true(guest_restore(&guest, saved, length, now_ns));
	guest_connect(&guest, now_ns);
	for (i = EVENTS + 1 - GUEST_EVENTS_MAX; i < EVENTS; i++) {
		assert_int_equal(ASK(0x06, 0x35), 0);
		assert_int_equal(verdict.answer.data[1], i);
	}
	for (i = RECEIVED + 1 - GUEST_RECEIVED_MAX; i < RECEIVED; i++) {
		assert_int_equal(ASK(0x06, 0x33), 0);
		assert_int_equal(verdict.answer.data[8], i);
	}
}

static void every_place_is_used_and_given_back(void **state)
{
	uint64_t tags[GUEST_PENDING_MAX];
	struct guest_verdict ignored;
	size_t i;

	(void)state;
	begin(&bus);
	assert_false(guest_waits(&guest));
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(send_message(0x04, 0x2D), 0);
		tags[i] = verdict.forward.tag;
		assert_true(guest_waits(&guest));
	}
	assert_int_equal(send_message(0x04, 0x2D), VIPMI_CC_NODE_BUSY);
	for (i = 0; i + 1 < GUEST_PENDING_MAX; i++) {
		guest_response(&guest, tags[i], 0, NULL, 0, &ignored);
		assert_true(guest_waits(&guest)); /* for the last */
	}
	guest_response(&guest, tags[i], 0, NULL, 0, &ignored);
	assert_false(guest_waits(&guest));
	assert_int_equal(guest.messages.received_count, GUEST_PENDING_MAX);
	assert_int_equal(ASK(0x06, 0x30, 0x01), 0);
	/* All the places, abandoned: a time-out for each that was bridged, none for the others. */
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(
			i % 2 ? ASK(0x04, 0x2D, 1) : send_message(0x04, 0x2D), i % 2 ? -1 : 0);
	}
	guest_abandon(&guest);
	assert_false(guest_waits(&guest));
	assert_int_equal(guest.messages.received_count, GUEST_PENDING_MAX / 2);
	/* And gone with the grace time, the last one too. */
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(send_message(0x04, 0x2D), 0);
	}
	guest_disconnect(&guest, now_ns);
	assert_true(guest_waits(&guest));
	advance(SECOND);
	assert_false(guest_waits(&guest));
	guest_connect(&guest, now_ns);
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	}
	guest_disconnect(&guest, now_ns);
	assert_false(guest_waits(&guest));
}

static void the_longest_answer_fits(void **state)
{
	static const uint8_t much[VIPMI_DATA_MAX] = {[VIPMI_DATA_MAX - 2] = 0x77};

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	guest_response(&guest, verdict.forward.tag, 0, much, VIPMI_DATA_MAX - 1, &verdict);
	assert_int_equal(verdict.answer.length, VIPMI_DATA_MAX);
	assert_int_equal(verdict.answer.data[0], 0);
	assert_int_equal(verdict.answer.data[VIPMI_DATA_MAX - 1], 0x77);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	guest_response(&guest, verdict.forward.tag, 0, much, VIPMI_DATA_MAX, &verdict);
	assert_int_equal(verdict.answer.length, 1);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	guest_response(&guest, verdict.forward.tag, 0, (const uint8_t *)"\x42", 1, &verdict);
	assert_memory_equal(verdict.answer.data, "\x00\x42", 2);
}

/* A satellite's answer with which the answer to Get Message is as long as can be; then a byte more.
 */
static void the_longest_answer_from_the_bus_fits(void **state)
{
	enum { LONGEST = VIPMI_DATA_MAX - 9 };
	static const uint8_t much[LONGEST + 1] = {[LONGEST - 1] = 0x77};
	struct guest_verdict ignored;
	struct ipmb_message message;

	(void)state;
	begin(&bus);
	assert_int_equal(send_message(0x04, 0x2D), 0);
	guest_response(&guest, verdict.forward.tag, 0, much, LONGEST, &ignored);
	take_bus_answer(&message);
	assert_int_equal(verdict.answer.length, VIPMI_DATA_MAX);
	assert_int_equal(message.length, 1 + LONGEST);
	assert_int_equal(message.data[LONGEST], 0x77);
	assert_int_equal(send_message(0x04, 0x2D), 0);
	guest_response(&guest, verdict.forward.tag, 0, much, LONGEST + 1, &ignored);
	assert_int_equal(ASK(0x06, 0x33), 0x80);
	assert_int_equal(guest.messages.received_lost, 1);
}

static void power_is_told_in_full(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.length, 4);
	assert_memory_equal(verdict.answer.data, "\x00\x21\x00\x00", 4);
	assert_int_equal(ASK(0x00, 0x06, 0xF8), 0); /* the upper bits are reserved */
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.data[1], 0x01);
	assert_int_equal(ASK(0x00, 0x06, 1), 0);
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.data[1], 0x21);
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_memory_equal(verdict.answer.data, "\x00\x00\x00", 3);
}

static void each_timer_use_is_its_own(void **state)
{
	uint8_t use;

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[1], 4);
	assert_int_equal(verdict.answer.length, 9);
	for (use = 1; use <= 5; use++) {
		assert_int_equal(ASK(0x06, 0x24, use, 0, 0, 0xFF, 10, 0), 0);
		assert_int_equal(ASK(0x06, 0x22), 0);
		advance(SECOND);
		assert_int_equal(ASK(0x06, 0x25), 0);
		assert_int_equal(verdict.answer.data[1], use);
		assert_int_equal(verdict.answer.data[4], 1 << use);
	}
	assert_int_equal(ASK(0x06, 0x24, 0x85, 0, 0, 0xFF, 10, 0), 0); /* don't log ends with it */
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[1], 0xC5);
	advance(SECOND);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[1], 0x05);
	/* "Don't stop" starts nothing, and other bits do not keep it running. */
	assert_int_equal(ASK(0x06, 0x24, 0x44, 0, 0, 0, 10, 0), 0);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(ASK(0x06, 0x24, 0xBD, 0, 0, 0, 10, 0), 0);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER);
}

static void what_is_left_is_rounded_up(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x24, 4, 0, 0, 0, 10, 0), 0);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[7], 10);
	assert_int_equal(ASK(0x06, 0x22), 0);
	now_ns += 1;
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[7], 10);
	now_ns += 100 * NSEC_PER_MSEC_U64 - 1;
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[7], 9);
	now_ns += 900 * NSEC_PER_MSEC_U64 - 1;
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[7], 1);
	now_ns += 1; /* it is due, and nobody has looked */
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[7], 0);
	now_ns += 1;
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[7], 0);
}

static void the_warning_is_within_the_countdown(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 2, 0, 20, 0), 0); /* at once */
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 2, 0, 19, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 20, 0, 200, 0), 0);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 20, 0, 199, 0), 0xCC);
	/* Of no interrupt, whatever stands in the reserved bits, which are not kept. */
	assert_int_equal(ASK(0x06, 0x24, 4, 0x89, 2, 0, 10, 0), 0);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_int_equal(verdict.answer.data[2], 0x01);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(guest_deadline(&guest), now_ns + SECOND);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 1, 0, 15, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(guest_deadline(&guest), now_ns + SECOND / 2);
}

/* IPMI 2.0 section 27.4: an interval of 0 asks for the interrupt together with the action. */
static void a_warning_may_come_with_the_action(void **state)
{
	(void)state;
	begin(&bus);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 0, 0, 10, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(guest_deadline(&guest), now_ns + SECOND);
	advance(SECOND - 1);
	assert_string_equal(controls(), "");
	advance(1);
	assert_string_equal(controls(), "01 04 ");
	assert_int_equal(ASK(0x06, 0x30, 0x07), 0); /* the others' flags */
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0x08);
	assert_int_equal(ASK(0x0A, 0x40), 0);
	assert_int_equal(verdict.answer.data[2], 2); /* both are logged */
	assert_int_equal(ASK(0x06, 0x24, 4, 0x22, 0, 0, 10, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	advance(SECOND);
	assert_string_equal(controls(), "00 07 03 ");
	assert_int_equal(ASK(0x06, 0x22), 0); /* it has expired, and may start again */
}

/* What a file may say of the watchdog, at the place in it where that stands. */
static bool believed(uint8_t use, uint16_t count, uint8_t flags, uint64_t left_ns)
{
	enum { WATCHDOG_AT = 1 + GUEST_GUID_SIZE + 1 + 8 + 5 };
	uint8_t saved[GUEST_SAVED_MAX];
	struct writer writer;
	size_t length;

	begin(&bus);
	length = guest_save(&guest, now_ns, saved, sizeof(saved));
	writer = writer_init(saved + WATCHDOG_AT, 15);
	writer_u8(&writer, use);
	writer_u24le(&writer, 0);
	writer_u16le(&writer, count);
	writer_u8(&writer, flags);
	writer_u64le(&writer, left_ns);
	assert_false(writer.failed);
	return guest_restore(&guest, saved, length, now_ns);
}

static void a_file_is_not_believed_anything(void **state)
{
	uint8_t saved[GUEST_SAVED_MAX];
	size_t length;

	(void)state;
	assert_true(believed(1, 10, 3, SECOND));
	assert_true(believed(5, 10, 0, 0));
	assert_true(believed(0x83, 10, 1, 0));
	assert_false(believed(0, 10, 3, SECOND));
	assert_false(believed(6, 10, 3, SECOND));
	assert_false(believed(1, 10, 3, SECOND + 1));
	assert_false(believed(1, 10, 2, SECOND)); /* it runs, and was never set */
	/* A grace time that ends later than it could. */
	begin(&bus);
	guest_disconnect(&guest, now_ns);
	length = guest_save(&guest, now_ns, saved, sizeof(saved));
	now_ns -= SECOND / 2;
	guest_init(&guest, &bus);
	assert_true(guest_restore(&guest, saved, length, now_ns));
	assert_int_equal(guest_deadline(&guest), now_ns + SECOND);
	/* The next ID of a log. */
	assert_int_equal(saved[length - 16], 1);
	saved[length - 16] = 0;
	assert_false(guest_restore(&guest, saved, length, now_ns));
	assert_false(guest_worth_saving(&guest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_acpi_state_is_set_by_itself),
		cmocka_unit_test(channels_say_what_they_are),
		cmocka_unit_test(each_part_is_shown_by_itself),
		cmocka_unit_test(each_enable_is_a_bit),
		cmocka_unit_test(queues_go_round),
		cmocka_unit_test(every_place_is_used_and_given_back),
		cmocka_unit_test(the_longest_answer_fits),
		cmocka_unit_test(the_longest_answer_from_the_bus_fits),
		cmocka_unit_test(power_is_told_in_full),
		cmocka_unit_test(each_timer_use_is_its_own),
		cmocka_unit_test(what_is_left_is_rounded_up),
		cmocka_unit_test(the_warning_is_within_the_countdown),
		cmocka_unit_test(a_warning_may_come_with_the_action),
		cmocka_unit_test(a_file_is_not_believed_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
