/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's controller: what its commands do, and that none of them changes the real one. */
#include "guest_world.h"

/* ---- the table ---- */

/* Whatever a guest asks, only reads and virtual reservations get through to the real controller. */
static void nothing_but_reads_pass(void **state)
{
	const struct guest_config all = {
		.sensors = true, .sel = GUEST_PART_REAL, .fru = GUEST_PART_REAL, .bus = true};
	uint8_t data[8] = {0};
	unsigned netfn, command, first, second;

	(void)state;
	for (netfn = 0; netfn < 64; netfn += 2) {
		for (command = 0; command < 256; command++) {
			for (first = 0; first < 256; first += 5) {
				for (second = 0; second < 4; second++) {
					struct ipmi_verdict judged;
					bool reserves;

					data[0] = (uint8_t)first;
					data[1] = (uint8_t)(second * 0x55);
					data[2] = 'C';
					if (guest_judge(&all, (uint8_t)netfn, (uint8_t)command,
						    data, sizeof(data)) != GUEST_PASS) {
						continue;
					}
					judged = ipmi_command_judge((uint8_t)netfn,
						(uint8_t)command, data, sizeof(data));
					reserves = judged.class == IPMI_CLASS_VIRTUAL &&
						   (command == 0x22 || command == 0x42);
					assert_true(judged.class == IPMI_CLASS_READ ||
						    judged.class == IPMI_CLASS_QUASI_READ ||
						    reserves);
				}
			}
		}
	}
}

static void the_table_is_in_order(void **state)
{
	size_t count, i, known = 0;
	const struct ipmi_command *commands = ipmi_command_table(&count);

	(void)state;
	/* Every line must be found by the binary search. */
	for (i = 0; i < count; i++) {
		known += guest_command_text(commands[i].netfn, commands[i].command) != NULL;
	}
	assert_int_equal(known, 97);
}

static void what_is_not_shown_is_not_there(void **state)
{
	const struct guest_config none = {.guid = {1}};

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1); /* Get Sensor Reading */
	assert_int_equal(ASK(0x0A, 0x10, 0), -1); /* Get FRU Inventory Area Info */
	assert_int_equal(ASK(0x0A, 0x22), -1);    /* Reserve SDR Repository */
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), -1);
	begin(&none);
	assert_int_equal(ASK(0x04, 0x2D, 1), 0xC1);
	assert_int_equal(ASK(0x0A, 0x10, 0), 0xC1);
	assert_int_equal(ASK(0x0A, 0x22), 0xC1);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), 0xC1);
	assert_int_equal(ASK(0x2C, 0x00, 0), 0xC1);
}

static void what_is_the_hosts_is_refused(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x0A, 0x47, 0, 0, 'C', 'L', 'R', 0xAA), 0xD4); /* Clear SEL */
	assert_int_equal(ASK(0x0A, 0x47, 0, 0, 'C', 'L', 'R', 0), 0xD4);    /* how far it is */
	assert_int_equal(ASK(0x0A, 0x27, 0, 0, 'C', 'L', 'R', 0), 0xD4);    /* likewise */
	assert_int_equal(ASK(0x0A, 0x12, 0, 0, 0, 1), 0xD4);                /* Write FRU Data */
	assert_int_equal(ASK(0x04, 0x26, 1, 0, 0, 0, 0, 0, 0, 0), 0xD4);    /* a threshold */
	assert_int_equal(ASK(0x04, 0x02, 4, 1, 1, 1, 1, 1, 1), 0xD4);       /* Platform Event */
	assert_int_equal(ASK(0x06, 0x52, 1, 0x20, 1), 0xD4);                /* Master Write-Read */
	assert_int_equal(ASK(0x00, 0x04, 15), 0xD4);                        /* Chassis Identify */
	assert_int_equal(ASK(0x2C, 0x04, 0, 0, 0), 0xD4);                   /* FRU Control */
	assert_int_equal(ASK(0x0C, 0x02, 1, 3, 0, 0), 0xC1);                /* LAN */
	assert_int_equal(ASK(0x06, 0x44, 1, 2), 0xC1);                      /* users */
	assert_int_equal(ASK(0x30, 0x01), 0xC1);                            /* OEM */
	assert_int_equal(ASK(0x08, 0x01), 0xC1);                            /* firmware */
	assert_string_equal(controls(), "");
}

