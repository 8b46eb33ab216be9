/* SPDX-License-Identifier: BSD-2-Clause */
/* Device commands (IPMI 2.0 section 20): who the guest's controller is. */
#include "guest/private.h"

#include "base/random.h"

/* Get Device ID, behind the completion code. */
enum { ID_REVISION = 2, ID_SUPPORT = 6, ID_LENGTH = 12 };
#define REVISION_DEVICE_SDR 0x80
#define SUPPORT_CHASSIS 0x80
#define SUPPORT_FRU 0x08
#define SUPPORT_SEL 0x04
#define SUPPORT_SDR 0x02
#define SUPPORT_SENSOR 0x01

#define SELF_TEST_PASSED 0x55
#define ACPI_SET 0x80
#define ACPI_MASK 0x7F
/* "Unknown", the last of both tables (sections 20.6, 20.7). */
#define ACPI_STATE_MAX 0x2A
#define ACPI_NO_CHANGE 0x7F

/* Get Channel Info (section 22.24). */
#define CHANNEL_BUS 0x00
#define CHANNEL_PRESENT 0x0E
#define CHANNEL_SYSTEM 0x0F
#define MEDIUM_IPMB 0x01
#define MEDIUM_SYSTEM 0x0C
#define PROTOCOL_IPMB 0x01
#define PROTOCOL_KCS 0x05

uint8_t guest_cold_reset(struct guest *guest, struct guest_call *call)
{
	(void)call;
	guest_start_anew(guest);
	return VIPMI_CC_OK;
}

uint8_t guest_get_self_test(struct guest *guest, struct guest_call *call)
{
	(void)guest;
	writer_u8(&call->response, SELF_TEST_PASSED);
	writer_u8(&call->response, 0);
	return VIPMI_CC_OK;
}

static bool set_acpi(uint8_t given, uint8_t *state)
{
	if (given & ACPI_SET && (given & ACPI_MASK) != ACPI_NO_CHANGE) {
		if ((given & ACPI_MASK) > ACPI_STATE_MAX) {
			return false;
		}
		*state = given & ACPI_MASK;
	}
	return true;
}

