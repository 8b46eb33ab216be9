/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller's side of KCS (IPMI 2.0 section 9.15, figures 9-9 and 9-10). OBF
 * is set after every byte that was taken, which is what raises the interrupt.
 */
#include "ipmi/kcs.h"

enum step {
	STEP_IDLE,
	STEP_WRITE,
	STEP_LAST,     /* the next byte ends the request */
	STEP_EXECUTE,  /* it is with the controller; IBF stays set */
	STEP_READ,     /* the response is being read */
	STEP_ERROR,    /* until the host aborts or starts anew */
	STEP_ABORTED,  /* the host's next byte asks for the error status */
	STEP_ABORT_END /* it was given */
};

void kcs_controller_init(struct kcs_controller *controller)
{
	*controller = (struct kcs_controller){.step = STEP_IDLE};
}

uint8_t kcs_controller_read_status(const struct kcs_controller *controller)
{
	return controller->status;
}

uint8_t kcs_controller_read_data(struct kcs_controller *controller)
{
	controller->status &= (uint8_t)~KCS_STATUS_OBF;
	return controller->data_out;
}

void kcs_controller_write_data(struct kcs_controller *controller, uint8_t value)
{
	controller->data_in = value;
	controller->status &= (uint8_t)~KCS_STATUS_COMMAND;
	controller->status |= KCS_STATUS_IBF;
}

void kcs_controller_write_command(struct kcs_controller *controller, uint8_t value)
{
	controller->data_in = value;
	controller->status |= KCS_STATUS_IBF | KCS_STATUS_COMMAND;
}

void kcs_controller_attention(struct kcs_controller *controller, bool asserted)
{
	controller->status &= (uint8_t)~KCS_STATUS_ATTENTION;
	if (asserted) {
		controller->status |= KCS_STATUS_ATTENTION;
	}
}

static void enter(struct kcs_controller *controller, enum step step, enum kcs_state state)
{
	controller->step = (uint8_t)step;
	controller->status &= (uint8_t) ~(KCS_STATUS_STATE | KCS_STATUS_IBF);
	controller->status |= (uint8_t)state | KCS_STATUS_OBF;
}

static void fail(struct kcs_controller *controller, enum kcs_error error)
{
	controller->error = (uint8_t)error;
	controller->ready = false;
	controller->data_out = (uint8_t)error;
	enter(controller, STEP_ERROR, KCS_ERROR);
}

static void take_code(struct kcs_controller *controller)
{
	switch (controller->data_in) {
	case KCS_CODE_WRITE_START:
		controller->length = 0;
		controller->error = KCS_ERROR_NONE;
		controller->ready = false;
		controller->data_out = 0;
		enter(controller, STEP_WRITE, KCS_WRITE);
		break;
	case KCS_CODE_WRITE_END:
		if (controller->step == STEP_WRITE) {
			enter(controller, STEP_LAST, KCS_WRITE);
		} else {
			fail(controller, KCS_ERROR_ILLEGAL);
		}
		break;
	case KCS_CODE_ABORT:
		/* An error that is already there is what the host wants to know. */
		fail(controller,
			controller->step == STEP_ERROR ? controller->error : KCS_ERROR_ABORTED);
		controller->step = STEP_ABORTED;
		break;
	default:
		fail(controller, KCS_ERROR_ILLEGAL);
		break;
	}
}

static void take_byte(struct kcs_controller *controller)
{
	if (controller->length == KCS_MESSAGE_MAX) {
		fail(controller, KCS_ERROR_LENGTH);
		return;
	}
	controller->bytes[controller->length++] = controller->data_in;
	if (controller->step == STEP_WRITE) {
		enter(controller, STEP_WRITE, KCS_WRITE);
		return;
	}
	if (controller->length < KCS_MESSAGE_MIN) {
		fail(controller, KCS_ERROR_LENGTH);
		return;
	}
	controller->step = STEP_EXECUTE;
	controller->ready = true;
}

static void give_byte(struct kcs_controller *controller)
{
	if (controller->data_in != KCS_CODE_READ) {
		fail(controller, KCS_ERROR_ILLEGAL);
	} else if (controller->position < controller->length) {
		controller->data_out = controller->bytes[controller->position++];
		enter(controller, STEP_READ, KCS_READ);
	} else {
		controller->data_out = 0;
		enter(controller, STEP_IDLE, KCS_IDLE);
	}
}

void kcs_controller_run(struct kcs_controller *controller)
{
	if (!(controller->status & KCS_STATUS_IBF)) {
		return;
	}
	if (controller->status & KCS_STATUS_COMMAND) {
		take_code(controller);
		return;
	}
	switch (controller->step) {
	case STEP_WRITE:
	case STEP_LAST:
		take_byte(controller);
		break;
	case STEP_EXECUTE:
		break; /* IBF is held until the response exists */
	case STEP_READ:
		give_byte(controller);
		break;
	case STEP_ABORTED:
		controller->data_out = controller->error;
		enter(controller, STEP_ABORT_END, KCS_READ);
		break;
	case STEP_ABORT_END:
		controller->data_out = 0;
		enter(controller, STEP_IDLE, KCS_IDLE);
		break;
	default:
		fail(controller, KCS_ERROR_ILLEGAL);
		break;
	}
}

int kcs_controller_respond(struct kcs_controller *controller, const uint8_t *bytes, size_t length)
{
	if (length == 0 || length > KCS_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	if (controller->step != STEP_EXECUTE) {
		return 0;
	}
	memcpy(controller->bytes, bytes, length);
	controller->length = (uint16_t)length;
	controller->position = 1;
	controller->ready = false;
	controller->data_out = bytes[0];
	enter(controller, STEP_READ, KCS_READ);
	return 0;
}