/* ---- identity ---- */

static void a_guid_is_the_names_own(void **state)
{
	static const uint8_t text[16] = {0xc8, 0x30, 0xd4, 0x4f, 0xc0, 0x00, 0xb4, 0x80, 0xd1, 0x11,
		0xad, 0x9d, 0x10, 0xb8, 0xa7, 0x6b};
	/* What "web1" and "web2" have today they must have in ten years. */
	static const uint8_t web1[16] = {0xc1, 0x5b, 0xe6, 0xd1, 0x94, 0x05, 0xe6, 0x91, 0x56, 0x86,
		0xc7, 0xe3, 0x95, 0xb5, 0x3d, 0x1c};
	static const uint8_t web2[16] = {0x1b, 0x98, 0xb1, 0x18, 0x6b, 0x8c, 0xc7, 0x84, 0x4b, 0x83,
		0xcb, 0x42, 0x6d, 0xb0, 0xe6, 0x66};
	uint8_t guid[16 + 8] = {0};

	(void)state;
	guest_guid_of_name("web1", 4, guid);
	assert_memory_equal(guid, web1, 16);
	assert_memory_equal(guid + 16, "\0\0\0\0\0\0\0", 8); /* nor anything behind it */
	guest_guid_of_name("web2", 4, guid);
	assert_memory_equal(guid, web2, 16);
	assert_true(guest_guid_of_text("6BA7b810-9dad-11d1-80B4-00c04Fd430c8", 36, guid));
	assert_memory_equal(guid, text, 16);
	assert_false(guest_guid_of_text("gba7b810-9dad-11d1-80b4-00c04fd430c8", 36, guid));
	assert_false(guest_guid_of_text("6ba7b810-9dad-11d1-80b4-00c04fd430c", 35, guid));
	assert_false(guest_guid_of_text("6ba7b810-9dad-11d1-80b4000c04fd430c8", 36, guid));
	assert_false(guest_guid_of_text("6ba7b810-9dad-11d1-80b4-00c04fd430cg", 36, guid));
}

static void both_guids_are_the_configured_one(void **state)
{
	static const uint8_t guid[16] = {1, 2, 3};

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x08), 0);
	assert_int_equal(verdict.answer.length, 17);
	assert_memory_equal(verdict.answer.data + 1, guid, 16);
	assert_int_equal(ASK(0x06, 0x37), 0);
	assert_memory_equal(verdict.answer.data + 1, guid, 16);
	assert_int_equal(ASK(0x06, 0x37, 1), 0xC7);
}

static void device_id_shows_what_is_shown(void **state)
{
	static const uint8_t real[] = {
		0x20, 0x81, 0x02, 0x15, 0x02, 0xFF, 0xF2, 0x1B, 0x00, 0x50, 0x43, 0, 0, 0, 0};
	const struct guest_config fru_only = {.fru = GUEST_PART_REAL};

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x01), -1);
	guest_response(&guest, verdict.forward.tag, 0, real, sizeof(real), &verdict);
	assert_true(verdict.answered);
	assert_int_equal(verdict.answer.length, 16);
	assert_int_equal(verdict.answer.data[2], 0x81);
	assert_int_equal(verdict.answer.data[6], 0x8F); /* no bridge, no event receiver */
	begin(&fru_only);
	assert_int_equal(ASK(0x06, 0x01), -1);
	guest_response(&guest, verdict.forward.tag, 0, real, sizeof(real), &verdict);
	assert_int_equal(verdict.answer.data[2], 0x01);
	assert_int_equal(verdict.answer.data[6], 0x88);
}

/* A guest that boots while the real controller is away finds its own all the same. */
static void there_is_a_device_id_without_a_controller(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x01), -1);
	guest_response(&guest, verdict.forward.tag, VIPMI_CC_TIMEOUT, NULL, 0, &verdict);
	assert_true(verdict.answered);
	assert_int_equal(verdict.answer.data[0], 0);
	assert_int_equal(verdict.answer.length, 12);
	assert_int_equal(verdict.answer.data[5], 0x02);
	assert_int_equal(verdict.answer.data[6], 0x8F);
}

/* Where the next call has what it does not set. */
static void leave_traces(void)
{
	volatile uint8_t stack[4096];
	size_t i;

	for (i = 0; i < sizeof(stack); i++) {
		stack[i] = 0xA5;
	}
}

