/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FRU inventory devices (IPMI 2.0 section 34): bytes that can be read and
 * written, without reservation and without lock.
 */
#include "chassis/handlers.h"

void fru_carve(struct controller *controller, const struct board *board, struct arena *arena)
{
	uint8_t i;

	for (i = 0; i < board->frus_count; i++) {
		void *bytes = arena_take(arena, board->frus[i].size);

		if (controller) {
			controller->frus[i].size = board->frus[i].size;
			controller->frus[i].bytes = bytes;
		}
	}
}

void fru_init(struct controller *controller)
{
	uint8_t i;

	for (i = 0; i < controller->board->frus_count; i++) {
		fru_image_write(
			&controller->board->frus[i], controller->seed, controller->frus[i].bytes);
	}
}

static struct fru *fru_find(struct controller *controller, uint8_t id)
{
	return id < controller->board->frus_count ? &controller->frus[id] : NULL;
}

uint8_t fru_get_info(struct controller *controller, struct exchange *exchange)
{
	const struct fru *fru = fru_find(controller, reader_u8(&exchange->request));

	if (!fru) {
		return VIPMI_CC_NOT_PRESENT;
	}
	writer_u16le(&exchange->response, fru->size);
	writer_u8(&exchange->response, 0); /* accessed by bytes */
	return VIPMI_CC_OK;
}

uint8_t fru_read(struct controller *controller, struct exchange *exchange)
{
	const struct fru *fru = fru_find(controller, reader_u8(&exchange->request));
	uint16_t offset = reader_u16le(&exchange->request);
	size_t count = reader_u8(&exchange->request);

	if (!fru) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (offset >= fru->size) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	if (count > writer_left(&exchange->response) - 1) {
		return VIPMI_CC_CANNOT_RETURN_LENGTH;
	}
	/* At the end there is less than was asked for; the count says so. */
	if (count > (size_t)(fru->size - offset)) {
		count = (size_t)(fru->size - offset);
	}
	writer_u8(&exchange->response, (uint8_t)count);
	writer_bytes(&exchange->response, fru->bytes + offset, count);
	return VIPMI_CC_OK;
}

uint8_t fru_write(struct controller *controller, struct exchange *exchange)
{
	struct fru *fru = fru_find(controller, reader_u8(&exchange->request));
	uint16_t offset = reader_u16le(&exchange->request);
	size_t count = reader_left(&exchange->request);

	if (!fru) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (offset + count > fru->size) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	(void)reader_copy(&exchange->request, fru->bytes + offset, count); /* it is there */
	writer_u8(&exchange->response, (uint8_t)count);
	return VIPMI_CC_OK;
}
