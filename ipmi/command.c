/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks a request up and judges it. ipmi/commands.def says what a command is;
 * here stands what its data make of it. A request too short for its rule keeps
 * the class of its command: the controller will refuse it anyway.
 */
#include "ipmi/command.h"

#include "vipmi/message.h"

/* Block erase and write of firmware, in controllers that answer only when they are done. */
#define TIMEOUT_FIRMWARE_MS 15000

#define FOREVER IPMI_CACHE_FOREVER_MS

/* What a command number means something in: a network function, or one body's share of it. */
enum group {
	GROUP_CHASSIS,
	GROUP_BRIDGE,
	GROUP_SENSOR,
	GROUP_APP,
	GROUP_STORAGE,
	GROUP_TRANSPORT,
	GROUP_PICMG,
	GROUP_COUNT
};

enum {
	NETFN_CHASSIS = VIPMI_NETFN_CHASSIS,
	NETFN_BRIDGE = VIPMI_NETFN_BRIDGE,
	NETFN_SENSOR = VIPMI_NETFN_SENSOR,
	NETFN_APP = VIPMI_NETFN_APP,
	NETFN_STORAGE = VIPMI_NETFN_STORAGE,
	NETFN_TRANSPORT = VIPMI_NETFN_TRANSPORT,
	NETFN_PICMG = VIPMI_NETFN_GROUP,
};

enum {
	BODY_CHASSIS = 0,
	BODY_BRIDGE = 0,
	BODY_SENSOR = 0,
	BODY_APP = 0,
	BODY_STORAGE = 0,
	BODY_TRANSPORT = 0,
	BODY_PICMG = 0x00,
};

enum entry {
#define X(group, command, ...) ENTRY_##group##_##command,
#include "ipmi/commands.def"
#undef X
	ENTRY_COUNT
};

static const struct ipmi_command commands[ENTRY_COUNT] = {
#define X(group, number, class_, privilege_, cache, timeout, name_, title_)                        \
	[ENTRY_##group##_##number] = {.netfn = NETFN_##group,                                      \
		.body = BODY_##group,                                                              \
		.command = number,                                                                 \
		.class = IPMI_CLASS_##class_,                                                      \
		.privilege = IPMI_PRIVILEGE_##privilege_,                                          \
		.cache_ms = cache,                                                                 \
		.timeout_ms = timeout,                                                             \
		.name = name_,                                                                     \
		.title = title_},
#include "ipmi/commands.def"
#undef X
};

/* By group and number: the entry plus 1, or 0. */
static const uint8_t entry_by_number[GROUP_COUNT][256] = {
#define X(group, number, ...) [GROUP_##group][number] = ENTRY_##group##_##number + 1,
#include "ipmi/commands.def"
#undef X
};
_Static_assert(ENTRY_COUNT < UINT8_MAX, "the index no longer fits its type");

/* The byte at an offset, or -1 where the request ends before it: no mask or value matches that
 * by accident, because every rule asks for a positive answer first. */
static int byte_at(const uint8_t *data, size_t length, size_t offset)
{
	return offset < length ? data[offset] : -1;
}

/* The last two bytes of a 16-bit record number, LS byte first, or -1. */
static int u16_at(const uint8_t *data, size_t length, size_t offset)
{
	return offset + 1 < length ? data[offset] | data[offset + 1] << 8 : -1;
}

/* ---- configuration parameters (IPMI 2.0 sections 22.14, 23, 25, 26, 28, 30) ---- */

/* Parameter 0 everywhere: a lock that writers set, and its value in bits 1:0. */
#define PARAMETER_SET_IN_PROGRESS 0
#define SET_COMPLETE 0
#define SET_IN_PROGRESS 1
/* Of the Get commands' first byte: return the parameter's revision, not its value. */
#define PARAMETER_REVISION_ONLY 0x80

static enum ipmi_class judge_parameter_read(const uint8_t *data, size_t length, size_t selector)
{
	int first = byte_at(data, length, 0);