static void its_inventory_is_its_own(void **state)
{
	static const char guid[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	struct guest_config own = {.fru = GUEST_PART_OWN, .name = "web1"};
	uint8_t image[256], sum;
	size_t size, at;

	(void)state;
	assert_true(guest_guid_of_text(guid, 36, own.guid));
	begin(&own);
	assert_int_equal(ASK(0x0A, 0x10, 1), 0xCB);
	assert_int_equal(ASK(0x0A, 0x10, 0), 0);
	assert_int_equal(verdict.answer.length, 4);
	size = verdict.answer.data[1] | (size_t)verdict.answer.data[2] << 8;
	assert_int_equal(verdict.answer.data[3], 0);
	assert_int_equal(size, 72);
	for (at = 0; at < size; at += 10) {
		assert_int_equal(ASK(0x0A, 0x11, 0, (uint8_t)at, 0, 10), 0);
		assert_int_equal(verdict.answer.data[1], size - at < 10 ? size - at : 10);
		assert_int_equal(verdict.answer.length, 2 + verdict.answer.data[1]);
		memcpy(image + at, verdict.answer.data + 2, verdict.answer.data[1]);
	}
	assert_int_equal(ASK(0x0A, 0x11, 0, (uint8_t)size, 0, 1), 0xC9);
	assert_int_equal(ASK(0x0A, 0x11, 2, 0, 0, 1), 0xCB);
	assert_int_equal(ASK(0x0A, 0x11, 0, 0, 0), 0xC7);
	assert_int_equal(ASK(0x0A, 0x12, 0, 0, 0, 1), 0xC1);
	assert_memory_equal(image, "\x01\x00\x00\x00\x01\x00\x00\xFE", 8);
	assert_memory_equal(image + 8, "\x01\x08\x19\xC5vipmi\xC4web1\xC0\xC0\xE4", 17);
	assert_memory_equal(image + 25, guid, 36);
	assert_memory_equal(image + 61, "\xC0\xC0\xC1\x00", 4);
	for (sum = 0, at = 8; at < size; at++) {
		sum = (uint8_t)(sum + image[at]);
	}
	assert_int_equal(sum, 0);
	assert_int_equal(ASK(0x06, 0x01), -1);
	guest_response(&guest, verdict.forward.tag, VIPMI_CC_TIMEOUT, NULL, 0, &verdict);
	assert_int_equal(verdict.answer.data[6], 0x88);
	leave_traces();
	assert_int_equal(ASK(0x0A, 0x11, 0, 0, 0, 72), 0);
	assert_memory_equal(verdict.answer.data + 2, image, size);
	/* One letter would end the fields; none is an empty field; the longest name fits. */
	own.name[1] = '\0';
	begin(&own);
	assert_int_equal(ASK(0x0A, 0x11, 0, 17, 0, 4), 0);
	assert_memory_equal(verdict.answer.data + 2, "\xC2w \xC0", 4);
	own.name[0] = '\0';
	begin(&own);
	assert_int_equal(ASK(0x0A, 0x11, 0, 17, 0, 2), 0);
	assert_memory_equal(verdict.answer.data + 2, "\xC0\xC0", 2);
	memset(own.name, 'x', sizeof(own.name));
	begin(&own);
	assert_int_equal(ASK(0x0A, 0x10, 0), 0);
	assert_int_equal(verdict.answer.data[1], 128);
	assert_int_equal(ASK(0x0A, 0x11, 0, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[1], 128);
	assert_int_equal(verdict.answer.data[2 + 9], 15);
	assert_memory_equal(verdict.answer.data + 2 + 17, "\xFFxxx", 4);
	assert_memory_equal(verdict.answer.data + 2 + 80, "x\xC0\xC0\xE4", 4);
}

/* ---- power ---- */

static void chassis_control_acts_on_the_guest(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x00, 0x02, 3), 0);
	assert_string_equal(controls(), "04 ");
	assert_int_equal(ASK(0x00, 0x02, 2), 0);
	assert_string_equal(controls(), "04 ");
	assert_int_equal(ASK(0x00, 0x03), 0);
	assert_string_equal(controls(), "04 ");
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 1);
	assert_int_equal(ASK(0x00, 0x02, 4), 0);
	assert_string_equal(controls(), "07 ");
	assert_int_equal(ASK(0x00, 0x02, 5), 0);
	assert_string_equal(controls(), "09 ");
	assert_int_equal(ASK(0x00, 0x02, 1), 0);
	assert_string_equal(controls(), "");
	assert_int_equal(ASK(0x00, 0x02, 6), 0xCC);
	assert_int_equal(ASK(0x00, 0x02), 0xC7);
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.data[1] & 1, 1);
	assert_int_equal(ASK(0x00, 0x02, 0), 0);
	assert_string_equal(controls(), "03 ");
	assert_int_equal(ASK(0x00, 0x01), 0); /* whoever asks is on */
	assert_int_equal(verdict.answer.data[1] & 1, 1);
}

