/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a hardware interface: I/O ports of this processor, or memory.
 * For links; tests stand in their own.
 */
#ifndef VIPMI_LINKS_REGISTERS_H
#define VIPMI_LINKS_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

struct registers {
	uint32_t base;    /* port number, when not in memory */
	uint32_t spacing; /* bytes from one register to the next: 1, 4, 16 */
	volatile uint8_t *memory;
	void *mapping;
	size_t mapped;
};

/*
 * `where` is a port number ("0xca2") or "mem:ADDRESS". Takes the rights to
 * `count` registers, which outlive a change of the user. A negative errno with
 * one clear line in `error`: -EINVAL for what is no address; -EBUSY when the
 * kernel's IPMI driver has them; -EPERM; -ENXIO where the processor has no ports.
 */
int registers_open(struct registers *registers, const char *where, uint32_t spacing, unsigned count,
	char *error, size_t error_size);
void registers_close(struct registers *registers);

uint8_t registers_read(const struct registers *registers, unsigned index);
void registers_write(const struct registers *registers, unsigned index, uint8_t value);

#endif