	if (first >= 0 && (first & PARAMETER_REVISION_ONLY)) {
		return IPMI_CLASS_READ;
	}
	/* The lock changes with every writer. */
	return byte_at(data, length, selector) == PARAMETER_SET_IN_PROGRESS ? IPMI_CLASS_QUASI_READ
									    : IPMI_CLASS_READ;
}

static enum ipmi_class judge_lan_read(const uint8_t *data, size_t length)
{
	enum { COMMUNITY_STRING = 16, CIPHER_SUITES = 22, CIPHER_PRIVILEGES = 24 };
	int first = byte_at(data, length, 0), selector = byte_at(data, length, 1);

	if (first >= 0 && !(first & PARAMETER_REVISION_ONLY) &&
		(selector == COMMUNITY_STRING ||
			(selector >= CIPHER_SUITES && selector <= CIPHER_PRIVILEGES))) {
		return IPMI_CLASS_SECRET;
	}
	return judge_parameter_read(data, length, 1);
}

static enum ipmi_class judge_serial_read(const uint8_t *data, size_t length)
{
	enum { COMMUNITY_STRING = 15, TAP_PASSWORDS = 26, CHAP_NAME = 34, PPP_PASSWORDS = 42 };
	int first = byte_at(data, length, 0), selector = byte_at(data, length, 1);

	if (first >= 0 && !(first & PARAMETER_REVISION_ONLY) &&
		(selector == COMMUNITY_STRING || selector == TAP_PASSWORDS ||
			selector == CHAP_NAME || selector == PPP_PASSWORDS)) {
		return IPMI_CLASS_SECRET;
	}
	return judge_parameter_read(data, length, 1);
}

/* To take or leave the lock changes no setting; to commit (2) does. */
static enum ipmi_class judge_parameter_write(
	enum ipmi_class otherwise, const uint8_t *data, size_t length, size_t selector)
{
	int value = byte_at(data, length, selector + 1);

	if (byte_at(data, length, selector) == PARAMETER_SET_IN_PROGRESS && value >= 0 &&
		((value & 3) == SET_COMPLETE || (value & 3) == SET_IN_PROGRESS)) {
		return IPMI_CLASS_MUTATING;
	}
	return otherwise;
}

/* ---- commands of which one byte decides ---- */

/* Chassis Control, IPMI 2.0 section 28.3: bits 3:0. To power up takes nothing from anybody. */
static enum ipmi_class judge_chassis_control(const uint8_t *data, size_t length)
{
	enum { POWER_UP = 1 };
	int control = byte_at(data, length, 0);

	return control >= 0 && (control & 0x0F) == POWER_UP ? IPMI_CLASS_MUTATING
							    : IPMI_CLASS_DANGEROUS;
}

/* Set Power Restore Policy, section 28.8: bits 2:0 are 3 for "no change, what is supported?" */
static enum ipmi_class judge_power_restore(const uint8_t *data, size_t length)
{
	enum { NO_CHANGE = 3 };
	int policy = byte_at(data, length, 0);

	return policy >= 0 && (policy & 0x07) == NO_CHANGE ? IPMI_CLASS_READ : IPMI_CLASS_MUTATING;
}

/* Clear Message Flags, section 22.3: what its bits throw away, nobody gets any more. The flag of
 * the watchdog's pre-time-out (bit 3) is each virtual controller's own. */
static enum ipmi_class judge_clear_flags(const uint8_t *data, size_t length)
{
	enum { RECEIVE_QUEUE = 0x01, EVENT_BUFFER = 0x02, OEM = 0xE0 };
	int mask = byte_at(data, length, 0);

	return mask >= 0 && (mask & (RECEIVE_QUEUE | EVENT_BUFFER | OEM)) ? IPMI_CLASS_CONSUMING
									  : IPMI_CLASS_VIRTUAL;
}

/* Set User Password, section 22.30: bits 1:0 of the second byte. A test writes nothing, but says
 * whether a guess was right. */