static void what_the_peer_cannot_do_is_not_promised(void **state)
{
	(void)state;
	begin(NULL);
	guest_control(&guest, VM_CONTROL_CAPABILITIES, GUEST_CAPABLE_POWER);
	assert_int_equal(ASK(0x00, 0x02, 3), 0xD6);
	assert_int_equal(ASK(0x00, 0x02, 4), 0xD6);
	assert_int_equal(ASK(0x00, 0x02, 5), 0xD6);
	assert_int_equal(ASK(0x00, 0x03), 0xD6);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 10, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x22, 0, 0, 10, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x24, 4, 2, 0, 0, 10, 0), 0);
	assert_int_equal(ASK(0x06, 0x2E, 1), 0);
	assert_string_equal(controls(), ""); /* no interrupt enable, either */
	assert_int_equal(ASK(0x00, 0x02, 0), 0);
	assert_string_equal(controls(), "03 ");
	guest_connect(&guest, now_ns); /* another, that has not said what it can */
	assert_int_equal(ASK(0x00, 0x02, 0), 0xD6);
}

static void a_reset_of_its_own_has_no_cause_of_ours(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x00, 0x02, 3), 0);
	assert_string_equal(controls(), "04 ");
	guest_control(&guest, VM_CONTROL_RESET, 0); /* the one we asked for */
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 1);
	guest_control(&guest, VM_CONTROL_RESET, 0); /* another */
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 0);
}

static void policy_and_acpi_state_are_kept(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x00, 0x06, 2), 0);
	assert_int_equal(verdict.answer.data[1], 0x07);
	assert_int_equal(ASK(0x00, 0x06, 3), 0);
	assert_int_equal(ASK(0x00, 0x06, 4), 0xCC);
	assert_int_equal(ASK(0x00, 0x01), 0);
	assert_int_equal(verdict.answer.data[1], 0x41);
	assert_int_equal(ASK(0x06, 0x06, 0x82, 0x7F), 0);
	assert_int_equal(ASK(0x06, 0x06, 0xFF, 0xAB), 0xCC);
	assert_int_equal(ASK(0x06, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 2);
	assert_int_equal(verdict.answer.data[2], 0);
}

/* ---- the watchdog ---- */

static void the_watchdog_resets_the_guest(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x22), 0x80); /* never set */
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER); /* set, not running */
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(guest_deadline(&guest), now_ns + 10 * SECOND);
	advance(9 * SECOND);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x44\x01\x00\x00\x64\x00\x0A\x00", 8);
	assert_int_equal(ASK(0x06, 0x22), 0); /* fed */
	advance(9 * SECOND);
	assert_string_equal(controls(), "");
	advance(SECOND - 1);
	assert_string_equal(controls(), "");
	advance(1);
	assert_string_equal(controls(), "04 ");
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x04\x01\x00\x10\x64\x00\x00\x00", 8);
	assert_int_equal(ASK(0x00, 0x07), 0);
	assert_int_equal(verdict.answer.data[1], 4);
	advance(100 * SECOND);
	assert_string_equal(controls(), "");
}

static void each_watchdog_action_has_its_deed(void **state)
{
	static const struct {
		uint8_t action;
		const char *controls;
	} cases[] = {{0, ""}, {1, "04 "}, {2, "03 "}, {3, "04 "}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		begin(NULL);
		assert_int_equal(ASK(0x06, 0x24, 4, cases[i].action, 0, 0, 10, 0), 0);
		assert_int_equal(ASK(0x06, 0x22), 0);
		advance(SECOND);
		assert_string_equal(controls(), cases[i].controls);
		assert_int_equal(guest.watchdog.expired, 0x10);
	}
	assert_int_equal(ASK(0x06, 0x24, 4, 4, 0, 0, 10, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x24, 0, 1, 0, 0, 10, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x24, 6, 1, 0, 0, 10, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x11, 0, 0, 10, 0), 0xCC); /* an SMI */
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 2, 0, 10, 0), 0xCC); /* before it began */
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 10), 0xC7);
}

