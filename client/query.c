/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/internal.h"

/* A field takes at least an extension's header and the length of its name. */
#define FIELDS_MAX ((VIPMI_MESSAGE_MAX - VIPMI_HEADER_LENGTH) / (VIPMI_EXTENSION_HEADER_LENGTH + 1))

static const char *put_string(struct writer *writer, const char *text, size_t length)
{
	const char *start = (const char *)writer->at;

	writer_bytes(writer, text, length);
	writer_u8(writer, 0);
	return start;
}

static int hand_over(const struct row *row,
	int (*take)(void *context, const struct vipmi_field *fields, size_t count), void *context)
{
	struct vipmi_field fields[FIELDS_MAX];
	/* The two zeros that a field gets here are fewer bytes than its framing had there. */
	uint8_t strings[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(strings, sizeof(strings));
	struct socket_bytes left = {row->bytes, row->length};
	struct socket_field field;
	size_t count = 0;

	while (count < FIELDS_MAX && socket_field_next(&left, &field)) {
		fields[count] = (struct vipmi_field){
			.name = put_string(&writer, field.name, field.name_length),
			.number = field.number,
		};
		if (!field.is_number) {
			fields[count].text = put_string(&writer, field.text, field.text_length);
		}
		count++;
	}
	return take(context, fields, count);
}

static void free_rows(struct call *call)
{
	struct list_link *link;

	while ((link = list_pop_front(&call->rows)) != NULL) {
		free(container_of(link, struct row, on_rows));
	}
}

/* With the lock held, which is released while `take` runs. 0, or what `take` said. */
static int drain(struct vipmi *vipmi, struct call *call,
	int (*take)(void *context, const struct vipmi_field *fields, size_t count), void *context)
{
	struct list_link *link;
	int result = 0;

	while (result == 0 && (link = list_pop_front(&call->rows)) != NULL) {
		struct row *row = container_of(link, struct row, on_rows);

		connection_unlock(vipmi);
		result = hand_over(row, take, context);
		free(row);
		(void)pthread_mutex_lock(&vipmi->lock);
	}
	return result;
}

/* Blocks until there is a row, or the listing is done, if only because none came in time. */
static void await_row(struct vipmi *vipmi, struct call *call)
{
	call->waiter->done = false;
	call->waiter->deadline_ns = clock_now_ns() + vipmi->timeout_ns;
	if (waiter_wait(vipmi, call->waiter) < 0) {
		call_fail(vipmi, call, VIPMI_REASON_EXPIRED, -ETIMEDOUT,
			vipmi->state == CONNECTION_UP ? "the agent does not reply; does it hang?"
						      : vipmi->text);
	}
}

static int query(struct vipmi *vipmi, struct call *call,
	int (*take)(void *context, const struct vipmi_field *fields, size_t count), void *context)
{
	struct waiter waiter;
	int result;

	waiter_init(&waiter, 0);
	call->waiter = &waiter;
	result = call_start(vipmi, call);
	while (result == 0) {
		if (list_empty(&call->rows) && call->state == CALL_DONE) {
			result = call->error;
			break;
		}
		if (list_empty(&call->rows)) {
			await_row(vipmi, call);
		}
		/* Not 0: the caller has seen enough; later rows meet nobody. */
		result = drain(vipmi, call, take, context);
	}
	call_finish(vipmi, call);
	call->waiter = NULL;
	waiter_finish(&waiter);
	free_rows(call);
	return result;
}

int vipmi_query(struct vipmi *vipmi, const char *object,
	int (*row)(void *context, const struct vipmi_field *fields, size_t count), void *context)
{
	struct call call;
	int result;

	if (!object || strlen(object) > VIPMI_NAME_MAX) {
		return text_fail(-EINVAL, "a listing's name has at most %d bytes", VIPMI_NAME_MAX);
	}
	result = connection_lock(vipmi);
	if (result < 0) {
		return result;
	}
	result = connection_ended(vipmi);
	if (result == 0) {
		call_init(&call, CALL_QUERY, NULL);
		call.object = object;
		result = query(vipmi, &call, row, context);
		if (result < 0 && call.error == result) {
			(void)text_fail(result, "cannot list \"%s\": %s", object,
				call.text[0] ? call.text : vipmi_strerror(result));
		}
	}
	connection_unlock(vipmi);
	return result;
}

/* `argument` is told what was made, where something is. */
static int control(struct vipmi *vipmi, enum vipmi_control verb, uint64_t *argument,
	const char *name, const char *what)
{
	struct call call;
	int result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	result = connection_ended(vipmi);
	if (result == 0) {
		call_init(&call, CALL_CONTROL, NULL);
		call.verb = (uint8_t)verb;
		call.argument = *argument;
		call.object = name;
		result = call_wait(vipmi, &call);
		if (result < 0) {
			(void)text_fail(result, "cannot %s: %s", what,
				call.text[0] ? call.text : vipmi_strerror(result));
		}
		*argument = call.argument;
	}
	connection_unlock(vipmi);
	return result;
}

/* One that ends what has a number. */
static int control_end(
	struct vipmi *vipmi, enum vipmi_control verb, uint64_t number, const char *what)
{
	char whole[64];

	(void)snprintf(whole, sizeof(whole), "end %s%llu", what, (unsigned long long)number);
	return control(vipmi, verb, &number, NULL, whole);
}

int vipmi_kick(struct vipmi *vipmi, uint64_t client)
{
	return control_end(vipmi, VIPMI_CONTROL_KICK, client, "client ");
}

int vipmi_revoke(struct vipmi *vipmi, uint64_t reservation)
{
	return control_end(vipmi, VIPMI_CONTROL_REVOKE, reservation, "reservation ");
}

/* What stands above a node's number. */
static uint64_t policy_of(const struct vipmi_node_options *options)
{
	return (uint64_t)options->urgency << VIPMI_CONTROL_NODE_CLASS_SHIFT |
	       (uint64_t)options->privilege << VIPMI_CONTROL_NODE_PRIVILEGE_SHIFT;
}

int vipmi_node_add(
	struct vipmi *vipmi, const struct vipmi_node_options *options, uint32_t *ret_number)
{
	struct vipmi_node_options known;
	int result = options_copy(&known, sizeof(known), options);
	uint64_t argument = policy_of(&known);
	const char *name = known.name;

	if (result < 0) {
		return result;
	}
	if (name && (name[0] == '\0' || strlen(name) > VIPMI_NAME_MAX)) {
		return text_fail(-EINVAL, "a node's name has 1 to %d bytes", VIPMI_NAME_MAX);
	}
	result = control(vipmi, VIPMI_CONTROL_NODE_ADD, &argument, name, "add a node");
	if (result == 0) {
		*ret_number = (uint32_t)argument;
	}
	return result;
}

int vipmi_node_set(struct vipmi *vipmi, uint32_t number, const struct vipmi_node_options *options)
{
	struct vipmi_node_options known;
	int result = options_copy(&known, sizeof(known), options);
	uint64_t argument = policy_of(&known) | number;
	char what[64];

	if (result < 0) {
		return result;
	}
	if (known.name) {
		return text_fail(-EINVAL, "a node's name cannot be changed");
	}
	(void)snprintf(what, sizeof(what), "set what node /dev/ipmi%u may", number);
	return control(vipmi, VIPMI_CONTROL_NODE_SET, &argument, NULL, what);
}

int vipmi_node_remove(struct vipmi *vipmi, uint32_t number)
{
	return control_end(vipmi, VIPMI_CONTROL_NODE_REMOVE, number, "node /dev/ipmi");
}
