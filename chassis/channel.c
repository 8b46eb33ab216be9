/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channels: what there is, who may use it, how one would log in (IPMI 2.0
 * sections 22.13 to 22.25, 24).
 */
#include "chassis/handlers.h"

/* Get/Set Channel Access, byte 2 [7:6]: which of the two. */
#define ACCESS_NOT 0
#define ACCESS_NON_VOLATILE 1
#define ACCESS_VOLATILE 2
#define CC_NOT_ON_CHANNEL 0x82
#define CC_MODE_UNSUPPORTED 0x83
#define ACCESS_MODE_MAX 3

#define IPMI_FORUM 7154u

/* Get Channel Authentication Capabilities. */
#define TYPES 0x14 /* MD5, straight password */
#define TYPES_2_0 0x80
#define STATUS_NON_NULL_USERS 0x04
#define SUPPORTS_BOTH 0x03

/* Payload types: IPMI message and SOL; those that open sessions, 10h to 15h. */
#define PAYLOADS_STANDARD 0x0003
#define PAYLOADS_SETUP 0x003F
#define PAYLOAD_SOL 1
#define CC_PAYLOAD_UNSUPPORTED 0x80

#define SESSIONS_MAX 4

/* Set Channel Security Keys. */
enum { KEY_READ, KEY_SET, KEY_LOCK };
#define KEYS 2
#define KEY_UNLOCKED 2
#define CC_KEY_CANNOT 0x80

uint8_t channel_get_info(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	/* Medium, protocol, sessions, two auxiliary bytes. What is absent has medium 0, reserved:
	 * an error makes widespread tools print whatever their stack held. */
	uint8_t about[5] = {0};
	static const uint8_t ipmb[] = {0x01, 0x01, 0x00, 0x00, 0x00};
	static const uint8_t lan[] = {0x04, 0x01, 0x80, 0x00, 0x00};
	static const uint8_t kcs[] = {0x0C, 0x05, 0x00, 0xFF, 0xFF}; /* no interrupt assigned */

	(void)controller;
	if (channel == CHANNEL_IPMB) {
		memcpy(about, ipmb, sizeof(about));
	} else if (channel == CHANNEL_LAN) {
		memcpy(about, lan, sizeof(about));
	} else if (channel == CHANNEL_SYSTEM_INTERFACE) {
		memcpy(about, kcs, sizeof(about));
	}
	writer_u8(&exchange->response, channel);
	writer_bytes(&exchange->response, about, 3);
	writer_u24le(&exchange->response, IPMI_FORUM);
	writer_bytes(&exchange->response, about + 3, 2);
	return VIPMI_CC_OK;
}

uint8_t channel_get_access(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t which = reader_u8(&exchange->request) >> 6;
	const struct channel_access *access;

	if (channel != CHANNEL_LAN) {
		return CC_NOT_ON_CHANNEL;
	}
	if (which != ACCESS_NON_VOLATILE && which != ACCESS_VOLATILE) {
		return VIPMI_CC_INVALID_FIELD;
	}
	access = &controller->session->access[which == ACCESS_NON_VOLATILE];
	writer_u8(&exchange->response, access->mode);
	writer_u8(&exchange->response, access->privilege);
	return VIPMI_CC_OK;
}

uint8_t channel_set_access(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t mode = reader_u8(&exchange->request), privilege = reader_u8(&exchange->request);
	struct channel_access *access = controller->session->access;

	if (channel != CHANNEL_LAN) {
		return CC_NOT_ON_CHANNEL;
	}
	if (mode >> 6 > ACCESS_VOLATILE || privilege >> 6 > ACCESS_VOLATILE) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if ((mode & 0x07) > ACCESS_MODE_MAX) {
		return CC_MODE_UNSUPPORTED;
	}
	if (mode >> 6 != ACCESS_NOT) {
		access[mode >> 6 == ACCESS_NON_VOLATILE].mode = mode & 0x3F;
	}
	if (privilege >> 6 != ACCESS_NOT) {
		access[privilege >> 6 == ACCESS_NON_VOLATILE].privilege = privilege & 0x0F;
	}
	return VIPMI_CC_OK;
}