static enum ipmi_class judge_user_password(const uint8_t *data, size_t length)
{
	enum { TEST_PASSWORD = 3 };
	int operation = byte_at(data, length, 1);

	return operation >= 0 && (operation & 3) == TEST_PASSWORD ? IPMI_CLASS_SECRET
								  : IPMI_CLASS_DANGEROUS;
}

/* Alert Immediate, section 30.7: bits 7:6 of the second byte. */
static enum ipmi_class judge_alert(const uint8_t *data, size_t length)
{
	enum { GET_STATUS = 1 };
	int operation = byte_at(data, length, 1);

	return operation >= 0 && operation >> 6 == GET_STATUS ? IPMI_CLASS_QUASI_READ
							      : IPMI_CLASS_MUTATING;
}

/* Clear SEL and Clear SDR Repository, sections 31.9 and 33.16: after the reservation and "CLR" one
 * byte, AAh to erase or 0 to ask how far an erasure is. */
static enum ipmi_class judge_clear(enum ipmi_class otherwise, const uint8_t *data, size_t length)
{
	enum { OPERATION_OFFSET = 5, GET_STATUS = 0 };

	return byte_at(data, length, OPERATION_OFFSET) == GET_STATUS ? IPMI_CLASS_QUASI_READ
								     : otherwise;
}

/* Run Initialization Agent, section 33.21: bit 0 runs it, else the status is asked for. */
static enum ipmi_class judge_initialization_agent(const uint8_t *data, size_t length)
{
	int operation = byte_at(data, length, 0);

	return operation >= 0 && !(operation & 1) ? IPMI_CLASS_QUASI_READ : IPMI_CLASS_DANGEROUS;
}

/* Get SEL Entry, section 31.5: a record never changes, but which one is first or last does. */
static enum ipmi_class judge_sel_entry(const uint8_t *data, size_t length)
{
	enum { RECORD_OFFSET = 2, FIRST = 0x0000, LAST = 0xFFFF };
	int record = u16_at(data, length, RECORD_OFFSET);

	return record == FIRST || record == LAST ? IPMI_CLASS_QUASI_READ : IPMI_CLASS_READ;
}

/* Get IP/UDP/RMCP Statistics, section 23.4: bit 0 of the second byte clears them for everybody. */
static enum ipmi_class judge_ip_statistics(const uint8_t *data, size_t length)
{
	enum { CLEAR_ALL = 0x01 };
	int flags = byte_at(data, length, 1);

	return flags >= 0 && (flags & CLEAR_ALL) ? IPMI_CLASS_CONSUMING : IPMI_CLASS_QUASI_READ;
}

/* Set Serial/Modem Mux, section 25.3: bits 3:0 of the second byte. */
static enum ipmi_class judge_serial_mux(const uint8_t *data, size_t length)
{
	enum { GET_STATUS = 0 };
	int setting = byte_at(data, length, 1);

	return setting >= 0 && (setting & 0x0F) == GET_STATUS ? IPMI_CLASS_QUASI_READ
							      : IPMI_CLASS_DANGEROUS;
}

/*
 * The dispatcher of the rules above.
 *
 * Set User Access has none on purpose: bit 7 of its first byte says whether the
 * access bits are meant, but the privilege limit is set in any case, and that is
 * enough to lock a user out or let one in.
 */
static enum ipmi_class judge_data(enum entry entry, const uint8_t *data, size_t length)
{
	enum ipmi_class otherwise = commands[entry].class;