static void before_it_there_is_a_warning(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x24, 4, 0x31, 2, 0, 100, 0), 0); /* a message, 2 s before */
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(guest_deadline(&guest), now_ns + 8 * SECOND);
	advance(8 * SECOND);
	assert_string_equal(controls(), "01 "); /* attention */
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0x08);
	assert_int_equal(ASK(0x06, 0x22), 0xD5); /* too late to feed */
	assert_int_equal(ASK(0x06, 0x30, 0x08), 0);
	assert_string_equal(controls(), "00 ");
	advance(2 * SECOND);
	assert_string_equal(controls(), "04 ");

	assert_int_equal(ASK(0x06, 0x24, 4, 0x21, 2, 0, 100, 0), 0); /* an NMI */
	assert_int_equal(ASK(0x06, 0x22), 0);
	advance(8 * SECOND);
	assert_string_equal(controls(), "07 ");
}

static void setting_stops_unless_asked_not_to(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(ASK(0x06, 0x24, 0x44, 1, 0, 0, 50, 0), 0);
	assert_int_equal(guest_deadline(&guest), now_ns + 5 * SECOND);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER);
	assert_int_equal(ASK(0x06, 0x25), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x04\x01\x00\x00\x64\x00\x64\x00", 8);
}

static void power_off_and_cold_reset_stop_it(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(ASK(0x00, 0x02, 0), 0);
	assert_string_equal(controls(), "03 ");
	advance(100 * SECOND);
	assert_string_equal(controls(), "");
	assert_int_equal(ASK(0x06, 0x22), 0);
	assert_int_equal(ASK(0x06, 0x02), 0);
	advance(100 * SECOND);
	assert_string_equal(controls(), "");
	assert_int_equal(ASK(0x06, 0x22), 0x80);
}

/* ---- away and back ---- */

static void nothing_is_lost_within_the_grace_time(void **state)
{
	static const uint8_t record[GUEST_EVENT_SIZE] = {7};

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x2E, 0x0F), 0);
	assert_string_equal(controls(), "05 ");
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	advance(4 * SECOND);
	guest_disconnect(&guest, now_ns);
	assert_int_equal(guest_deadline(&guest), now_ns + 60 * SECOND);
	guest_event(&guest, record); /* it is a client all the while */
	advance(59 * SECOND);        /* much longer than the watchdog had left */
	assert_string_equal(controls(), "02 ");
	guest_connect(&guest, now_ns);
	assert_string_equal(controls(), "01 "); /* what it can do is not known yet */
	guest_control(&guest, VM_CONTROL_CAPABILITIES, CAPABLE_ALL);
	assert_string_equal(controls(), "05 02 ");
	assert_string_equal(controls(), "");
	assert_int_equal(guest_deadline(&guest), now_ns + 6 * SECOND);
	assert_int_equal(ASK(0x06, 0x35), 0);
	assert_memory_equal(verdict.answer.data + 1, record, sizeof(record));
	assert_string_equal(controls(), "00 ");
	advance(6 * SECOND);
	assert_string_equal(controls(), "04 ");
}

