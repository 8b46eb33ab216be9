/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the command table: names for the command line, texts of
 * completion codes. Nothing here stands on the message path.
 */
#include "ipmi/command.h"

#include "vipmi/message.h"

/* The first name of a network function is the one that is shown. */
static const struct {
	uint8_t netfn;
	const char *name;
} netfn_names[] = {
	{VIPMI_NETFN_CHASSIS, "chassis"},
	{VIPMI_NETFN_BRIDGE, "bridge"},
	{VIPMI_NETFN_SENSOR, "sensor"},
	{VIPMI_NETFN_APP, "app"},
	{VIPMI_NETFN_FIRMWARE, "firmware"},
	{VIPMI_NETFN_STORAGE, "storage"},
	{VIPMI_NETFN_TRANSPORT, "transport"},
	{VIPMI_NETFN_GROUP, "group"},
	{VIPMI_NETFN_GROUP, "picmg"},
	{VIPMI_NETFN_OEM, "oem"},
};

static const char *const class_names[] = {
	[IPMI_CLASS_READ] = "read",
	[IPMI_CLASS_QUASI_READ] = "quasi-read",
	[IPMI_CLASS_SECRET] = "secret",
	[IPMI_CLASS_VIRTUAL] = "virtual",
	[IPMI_CLASS_CONSUMING] = "consuming",
	[IPMI_CLASS_MUTATING] = "mutating",
	[IPMI_CLASS_DANGEROUS] = "dangerous",
	[IPMI_CLASS_BRIDGING] = "bridging",
	[IPMI_CLASS_SESSION] = "session",
};

static const char *const privilege_names[] = {
	[IPMI_PRIVILEGE_NONE] = "none",
	[IPMI_PRIVILEGE_CALLBACK] = "callback",
	[IPMI_PRIVILEGE_USER] = "user",
	[IPMI_PRIVILEGE_OPERATOR] = "operator",
	[IPMI_PRIVILEGE_ADMINISTRATOR] = "administrator",
	[IPMI_PRIVILEGE_SYSTEM_INTERFACE] = "system-interface",
};

/* IPMI 2.0 table 5-2, from C0h on. */
static const char *const generic_codes[] = {
	[VIPMI_CC_NODE_BUSY - 0xC0] = "node busy",
	[VIPMI_CC_INVALID_COMMAND - 0xC0] = "invalid command",
	[VIPMI_CC_INVALID_FOR_LUN - 0xC0] = "command invalid for this LUN",
	[VIPMI_CC_TIMEOUT - 0xC0] = "timeout while processing the command",
	[VIPMI_CC_OUT_OF_SPACE - 0xC0] = "out of space",
	[VIPMI_CC_RESERVATION_CANCELLED - 0xC0] = "reservation cancelled or invalid",
	[VIPMI_CC_REQUEST_TRUNCATED - 0xC0] = "request data truncated",
	[VIPMI_CC_LENGTH_INVALID - 0xC0] = "request data length invalid",
	[VIPMI_CC_FIELD_TOO_LONG - 0xC0] = "data field length limit exceeded",
	[VIPMI_CC_OUT_OF_RANGE - 0xC0] = "parameter out of range",
	[VIPMI_CC_CANNOT_RETURN_LENGTH - 0xC0] = "cannot return the number of bytes asked for",
	[VIPMI_CC_NOT_PRESENT - 0xC0] = "sensor, data or record not present",
	[VIPMI_CC_INVALID_FIELD - 0xC0] = "invalid data field in the request",
	[VIPMI_CC_ILLEGAL_FOR_RECORD - 0xC0] = "illegal for this sensor or record type",
	[VIPMI_CC_NO_RESPONSE - 0xC0] = "response could not be provided",
	[VIPMI_CC_DUPLICATE - 0xC0] = "cannot execute a duplicated request",
	[VIPMI_CC_SDR_UPDATE - 0xC0] = "SDR repository in update mode",
	[VIPMI_CC_FIRMWARE_UPDATE - 0xC0] = "device in firmware update mode",
	[VIPMI_CC_INITIALIZING - 0xC0] = "initialization in progress",
	[VIPMI_CC_DESTINATION_UNAVAILABLE - 0xC0] = "destination unavailable",
	[VIPMI_CC_PRIVILEGE - 0xC0] = "insufficient privilege",
	[VIPMI_CC_NOT_IN_STATE - 0xC0] = "not supported in the present state",
	[VIPMI_CC_SUBFUNCTION_DISABLED - 0xC0] = "sub-function disabled or unavailable",
};