	switch (entry) {
	case ENTRY_CHASSIS_0x02:
		return judge_chassis_control(data, length);
	case ENTRY_CHASSIS_0x06:
		return judge_power_restore(data, length);
	case ENTRY_CHASSIS_0x09: /* has no revision-only bit: that bit is reserved, so 0 */
	case ENTRY_SENSOR_0x13:
		return judge_parameter_read(data, length, 0);
	case ENTRY_SENSOR_0x12:
		return judge_parameter_write(otherwise, data, length, 0);
	case ENTRY_SENSOR_0x16:
		return judge_alert(data, length);
	case ENTRY_APP_0x30:
		return judge_clear_flags(data, length);
	case ENTRY_APP_0x47:
		return judge_user_password(data, length);
	case ENTRY_STORAGE_0x27:
	case ENTRY_STORAGE_0x47:
		return judge_clear(otherwise, data, length);
	case ENTRY_STORAGE_0x2C:
		return judge_initialization_agent(data, length);
	case ENTRY_STORAGE_0x43:
		return judge_sel_entry(data, length);
	case ENTRY_TRANSPORT_0x01:
	case ENTRY_TRANSPORT_0x10:
	case ENTRY_TRANSPORT_0x21:
		return judge_parameter_write(otherwise, data, length, 1);
	case ENTRY_TRANSPORT_0x02:
		return judge_lan_read(data, length);
	case ENTRY_TRANSPORT_0x04:
		return judge_ip_statistics(data, length);
	case ENTRY_TRANSPORT_0x11:
		return judge_serial_read(data, length);
	case ENTRY_TRANSPORT_0x12:
		return judge_serial_mux(data, length);
	case ENTRY_APP_0x59:
	case ENTRY_TRANSPORT_0x22:
		return judge_parameter_read(data, length, 1);
	default:
		return otherwise;
	}
}

/* The group, or GROUP_COUNT when the table has nothing of it. */
static enum group command_group(uint8_t netfn, const uint8_t *data, size_t length)
{
	switch (netfn) {
	case VIPMI_NETFN_CHASSIS:
		return GROUP_CHASSIS;
	case VIPMI_NETFN_BRIDGE:
		return GROUP_BRIDGE;
	case VIPMI_NETFN_SENSOR:
		return GROUP_SENSOR;
	case VIPMI_NETFN_APP:
		return GROUP_APP;
	case VIPMI_NETFN_STORAGE:
		return GROUP_STORAGE;
	case VIPMI_NETFN_TRANSPORT:
		return GROUP_TRANSPORT;
	case VIPMI_NETFN_GROUP:
		return byte_at(data, length, 0) == BODY_PICMG ? GROUP_PICMG : GROUP_COUNT;
	default:
		return GROUP_COUNT;
	}
}

static struct ipmi_verdict judge_unlisted(uint8_t netfn)
{
	/* Firmware is the vendor's, 2E and 30 to 3E are whoever's: nothing is known of them. */
	bool firmware = netfn == VIPMI_NETFN_FIRMWARE;
	bool dangerous = firmware || netfn >= VIPMI_NETFN_OEM;

	return (struct ipmi_verdict){
		.class = dangerous ? IPMI_CLASS_DANGEROUS : IPMI_CLASS_MUTATING,
		.timeout_ms = firmware ? TIMEOUT_FIRMWARE_MS : IPMI_TIMEOUT_DEFAULT_MS,
	};
}

struct ipmi_verdict ipmi_command_judge(
	uint8_t netfn, uint8_t command, const uint8_t *data, size_t length)
{
	enum group group = command_group(netfn, data, length);
	uint8_t number = group < GROUP_COUNT ? entry_by_number[group][command] : 0;
	const struct ipmi_command *entry;
	struct ipmi_verdict verdict;

	if (number == 0) {
		return judge_unlisted(netfn);
	}
	entry = &commands[number - 1];
	verdict = (struct ipmi_verdict){
		.class = judge_data((enum entry)(number - 1), data, length),
		.timeout_ms = entry->timeout_ms,
		.command = entry,
	};
	/* A command that only asks how far the slow work is does none of it. */
	if (verdict.timeout_ms == 0 ||
		(ipmi_class_is_read(verdict.class) && !ipmi_class_is_read(entry->class))) {
		verdict.timeout_ms = IPMI_TIMEOUT_DEFAULT_MS;
	}
	return verdict;
}

const struct ipmi_command *ipmi_command_table(size_t *ret_count)
{
	*ret_count = ENTRY_COUNT;
	return commands;
}
