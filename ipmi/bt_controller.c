/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller's side of BT (IPMI 2.0 sections 11.6.2 and 11.6.3). */
#include "ipmi/bt.h"

/* Length, netFn, sequence number, command. */
#define FRAME_MIN 4
#define FRAME_SEQUENCE 2

void bt_controller_init(struct bt_controller *controller)
{
	*controller = (struct bt_controller){0};
}

uint8_t bt_controller_read_control(const struct bt_controller *controller)
{
	return controller->control;
}

uint8_t bt_controller_read_data(struct bt_controller *controller)
{
	return controller->out_position < sizeof(controller->out)
		       ? controller->out[controller->out_position++]
		       : 0;
}

void bt_controller_write_data(struct bt_controller *controller, uint8_t value)
{
	if (controller->in_position < sizeof(controller->in)) {
		controller->in[controller->in_position++] = value;
	}
}

void bt_controller_write_control(struct bt_controller *controller, uint8_t value)
{
	if (value & BT_CONTROL_CLEAR_WRITE) {
		controller->in_position = 0;
	}
	if (value & BT_CONTROL_CLEAR_READ) {
		controller->out_position = 0;
	}
	controller->control &= (uint8_t) ~(value & (BT_CONTROL_B2H | BT_CONTROL_ATTENTION));
	controller->control |= value & BT_CONTROL_H2B;
	controller->control ^= value & BT_CONTROL_HOST_BUSY;
}

void bt_controller_run(struct bt_controller *controller)
{
	const uint8_t *in = controller->in;
	uint16_t length = controller->in_position;

	if (!(controller->control & BT_CONTROL_H2B)) {
		return;
	}
	/* A request takes the place of the one before: there is one at a time. */
	controller->control &= (uint8_t)~BT_CONTROL_H2B;
	controller->in_position = 0;
	controller->ready = length >= FRAME_MIN && in[0] == length - 1;
	if (!controller->ready) {
		return;
	}
	controller->sequence = in[FRAME_SEQUENCE];
	controller->bytes[0] = in[1];
	controller->length = (uint16_t)(length - FRAME_SEQUENCE);
	memcpy(controller->bytes + 1, in + FRAME_SEQUENCE + 1, controller->length - 1u);
}

int bt_controller_respond(struct bt_controller *controller, const uint8_t *bytes, size_t length)
{
	uint8_t *out = controller->out;

	if (length < BT_MESSAGE_MIN || length > BT_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	if (controller->control & (BT_CONTROL_B2H | BT_CONTROL_HOST_BUSY)) {
		return -EAGAIN;
	}
	out[0] = (uint8_t)(length + 1);
	out[1] = bytes[0];
	out[FRAME_SEQUENCE] = controller->sequence;
	memcpy(out + FRAME_SEQUENCE + 1, bytes + 1, length - 1);
	controller->ready = false;
	controller->control |= BT_CONTROL_B2H;
	return 0;
}

void bt_controller_attention(struct bt_controller *controller, bool asserted)
{
	controller->control &= (uint8_t)~BT_CONTROL_ATTENTION;
	if (asserted) {
		controller->control |= BT_CONTROL_ATTENTION;
	}
}