/* Commands `first` to `last` of one network function share a meaning. */
static const struct {
	uint8_t netfn, first, last, cc;
	const char *text;
} specific_codes[] = {
	{VIPMI_NETFN_APP, 0x22, 0x22, 0x80, "watchdog timer never initialized"},
	{VIPMI_NETFN_APP, 0x33, 0x33, 0x80, "receive message queue empty"},
	{VIPMI_NETFN_APP, 0x35, 0x35, 0x80, "event message buffer empty"},
	{VIPMI_NETFN_APP, 0x34, 0x34, 0x80, "invalid session handle"},
	{VIPMI_NETFN_APP, 0x34, 0x34, 0x81, "lost arbitration"},
	{VIPMI_NETFN_APP, 0x34, 0x34, 0x82, "bus error"},
	{VIPMI_NETFN_APP, 0x34, 0x34, 0x83, "NAK on write"},
	{VIPMI_NETFN_APP, 0x52, 0x52, 0x81, "lost arbitration"},
	{VIPMI_NETFN_APP, 0x52, 0x52, 0x82, "bus error"},
	{VIPMI_NETFN_APP, 0x52, 0x52, 0x83, "NAK on write"},
	{VIPMI_NETFN_APP, 0x52, 0x52, 0x84, "truncated read"},
	{VIPMI_NETFN_APP, 0x3A, 0x3A, 0x81, "no session slot available"},
	{VIPMI_NETFN_APP, 0x3A, 0x3A, 0x82, "no session slot available for this user"},
	{VIPMI_NETFN_APP, 0x3A, 0x3A, 0x83, "no session slot available at this privilege"},
	{VIPMI_NETFN_APP, 0x3A, 0x3A, 0x84, "session sequence number out of range"},
	{VIPMI_NETFN_APP, 0x3A, 0x3A, 0x85, "invalid session ID"},
	{VIPMI_NETFN_APP, 0x3A, 0x3A, 0x86, "privilege exceeds the limit of user or channel"},
	{VIPMI_NETFN_APP, 0x3B, 0x3B, 0x80, "privilege level not available for this user"},
	{VIPMI_NETFN_APP, 0x3B, 0x3B, 0x81, "privilege exceeds the limit of user or channel"},
	{VIPMI_NETFN_APP, 0x3B, 0x3B, 0x82, "cannot disable user-level authentication"},
	{VIPMI_NETFN_APP, 0x3C, 0x3C, 0x87, "invalid session ID"},
	{VIPMI_NETFN_APP, 0x40, 0x41, 0x82, "not supported on this channel"},
	{VIPMI_NETFN_APP, 0x40, 0x40, 0x83, "access mode not supported"},
	{VIPMI_NETFN_APP, 0x47, 0x47, 0x80, "password differs, its size is right"},
	{VIPMI_NETFN_APP, 0x47, 0x47, 0x81, "password differs, its size is wrong"},
	{VIPMI_NETFN_APP, 0x48, 0x48, 0x80, "payload already active in another session"},
	{VIPMI_NETFN_APP, 0x48, 0x48, 0x81, "payload type disabled"},
	{VIPMI_NETFN_APP, 0x48, 0x48, 0x82, "payload activation limit reached"},
	{VIPMI_NETFN_APP, 0x48, 0x48, 0x83, "payload cannot be activated with encryption"},
	{VIPMI_NETFN_APP, 0x48, 0x48, 0x84, "payload requires encryption"},
	{VIPMI_NETFN_APP, 0x58, 0x59, 0x80, "parameter not supported"},
	{VIPMI_NETFN_APP, 0x58, 0x58, 0x81, "set already in progress"},
	{VIPMI_NETFN_APP, 0x58, 0x58, 0x82, "parameter is read-only"},
	{VIPMI_NETFN_APP, 0x59, 0x59, 0x83, "parameter is write-only"},
	{VIPMI_NETFN_CHASSIS, 0x08, 0x09, 0x80, "parameter not supported"},
	{VIPMI_NETFN_CHASSIS, 0x08, 0x08, 0x81, "set already in progress"},
	{VIPMI_NETFN_CHASSIS, 0x08, 0x08, 0x82, "parameter is read-only"},
	{VIPMI_NETFN_SENSOR, 0x12, 0x13, 0x80, "parameter not supported"},
	{VIPMI_NETFN_SENSOR, 0x12, 0x12, 0x81, "set already in progress"},
	{VIPMI_NETFN_SENSOR, 0x12, 0x12, 0x82, "parameter is read-only"},
	{VIPMI_NETFN_SENSOR, 0x13, 0x13, 0x83, "parameter is write-only"},
	{VIPMI_NETFN_SENSOR, 0x14, 0x15, 0x81, "SEL erase in progress"},
	{VIPMI_NETFN_STORAGE, 0x11, 0x12, 0x81, "FRU device busy"},
	{VIPMI_NETFN_STORAGE, 0x12, 0x12, 0x80, "write-protected offset"},
	{VIPMI_NETFN_STORAGE, 0x24, 0x25, 0x80, "record length mismatch"},
	{VIPMI_NETFN_STORAGE, 0x43, 0x43, 0x81, "SEL erase in progress"},
	{VIPMI_NETFN_STORAGE, 0x46, 0x46, 0x80, "operation not supported for this record"},
	{VIPMI_NETFN_STORAGE, 0x46, 0x46, 0x81, "SEL erase in progress"},
	{VIPMI_NETFN_TRANSPORT, 0x01, 0x02, 0x80, "parameter not supported"},
	{VIPMI_NETFN_TRANSPORT, 0x01, 0x01, 0x81, "set already in progress"},
	{VIPMI_NETFN_TRANSPORT, 0x01, 0x01, 0x82, "parameter is read-only"},
	{VIPMI_NETFN_TRANSPORT, 0x02, 0x02, 0x83, "parameter is write-only"},
	{VIPMI_NETFN_TRANSPORT, 0x10, 0x11, 0x80, "parameter not supported"},
	{VIPMI_NETFN_TRANSPORT, 0x10, 0x10, 0x81, "set already in progress"},
	{VIPMI_NETFN_TRANSPORT, 0x10, 0x10, 0x82, "parameter is read-only"},
	{VIPMI_NETFN_TRANSPORT, 0x11, 0x11, 0x83, "parameter is write-only"},
	{VIPMI_NETFN_TRANSPORT, 0x21, 0x22, 0x80, "parameter not supported"},
	{VIPMI_NETFN_TRANSPORT, 0x21, 0x21, 0x81, "set already in progress"},
	{VIPMI_NETFN_TRANSPORT, 0x21, 0x21, 0x82, "parameter is read-only"},
	{VIPMI_NETFN_TRANSPORT, 0x22, 0x22, 0x83, "parameter is write-only"},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool words_equal(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

/* "0x2c", "44"; -1 when it is no number of one byte. */
static int parse_byte(const char *word)
{
	bool hexadecimal = word[0] == '0' && lower(word[1]) == 'x';
	int base = hexadecimal ? 16 : 10, value = 0;
	const char *at = hexadecimal ? word + 2 : word;

	if (!*at) {
		return -1;
	}
	for (; *at; at++) {
		char c = lower(*at);
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : 16;

		if (digit >= base) {
			return -1;
		}
		value = value * base + digit;
		if (value > UINT8_MAX) {
			return -1;
		}
	}
	return value;
}

static int parse_netfn(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(netfn_names); i++) {
		if (words_equal(word, netfn_names[i].name)) {
			return netfn_names[i].netfn;
		}
	}
	return parse_byte(word);
}

const struct ipmi_command *ipmi_command_by_name(const char *netfn, const char *command)
{
	int netfn_number = parse_netfn(netfn), number = parse_byte(command);
	const struct ipmi_command *table;
	size_t count, i;

	table = ipmi_command_table(&count);
	for (i = 0; i < count; i++) {
		if (table[i].netfn == netfn_number &&
			(table[i].command == number || words_equal(table[i].name, command))) {
			return &table[i];
		}
	}
	return NULL;
}

const char *ipmi_netfn_name(uint8_t netfn)
{
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(netfn_names); i++) {
		if (netfn_names[i].netfn == netfn) {
			return netfn_names[i].name;
		}
	}
	return NULL;
}