uint8_t channel_get_authentication(struct controller *controller, struct exchange *exchange)
{
	uint8_t byte = reader_u8(&exchange->request);
	uint8_t channel = exchange_channel(exchange, byte);
	uint8_t privilege = reader_u8(&exchange->request) & 0x0F;
	bool extended = byte & TYPES_2_0;

	(void)controller;
	if (channel != CHANNEL_LAN || privilege == 0 || privilege > 5) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&exchange->response, channel);
	writer_u8(&exchange->response, TYPES | (extended ? TYPES_2_0 : 0));
	writer_u8(&exchange->response, STATUS_NON_NULL_USERS);
	writer_u8(&exchange->response, extended ? SUPPORTS_BOTH : 0);
	writer_u24le(&exchange->response, 0);
	writer_u8(&exchange->response, 0);
	return VIPMI_CC_OK;
}

uint8_t channel_get_ciphers(struct controller *controller, struct exchange *exchange)
{
	/* Suite 3: SHA1, SHA1-96, AES; suite 17: SHA256, SHA256-128, AES. All in one block. */
	static const uint8_t suites[] = {0xC0, 3, 0x01, 0x41, 0x81, 0xC0, 17, 0x03, 0x44, 0x81};
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t payload = reader_u8(&exchange->request) & 0x3F;
	uint8_t index = reader_u8(&exchange->request) & 0x3F;

	(void)controller;
	if (channel != CHANNEL_LAN || payload > PAYLOAD_SOL) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&exchange->response, channel);
	writer_bytes(&exchange->response, suites, index == 0 ? sizeof(suites) : 0);
	return VIPMI_CC_OK;
}

uint8_t channel_get_payload_support(struct controller *controller, struct exchange *exchange)
{
	(void)controller;
	if (exchange_channel(exchange, reader_u8(&exchange->request)) != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u16le(&exchange->response, PAYLOADS_STANDARD);
	writer_u16le(&exchange->response, PAYLOADS_SETUP);
	writer_u32le(&exchange->response, 0); /* no OEM payloads */
	return VIPMI_CC_OK;
}

uint8_t channel_get_payload_version(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t type = reader_u8(&exchange->request);

	(void)controller;
	if (channel != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (type > PAYLOAD_SOL && (type < 0x10 || type > 0x15)) {
		return CC_PAYLOAD_UNSUPPORTED;
	}
	writer_u8(&exchange->response, 0x10); /* 1.0 */
	return VIPMI_CC_OK;
}

uint8_t channel_get_payload_status(struct controller *controller, struct exchange *exchange)
{
	(void)controller;
	if (reader_u8(&exchange->request) != PAYLOAD_SOL) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&exchange->response, 1);    /* instances that there can be */
	writer_u16le(&exchange->response, 0); /* and are */
	return VIPMI_CC_OK;
}

uint8_t channel_get_payload_instance(struct controller *controller, struct exchange *exchange)
{
	uint8_t type = reader_u8(&exchange->request), instance = reader_u8(&exchange->request);

	(void)controller;
	if (type != PAYLOAD_SOL || instance != 1) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u32le(&exchange->response, 0); /* no session has it */
	writer_u64le(&exchange->response, 0);
	return VIPMI_CC_OK;
}

uint8_t channel_set_keys(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t operation = reader_u8(&exchange->request) & 0x03;
	uint8_t key = reader_u8(&exchange->request);

	if (channel != CHANNEL_LAN || key >= KEYS || operation > KEY_LOCK) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (operation == KEY_LOCK) {
		return CC_KEY_CANNOT;
	}
	if (operation == KEY_SET) {
		if (reader_left(&exchange->request) != USER_PASSWORD_SIZE) {
			return VIPMI_CC_LENGTH_INVALID;
		}
		(void)reader_copy(&exchange->request, controller->session->keys[key],
			USER_PASSWORD_SIZE); /* it is there */
	}
	writer_u8(&exchange->response, KEY_UNLOCKED);
	if (operation == KEY_READ) {
		writer_bytes(
			&exchange->response, controller->session->keys[key], USER_PASSWORD_SIZE);
	}
	return VIPMI_CC_OK;
}

uint8_t channel_get_session_info(struct controller *controller, struct exchange *exchange)
{
	uint8_t index = reader_u8(&exchange->request);

	(void)controller;
	/* FEh and FFh look a session up by handle or ID, which must be there, and are not found. */
	if (index >= 0xFE) {
		return VIPMI_CC_NOT_PRESENT;
	}
	writer_u8(&exchange->response, 0); /* no session */
	writer_u8(&exchange->response, SESSIONS_MAX);
	writer_u8(&exchange->response, 0); /* active ones */
	return VIPMI_CC_OK;
}
