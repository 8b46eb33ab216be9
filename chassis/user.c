/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Users of the LAN channel (IPMI 2.0 sections 22.26 to 22.30, 24.6, 24.7).
 */
#include "chassis/handlers.h"

#define ACCESS_MASK 0x70 /* callback only, link authentication, IPMI messaging */
#define ACCESS_CHANGE 0x80
#define ACCESS_MESSAGING 0x10
#define PRIVILEGE_ADMINISTRATOR 0x04
#define PRIVILEGE_NONE 0x0F

/* Get User Access, byte 2 [7:6]. */
#define USER_ENABLED 0x40
#define USER_DISABLED 0x80
#define USER_ID_MASK 0x3F
/* User 1 has the null name, for ever. */
#define FIXED_NAMES 1

/* Set User Password, byte 1 [7]: the long form; byte 2: what to do. */
#define PASSWORD_LONG 0x80
#define PASSWORD_SHORT_SIZE 16u
enum { PASSWORD_DISABLE, PASSWORD_ENABLE, PASSWORD_SET, PASSWORD_TEST };
#define CC_PASSWORD_WRONG 0x80
#define CC_PASSWORD_WRONG_SIZE 0x81

#define PAYLOAD_SOL 0x02

void session_carve(struct controller *controller, const struct board *board, struct arena *arena)
{
	void *session = NULL;

	if (board->features & FEATURE_LAN) {
		session = arena_take(arena, sizeof(struct session_config));
	}
	if (controller) {
		controller->session = session;
	}
}

void session_init(struct controller *controller)
{
	struct session_config *session = controller->session;
	size_t i;

	if (!session) {
		return;
	}
	memset(session, 0, sizeof(*session));
	for (i = 0; i < USERS_MAX; i++) {
		session->users[i].access = PRIVILEGE_NONE;
		session->users[i].payloads[0] = PAYLOAD_SOL;
	}
	memcpy(session->users[1].name, "admin", 5);
	memcpy(session->users[1].password, "admin", 5);
	session->users[1].access = ACCESS_MESSAGING | PRIVILEGE_ADMINISTRATOR;
	session->users[1].enabled = true;
	for (i = 0; i < 2; i++) {
		/* Always available, up to administrator. */
		session->access[i] = (struct channel_access){0x02, PRIVILEGE_ADMINISTRATOR};
	}
}

static struct user *user_find(struct controller *controller, uint8_t byte)
{
	uint8_t id = byte & USER_ID_MASK;

	return id >= 1 && id <= USERS_MAX ? &controller->session->users[id - 1] : NULL;
}

static uint8_t enabled_count(const struct controller *controller)
{
	uint8_t i, count = 0;

	for (i = 0; i < USERS_MAX; i++) {
		count += controller->session->users[i].enabled;
	}
	return count;
}

uint8_t user_get_access(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	const struct user *user = user_find(controller, reader_u8(&exchange->request));

	if (channel != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	writer_u8(&exchange->response, USERS_MAX);
	writer_u8(&exchange->response,
		enabled_count(controller) | (user->enabled ? USER_ENABLED : USER_DISABLED));
	writer_u8(&exchange->response, FIXED_NAMES);
	writer_u8(&exchange->response, user->access);
	return VIPMI_CC_OK;
}

uint8_t user_set_access(struct controller *controller, struct exchange *exchange)
{
	uint8_t byte = reader_u8(&exchange->request);
	struct user *user = user_find(controller, reader_u8(&exchange->request));
	uint8_t privilege = reader_u8(&exchange->request) & 0x0F;

	if (reader_left(&exchange->request) > 0) {
		(void)reader_u8(&exchange->request); /* session limit: there are no sessions */
	}
	if (exchange_channel(exchange, byte) != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	if (privilege == 0 || (privilege > 5 && privilege != PRIVILEGE_NONE)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (byte & ACCESS_CHANGE) {
		user->access = byte & ACCESS_MASK;
	}
	user->access = (user->access & ACCESS_MASK) | privilege;
	return VIPMI_CC_OK;
}

uint8_t user_get_name(struct controller *controller, struct exchange *exchange)
{
	const struct user *user = user_find(controller, reader_u8(&exchange->request));

	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	writer_bytes(&exchange->response, user->name, USER_NAME_SIZE);
	return VIPMI_CC_OK;
}

uint8_t user_set_name(struct controller *controller, struct exchange *exchange)
{
	uint8_t id = reader_u8(&exchange->request) & USER_ID_MASK;
	struct user *user = user_find(controller, id);

	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	if (id <= FIXED_NAMES) {
		return VIPMI_CC_INVALID_FIELD;
	}
	(void)reader_copy(&exchange->request, user->name, USER_NAME_SIZE); /* it is there */
	return VIPMI_CC_OK;
}

static uint8_t password_test(const struct user *user, const uint8_t *password, bool is_long)
{
	size_t size = is_long ? USER_PASSWORD_SIZE : PASSWORD_SHORT_SIZE;

	if (is_long != user->password_long) {
		return CC_PASSWORD_WRONG_SIZE;
	}
	return memcmp(user->password, password, size) == 0 ? VIPMI_CC_OK : CC_PASSWORD_WRONG;
}

uint8_t user_set_password(struct controller *controller, struct exchange *exchange)
{
	uint8_t byte = reader_u8(&exchange->request);
	struct user *user = user_find(controller, byte);
	uint8_t operation = reader_u8(&exchange->request) & 0x03;
	bool is_long = byte & PASSWORD_LONG;
	size_t size = is_long ? USER_PASSWORD_SIZE : PASSWORD_SHORT_SIZE;
	uint8_t password[USER_PASSWORD_SIZE] = {0};

	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	/* With "disable" and "enable" the password may be left out. */
	if (reader_left(&exchange->request) == size) {
		(void)reader_copy(&exchange->request, password, size); /* it is there */
	} else if (operation == PASSWORD_SET || operation == PASSWORD_TEST) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	switch (operation) {
	case PASSWORD_DISABLE:
	case PASSWORD_ENABLE:
		user->enabled = operation == PASSWORD_ENABLE;
		return VIPMI_CC_OK;
	case PASSWORD_SET:
		memcpy(user->password, password, sizeof(password));
		user->password_long = is_long;
		return VIPMI_CC_OK;
	default:
		return password_test(user, password, is_long);
	}
}

uint8_t user_get_payload_access(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	const struct user *user = user_find(controller, reader_u8(&exchange->request));

	if (channel != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	writer_bytes(&exchange->response, user->payloads, sizeof(user->payloads));
	return VIPMI_CC_OK;
}

uint8_t user_set_payload_access(struct controller *controller, struct exchange *exchange)
{
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t byte = reader_u8(&exchange->request);
	struct user *user = user_find(controller, byte);
	bool disable = byte >> 6 & 1;
	size_t i;

	if (channel != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (!user) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	for (i = 0; i < sizeof(user->payloads); i++) {
		uint8_t bits = reader_u8(&exchange->request);

		user->payloads[i] =
			disable ? user->payloads[i] & (uint8_t)~bits : user->payloads[i] | bits;
	}
	return VIPMI_CC_OK;
}