const char *ipmi_completion_code_text(uint8_t netfn, uint8_t command, uint8_t cc)
{
	size_t i;

	if (cc == VIPMI_CC_OK) {
		return "completed normally";
	}
	if (cc == VIPMI_CC_UNSPECIFIED) {
		return "unspecified error";
	}
	if (cc < 0x7F) {
		return "device-specific (OEM) code";
	}
	if (cc >= 0xC0 && cc - 0xC0u < ARRAY_LENGTH(generic_codes)) {
		return generic_codes[cc - 0xC0];
	}
	if (cc < 0x80 || cc > 0xBE) {
		return "reserved code";
	}
	for (i = 0; i < ARRAY_LENGTH(specific_codes); i++) {
		if (specific_codes[i].netfn == netfn && specific_codes[i].cc == cc &&
			command >= specific_codes[i].first && command <= specific_codes[i].last) {
			return specific_codes[i].text;
		}
	}
	return "command-specific code";
}

const char *ipmi_class_name(enum ipmi_class class)
{
	return (size_t) class < ARRAY_LENGTH(class_names) ? class_names[class] : "unknown";
}

const char *ipmi_privilege_name(enum ipmi_privilege privilege)
{
	return (size_t)privilege < ARRAY_LENGTH(privilege_names) ? privilege_names[privilege]
								 : "unknown";
}
