/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's state that outlives the agent. */
#include "guest_world.h"

static uint8_t saved[GUEST_SAVED_MAX];

/* The agent ends, and another one begins `ns` later. */
static bool restart(uint64_t ns, const struct guest_config *config)
{
	size_t length = guest_save(&guest, now_ns, saved, sizeof(saved));

	assert_true(length > 0);
	now_ns += ns;
	memset(&guest, 0x5A, sizeof(guest));
	guest_init(&guest, config);
	return guest_restore(&guest, saved, length, now_ns);
}

static void its_state_outlives_the_agent(void **state)
{
	static const uint8_t record[GUEST_EVENT_SIZE] = {7};
	struct guest_config config;

	(void)state;
	begin(NULL);
	config = guest.config;
	assert_int_equal(ASK(0x06, 0x2E, 0x0E), 0);
	assert_int_equal(ASK(0x06, 0x32, 7, 0), 0);
	assert_int_equal(ASK(0x00, 0x06, 2), 0);
	assert_int_equal(ASK(0x06, 0x06, 0x82, 0x83), 0);
	assert_int_equal(ASK(0x00, 0x02, 3), 0);
	guest_event(&guest, record);
	assert_int_equal(ASK(0x06, 0x24, 0x84, 0x31, 3, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_string_equal(controls(), "05 02 04 ");
	advance(4 * SECOND);
	assert_true(restart(30 * SECOND, &config));
	assert_int_equal(guest.presence, GUEST_AWAY);
	assert_int_equal(guest_deadline(&guest), now_ns + 60 * SECOND);
	advance(59 * SECOND);
	guest_connect(&guest, now_ns);
	guest_control(&guest, VM_CONTROL_CAPABILITIES, CAPABLE_ALL);
	assert_string_equal(controls(), "05 02 ");
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_memory_equal(verdict.answer.data + 1, "\xC4\x31\x03\x00\x64\x00\x3C\x00", 8);
	assert_int_equal(ASK(0x06, 0x2F), 0);
	assert_int_equal(verdict.answer.data[1], 0x0E);
	assert_int_equal(ASK(0x06, 0x32, 7, 2), 0);
	assert_int_equal(verdict.answer.data[2], 0);
	assert_int_equal(ASK(0x06, 0x07), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x02\x03", 2);
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.data[1], 0x41);
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 1);
	assert_int_equal(ASK(0x06, 0x35), 0);
	assert_memory_equal(verdict.answer.data + 1, record, sizeof(record));
	guest_control(&guest, VM_CONTROL_RESET, 0); /* QEMU's word of the one we asked for */
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 1);
	advance(3 * SECOND);
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0x08);
	advance(3 * SECOND);
	assert_string_equal(controls(), "04 ");
}

static void what_was_warned_of_is_not_warned_of_again(void **state)
{
	struct guest_config config;

	(void)state;
	begin(NULL);
	config = guest.config;
	assert_int_equal(ASK(0x06, 0x24, 4, 0x21, 3, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	advance(8 * SECOND);
	assert_string_equal(controls(), "07 ");
	guest_disconnect(&guest, now_ns);
	advance(10 * SECOND);
	assert_true(restart(20 * SECOND, &config));
	/* It was away already: the grace time goes on. */
	assert_int_equal(guest_deadline(&guest), now_ns + 30 * SECOND);
	guest_connect(&guest, now_ns);
	guest_control(&guest, VM_CONTROL_CAPABILITIES, CAPABLE_ALL);
	assert_int_equal(ASK(0x06, 0x22), 0xD5);
	advance(2 * SECOND - 1);
	assert_string_equal(controls(), "00 ");
	advance(1);
	assert_string_equal(controls(), "04 ");
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.data[1], 0x21); /* the policy that nobody set */
}

/* Never set; set and not started: neither is more after the agent's end than before. */
static void a_timer_that_stands_still_goes_on_standing(void **state)
{
	struct guest_config config;

	(void)state;
	begin(NULL);
	config = guest.config;
	assert_true(restart(0, &config));
	guest_connect(&guest, now_ns);
	guest_control(&guest, VM_CONTROL_CAPABILITIES, CAPABLE_ALL);
	assert_int_equal(ASK(0x06, 0x22), 0x80);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_true(restart(0, &config));
	guest_connect(&guest, now_ns);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x04\x01\x00\x00\x64\x00\x64\x00", 8);
	assert_int_equal(ASK(0x06, 0x22), 0);
}

static void another_guest_has_none_of_it(void **state)
{
	struct guest_config config;
	size_t length, cut;

	(void)state;
	begin(NULL);
	config = guest.config;
	assert_int_equal(ASK(0x06, 0x2E, 0x0F), 0);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	length = guest_save(&guest, now_ns, saved, sizeof(saved));
	assert_int_equal(guest_save(&guest, now_ns, saved, length), length);
	assert_int_equal(guest_save(&guest, now_ns, saved, length - 1), 0);
	assert_int_equal(guest_save(&guest, now_ns, saved, length), length);
	for (cut = 0; cut < length; cut++) {
		assert_false(guest_restore(&guest, saved, cut, now_ns));
		assert_int_equal(guest.presence, GUEST_ABSENT);
	}
	assert_false(guest_restore(&guest, saved, length + 1, now_ns)); /* more than was saved */
	saved[0]++;
	assert_false(guest_restore(&guest, saved, length, now_ns)); /* another version's */
	saved[0]--;
	assert_true(guest_restore(&guest, saved, length, now_ns));
	config.guid[15]++;
	guest_init(&guest, &config);
	assert_false(guest_restore(&guest, saved, length, now_ns));
	guest_connect(&guest, now_ns);
	assert_int_equal(ASK(0x06, 0x22), 0x80);
	assert_int_equal(ASK(0x06, 0x2F), 0);
	assert_int_equal(verdict.answer.data[1], 0x08);
	/* Nor has one that was not there. */
	guest_disconnect(&guest, now_ns);
	advance(60 * SECOND);
	assert_true(restart(SECOND, &config));
	assert_int_equal(guest.presence, GUEST_ABSENT);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER);
}