static void after_the_grace_time_it_starts_anew(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x2E, 0x0F), 0);
	assert_int_equal(ASK(0x06, 0x24, 4, 1, 0, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	guest_disconnect(&guest, now_ns);
	advance(60 * SECOND - 1);
	assert_int_equal(guest.presence, GUEST_AWAY);
	advance(1);
	assert_int_equal(guest.presence, GUEST_ABSENT);
	assert_int_equal(guest_deadline(&guest), TIME_NEVER);
	guest_connect(&guest, now_ns);
	guest_control(&guest, VM_CONTROL_CAPABILITIES, CAPABLE_ALL);
	assert_string_equal(controls(), "00 ");
	assert_int_equal(ASK(0x06, 0x22), 0x80);
	assert_int_equal(ASK(0x06, 0x2F), 0);
	assert_int_equal(verdict.answer.data[1], 0x08);
}

/* The peer has told its guest already that there is no answer. */
static void an_answer_from_before_is_nobodys(void **state)
{
	uint64_t tag;

	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	tag = verdict.forward.tag;
	guest_disconnect(&guest, now_ns);
	guest_connect(&guest, now_ns);
	assert_int_equal(ASK(0x04, 0x2D, 2), -1);
	assert_true(verdict.forward.tag != tag);
	guest_response(&guest, tag, 0, NULL, 0, &verdict);
	assert_false(verdict.answered);
	guest_response(&guest, tag | 0xFF, 0, NULL, 0, &verdict);
	assert_false(verdict.answered);
}

static void more_than_it_may_have_under_way_is_busy(void **state)
{
	uint64_t tags[GUEST_PENDING_MAX];
	size_t i;

	(void)state;
	begin(NULL);
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(ASK(0x04, 0x2D, 1), -1);
		tags[i] = verdict.forward.tag;
	}
	assert_int_equal(ASK(0x04, 0x2D, 1), VIPMI_CC_NODE_BUSY);
	assert_false(verdict.forwarded);
	assert_int_equal(ASK(0x06, 0x25), 0); /* what needs nobody is answered */
	guest_response(&guest, tags[3], 0, (const uint8_t *)"abc", 3, &verdict);
	assert_true(verdict.answered);
	assert_int_equal(verdict.answer.length, 4);
	assert_memory_equal(verdict.answer.data, "\0abc", 4);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1);
}

static void what_is_no_request_is_answered_too(void **state)
{
	static const uint8_t much[VIPMI_DATA_MAX + 1];
	unsigned netfn, command;

	(void)state;
	begin(NULL);
	for (netfn = 1; netfn < 64; netfn += 2) {
		for (command = 0; command < 256; command++) {
			assert_int_equal(ask((uint8_t)netfn, (uint8_t)command, NULL, 0), 0xC1);
			assert_int_equal(verdict.answer.length, 1);
		}
	}
	assert_int_equal(ask(0x04, 0x2D, much, sizeof(much)), 0xC7);
	assert_int_equal(ask(0x04, 0x2D, much, sizeof(much) - 1), -1);
	guest_response(&guest, verdict.forward.tag, 0, much, sizeof(much) - 1, &verdict);
	assert_int_equal(verdict.answer.data[0], VIPMI_CC_CANNOT_RETURN_LENGTH);
	assert_int_equal(ASK(0x06, 0x04), 0);
	assert_memory_equal(verdict.answer.data, "\x00\x55\x00", 3);
	assert_int_equal(ASK(0x00, 0x00), 0);
	assert_int_equal(verdict.answer.length, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_but_reads_pass),
		cmocka_unit_test(the_table_is_in_order),
		cmocka_unit_test(what_is_not_shown_is_not_there),
		cmocka_unit_test(what_is_the_hosts_is_refused),
		cmocka_unit_test(a_guid_is_the_names_own),
		cmocka_unit_test(both_guids_are_the_configured_one),
		cmocka_unit_test(device_id_shows_what_is_shown),
		cmocka_unit_test(there_is_a_device_id_without_a_controller),
		cmocka_unit_test(its_inventory_is_its_own),
		cmocka_unit_test(chassis_control_acts_on_the_guest),
		cmocka_unit_test(what_the_peer_cannot_do_is_not_promised),
		cmocka_unit_test(a_reset_of_its_own_has_no_cause_of_ours),
		cmocka_unit_test(policy_and_acpi_state_are_kept),
		cmocka_unit_test(the_watchdog_resets_the_guest),
		cmocka_unit_test(each_watchdog_action_has_its_deed),
		cmocka_unit_test(before_it_there_is_a_warning),
		cmocka_unit_test(setting_stops_unless_asked_not_to),
		cmocka_unit_test(power_off_and_cold_reset_stop_it),
		cmocka_unit_test(nothing_is_lost_within_the_grace_time),
		cmocka_unit_test(after_the_grace_time_it_starts_anew),
		cmocka_unit_test(an_answer_from_before_is_nobodys),
		cmocka_unit_test(more_than_it_may_have_under_way_is_busy),
		cmocka_unit_test(what_is_no_request_is_answered_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
