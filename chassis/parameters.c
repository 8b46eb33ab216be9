/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/parameters.h"

#define SET_IN_PROGRESS 0

/* Values of parameter 0: complete, in progress, commit. */
enum { LOCK_FREE, LOCK_HELD, LOCK_COMMIT };

static size_t items(const struct parameter *parameter)
{
	return (size_t)(parameter->sets ? parameter->sets : 1) *
	       (parameter->blocks ? parameter->blocks : 1);
}

static size_t table_size(const struct parameter_table *table)
{
	size_t size = 0;
	uint8_t i;

	for (i = 0; i < table->count; i++) {
		size += table->entries[i].alias
				? 0
				: items(&table->entries[i]) * table->entries[i].length;
	}
	return size;
}

/* The parameter, and where its data begins; NULL when there is none of that number. */
static const struct parameter *find(
	const struct parameter_table *table, uint8_t selector, size_t *ret_offset)
{
	size_t offset = 0;
	uint8_t i;

	for (i = 0; i < table->count; i++) {
		const struct parameter *parameter = &table->entries[i];

		if (parameter->selector == selector) {
			*ret_offset = offset;
			return parameter;
		}
		offset += parameter->alias ? 0 : items(parameter) * parameter->length;
	}
	return NULL;
}

/* Where one item lies; NULL when the selectors name none. */
static uint8_t *locate(const struct parameters *parameters, const struct parameter *parameter,
	size_t offset, uint8_t set, uint8_t block)
{
	const struct parameter *stored = parameter;
	size_t number;

	if (parameter->alias) {
		stored = find(parameters->table, parameter->alias, &offset);
		if (!stored) {
			return NULL;
		}
	}
	if (stored->keys == 0) {
		return parameters->bytes + offset;
	}
	number = (size_t)set - stored->first;
	if (set < stored->first || number >= (stored->sets ? stored->sets : 1)) {
		return NULL;
	}
	if (stored->blocks) {
		if (block < 1 || block > stored->blocks) {
			return NULL;
		}
		number = number * stored->blocks + block - 1;
	}
	return parameters->bytes + offset + number * stored->length;
}

static void init(struct parameters *parameters)
{
	uint8_t *at = parameters->bytes;
	uint8_t i;
	size_t n;

	parameters->in_progress = LOCK_FREE;
	for (i = 0; i < parameters->table->count; i++) {
		const struct parameter *parameter = &parameters->table->entries[i];

		for (n = 0; !parameter->alias && n < items(parameter); n++) {
			memset(at, 0, parameter->length);
			if (parameter->initial &&
				(n == 0 || !(parameter->flags & PARAMETER_FIRST_ONLY))) {
				memcpy(at, parameter->initial, parameter->length);
			}
			at += parameter->length;
		}
	}
}

static void carve(
	struct parameters *parameters, const struct parameter_table *table, struct arena *arena)
{
	uint8_t *bytes = arena_take(arena, table_size(table));

	if (parameters) {
		parameters->table = table;
		parameters->bytes = bytes;
	}
}

void parameters_carve(struct controller *controller, const struct board *board, struct arena *arena)
{
	if (board->features & FEATURE_LAN) {
		carve(controller ? &controller->lan : NULL, &lan_parameters, arena);
		carve(controller ? &controller->sol : NULL, &sol_parameters, arena);
		carve(controller ? &controller->pef_config : NULL, &pef_parameters, arena);
		carve(controller ? &controller->system_info : NULL, &system_info_parameters, arena);
	}
	if (board->features & FEATURE_CHASSIS) {
		carve(controller ? &controller->boot : NULL, &boot_parameters, arena);
	}
}

void parameters_init(struct controller *controller)
{
	if (controller_has(controller, FEATURE_LAN)) {
		init(&controller->lan);
		init(&controller->sol);
		init(&controller->pef_config);
		init(&controller->system_info);
	}
	if (controller_has(controller, FEATURE_CHASSIS)) {
		init(&controller->boot);
	}
}

uint8_t parameters_get(const struct parameters *parameters, uint8_t selector, uint8_t set,
	uint8_t block, struct writer *response)
{
	const struct parameter *parameter;
	const uint8_t *item;
	size_t offset;

	if (selector == SET_IN_PROGRESS) {
		writer_u8(response, parameters->in_progress);
		return VIPMI_CC_OK;
	}
	parameter = find(parameters->table, selector, &offset);
	if (!parameter) {
		return CC_PARAMETER_UNSUPPORTED;
	}
	item = locate(parameters, parameter, offset, set, block);
	if (!item) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	if (parameter->keys >= 1) {
		writer_u8(response, set);
	}
	if (parameter->keys >= 2) {
		writer_u8(response, block);
	}
	writer_bytes(response, item, parameter->length);
	return VIPMI_CC_OK;
}

/* Parameter 0: whoever finds it free takes it; nobody asks who gives it back. */
static uint8_t set_lock(struct parameters *parameters, struct reader *request)
{
	uint8_t value = reader_u8(request) & 0x03;

	if (value == LOCK_HELD && parameters->in_progress == LOCK_HELD) {
		return CC_SET_IN_PROGRESS;
	}
	if (value > LOCK_COMMIT) {
		return VIPMI_CC_INVALID_FIELD;
	}
	/* What is written is in force at once; commit only ends it. */
	parameters->in_progress = value == LOCK_HELD ? LOCK_HELD : LOCK_FREE;
	return VIPMI_CC_OK;
}

uint8_t parameters_set(struct parameters *parameters, uint8_t selector, struct reader *request)
{
	const struct parameter *parameter;
	uint8_t set = 0, block = 0, *item;
	size_t offset, length;

	if (selector == SET_IN_PROGRESS) {
		return reader_left(request) == 1 ? set_lock(parameters, request)
						 : VIPMI_CC_LENGTH_INVALID;
	}
	parameter = find(parameters->table, selector, &offset);
	if (!parameter) {
		return CC_PARAMETER_UNSUPPORTED;
	}
	if (parameter->flags & PARAMETER_READ_ONLY) {
		return CC_READ_ONLY;
	}
	if (parameter->keys >= 1) {
		set = reader_u8(request);
	}
	if (parameter->keys >= 2) {
		block = reader_u8(request);
	}
	length = reader_left(request);
	if (request->failed || length > parameter->length ||
		(length < parameter->length && !(parameter->flags & PARAMETER_SHORTER))) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	item = locate(parameters, parameter, offset, set, block);
	if (!item) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	(void)reader_copy(request, item, length); /* it is there */
	memset(item + length, 0, parameter->length - length);
	return VIPMI_CC_OK;
}

uint8_t *parameters_item(const struct parameters *parameters, uint8_t selector, uint8_t set)
{
	size_t offset;
	const struct parameter *parameter = find(parameters->table, selector, &offset);

	return parameter ? locate(parameters, parameter, offset, set, 1) : NULL;
}