uint8_t guest_set_acpi(struct guest *guest, struct guest_call *call)
{
	uint8_t system = guest->power.acpi_system, device = guest->power.acpi_device;

	if (!set_acpi(reader_u8(&call->request), &system) ||
		!set_acpi(reader_u8(&call->request), &device)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	guest->power.acpi_system = system;
	guest->power.acpi_device = device;
	return VIPMI_CC_OK;
}

uint8_t guest_get_acpi(struct guest *guest, struct guest_call *call)
{
	writer_u8(&call->response, guest->power.acpi_system);
	writer_u8(&call->response, guest->power.acpi_device);
	return VIPMI_CC_OK;
}

uint8_t guest_get_guid(struct guest *guest, struct guest_call *call)
{
	writer_bytes(&call->response, guest->config.guid, GUEST_GUID_SIZE);
	return VIPMI_CC_OK;
}

uint8_t guest_get_channel_info(struct guest *guest, struct guest_call *call)
{
	/* No sessions; the IANA number is IPMI's own, 7154, LS byte first. */
	static const uint8_t rest[] = {0x00, 0xF2, 0x1B, 0x00, 0x00, 0x00};
	uint8_t channel = reader_u8(&call->request) & 0x0F;

	if (channel == CHANNEL_PRESENT || channel == CHANNEL_SYSTEM) {
		writer_u8(&call->response, CHANNEL_SYSTEM);
		writer_u8(&call->response, MEDIUM_SYSTEM);
		writer_u8(&call->response, PROTOCOL_KCS);
	} else if (channel == CHANNEL_BUS && guest->config.bus) {
		writer_u8(&call->response, CHANNEL_BUS);
		writer_u8(&call->response, MEDIUM_IPMB);
		writer_u8(&call->response, PROTOCOL_IPMB);
	} else {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_bytes(&call->response, rest, sizeof(rest));
	return VIPMI_CC_OK;
}

size_t guest_device_id(const struct guest *guest, uint8_t *id, size_t length)
{
	/* A guest that boots while the real controller is away must find one all the same, or it
	 * never looks again: a plain IPMI 2.0 controller of no maker. */
	static const uint8_t plain[ID_LENGTH] = {
		VIPMI_CC_OK, 0x20, 0x01, 0x01, 0x00, 0x02, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x00};
	const struct guest_config *config = &guest->config;
	uint8_t support =
		(uint8_t)((config->fru ? SUPPORT_FRU : 0) | (config->sel ? SUPPORT_SEL : 0) |
			  (config->sensors ? SUPPORT_SDR | SUPPORT_SENSOR : 0));

	if (id[0] != VIPMI_CC_OK || length < ID_LENGTH) {
		memcpy(id, plain, sizeof(plain));
		length = sizeof(plain);
	}
	id[ID_SUPPORT] = SUPPORT_CHASSIS | (id[ID_SUPPORT] & support);
	if (config->sel == GUEST_PART_OWN) {
		id[ID_SUPPORT] |= SUPPORT_SEL;
	}
	if (config->fru == GUEST_PART_OWN) {
		id[ID_SUPPORT] |= SUPPORT_FRU;
	}
	if (!config->sensors) {
		id[ID_REVISION] &= (uint8_t)~REVISION_DEVICE_SDR;
	}
	return length;
}

/* ---- GUIDs ---- */

/* Version and variant stand here in the wire's order, which is the text's backwards. */
#define GUID_VARIANT 7
#define GUID_VERSION 9
/* RFC 9562: made by a rule of our own. */
#define GUID_VERSION_OWN 0x80

static uint64_t name_hash(const char *name, size_t length, uint64_t hash)
{
	size_t i;

	/* FNV-1a: every byte of the name counts. It need not be hard to guess. */
	for (i = 0; i < length; i++) {
		hash = (hash ^ (uint8_t)name[i]) * UINT64_C(0x100000001B3);
	}
	return hash;
}

void guest_guid_of_name(const char *name, size_t length, uint8_t guid[GUEST_GUID_SIZE])
{
	/* Two hashes from two beginnings, so that all 16 bytes tell names apart. */
	static const uint64_t beginnings[] = {
		UINT64_C(0xCBF29CE484222325), UINT64_C(0x9AE16A3B2F90404F)};
	struct random random;
	size_t i, half;

	for (half = 0; half < ARRAY_LENGTH(beginnings); half++) {
		random_init(&random, name_hash(name, length, beginnings[half]));
		for (i = 0; i < GUEST_GUID_SIZE / 2; i++) {
			guid[half * GUEST_GUID_SIZE / 2 + i] = (uint8_t)random_u32(&random);
		}
	}
	guid[GUID_VARIANT] = (guid[GUID_VARIANT] & 0x3F) | 0x80;
	guid[GUID_VERSION] = (guid[GUID_VERSION] & 0x0F) | GUID_VERSION_OWN;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char form[GUEST_GUID_TEXT_SIZE] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

void guest_guid_text(const uint8_t guid[GUEST_GUID_SIZE], char text[GUEST_GUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t i, done = 0;

	memcpy(text, form, sizeof(form));
	for (i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == 'x') {
			uint8_t byte = guid[GUEST_GUID_SIZE - 1 - done / 2];

			text[i] = digits[done % 2 ? byte & 0x0F : byte >> 4];
			done++;
		}
	}
}

bool guest_guid_of_text(const char *text, size_t length, uint8_t guid[GUEST_GUID_SIZE])
{
	size_t i, digits = 0;

	if (length != sizeof(form) - 1) {
		return false;
	}
	for (i = 0; i < length; i++) {
		if (form[i] == '-' ? text[i] != '-' : digit(text[i]) < 0) {
			return false;
		}
	}
	for (i = 0; i < length; i++) {
		if (form[i] == 'x') {
			uint8_t *byte = &guid[GUEST_GUID_SIZE - 1 - digits / 2];

			*byte = (uint8_t)(digits % 2 ? *byte | digit(text[i])
						     : digit(text[i]) << 4);
			digits++;
		}
	}
	return true;
}