/* What came stays, what is still to come is a time-out: the new agent knows of no such question. */
static void the_bus_queue_outlives_the_agent(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};
	struct guest_verdict ignored;
	struct ipmb_message message;
	size_t i;

	(void)state;
	begin(&bus);
	assert_int_equal(send_message(0x04, 0x2D), 0);
	guest_response(&guest, verdict.forward.tag, 0, (const uint8_t *)"xyz", 3, &ignored);
	assert_int_equal(send_message(0x04, 0x2D), 0);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1); /* QEMU answers this itself */
	assert_true(restart(0, &bus));
	guest_connect(&guest, now_ns);
	for (i = 0; i < 2; i++) {
		take_bus_answer(&message);
		assert_int_equal(message.length, i == 0 ? 4 : 1);
		assert_int_equal(message.data[0], i == 0 ? 0 : VIPMI_CC_TIMEOUT);
	}
	assert_int_equal(ASK(0x06, 0x33), 0x80);
}

/* Full of everything, it fits. */
static void the_largest_state_is_kept(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};
	static const uint8_t much[VIPMI_DATA_MAX], record[GUEST_EVENT_SIZE];
	struct guest_verdict ignored;
	size_t i;

	(void)state;
	begin(&bus);
	assert_int_equal(ASK(0x06, 0x2E, 0x0F), 0);
	for (i = 0; i < GUEST_EVENTS_MAX; i++) {
		guest_event(&guest, record);
	}
	for (i = 0; i < GUEST_RECEIVED_MAX; i++) {
		assert_int_equal(send_message(0x04, 0x2D), 0);
		guest_response(&guest, verdict.forward.tag, 0, much, VIPMI_DATA_MAX - 9, &ignored);
	}
	assert_int_equal(guest.messages.received_count, GUEST_RECEIVED_MAX);
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(send_message(0x04, 0x2D), 0);
	}
	assert_true(restart(0, &bus));
	assert_int_equal(guest.messages.received_count, GUEST_RECEIVED_MAX);
	assert_int_equal(guest.messages.event_count, GUEST_EVENTS_MAX);
}

/* What a file may say of the queues: how many events and answers, and how long these are. */
static bool believed(uint8_t events, uint8_t answers, uint16_t length)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};
	enum { QUEUES_AT = 1 + GUEST_GUID_SIZE + 1 + 8 + 5 + 15 + 4 };
	static uint8_t file[2 * GUEST_SAVED_MAX], nothing[VIPMI_DATA_MAX];
	struct writer writer;

	begin(&bus);
	/* Two counts, and no answer awaited. */
	assert_int_equal(
		guest_save(&guest, now_ns, file, sizeof(file)), QUEUES_AT + 2 + GUEST_PENDING_MAX);
	writer = writer_init(file + QUEUES_AT, sizeof(file) - QUEUES_AT);
	for (writer_u8(&writer, events); events > 0; events--) {
		writer_bytes(&writer, nothing, GUEST_EVENT_SIZE);
	}
	for (writer_u8(&writer, answers); answers > 0; answers--) {
		writer_u16le(&writer, length);
		writer_u8(&writer, 0);
		writer_bytes(&writer, nothing, length);
	}
	writer_bytes(&writer, nothing, GUEST_PENDING_MAX);
	assert_false(writer.failed);
	return guest_restore(&guest, file, QUEUES_AT + writer_length(&writer), now_ns);
}

static void no_more_is_believed_than_fits(void **state)
{
	(void)state;
	assert_true(believed(GUEST_EVENTS_MAX, GUEST_RECEIVED_MAX, VIPMI_DATA_MAX - 2));
	assert_int_equal(guest.messages.event_count, GUEST_EVENTS_MAX);
	assert_int_equal(guest.messages.received_count, GUEST_RECEIVED_MAX);
	assert_false(believed(GUEST_EVENTS_MAX + 1, 0, 0));
	assert_false(believed(0, GUEST_RECEIVED_MAX + 1, 0));
	assert_false(believed(0, 1, VIPMI_DATA_MAX - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_state_outlives_the_agent),
		cmocka_unit_test(what_was_warned_of_is_not_warned_of_again),
		cmocka_unit_test(a_timer_that_stands_still_goes_on_standing),
		cmocka_unit_test(another_guest_has_none_of_it),
		cmocka_unit_test(the_bus_queue_outlives_the_agent),
		cmocka_unit_test(the_largest_state_is_kept),
		cmocka_unit_test(no_more_is_believed_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
