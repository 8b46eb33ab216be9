/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_registers.h"

#include "links/registers.h"

#define ABSENT 0xFF

struct fake_registers fake_registers;

static void controller_turn(void)
{
	struct fake_registers *fake = &fake_registers;

	if (fake->stuck) {
		return;
	}
	if (fake->fail_before > 0 && fake->controller.length == 1) {
		fake->fail_before--;
		kcs_controller_write_command(&fake->controller, 0); /* no code there is */
	}
	kcs_controller_run(&fake->controller);
	if (!fake->controller.ready || fake->silent) {
		return;
	}
	fake->executed++;
	(void)kcs_controller_respond(&fake->controller, fake->response, fake->response_length);
	if (fake->fail_after > 0) {
		fake->fail_after--;
		kcs_controller_write_command(&fake->controller, 0);
		kcs_controller_run(&fake->controller);
	}
}

int registers_open(struct registers *registers, const char *where, uint32_t spacing, unsigned count,
	char *error, size_t error_size)
{
	(void)where, (void)count, (void)error, (void)error_size;
	*registers = (struct registers){.spacing = spacing};
	return 0;
}

void registers_close(struct registers *registers)
{
	(void)registers;
}

uint8_t registers_read(const struct registers *registers, unsigned index)
{
	uint8_t value;

	(void)registers;
	if (fake_registers.absent) {
		return ABSENT;
	}
	fake_registers.looks += index;
	value = index ? kcs_controller_read_status(&fake_registers.controller)
		      : kcs_controller_read_data(&fake_registers.controller);
	controller_turn();
	return value;
}

void registers_write(const struct registers *registers, unsigned index, uint8_t value)
{
	(void)registers;
	if (index) {
		kcs_controller_write_command(&fake_registers.controller, value);
	} else {
		kcs_controller_write_data(&fake_registers.controller, value);
	}
	controller_turn();
}
