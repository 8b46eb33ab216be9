/* SPDX-License-Identifier: BSD-2-Clause */
#include "links/registers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__i386__) || defined(__x86_64__)
#include <sys/io.h>
#define HAVE_PORTS 1
#else
#define HAVE_PORTS 0
#endif

#define PORT_MAX 0xFFFFu

/* What the kernel's drivers call their regions: ipmi_si, ipmi_bt and their like. */
#define KERNEL_OWNER "ipmi"

/* Whether a line of /proc/ioports or /proc/iomem is the IPMI driver's and meets the range. */
static int line_meets(const char *line, uint64_t first, uint64_t last)
{
	unsigned long long from, to;
	const char *owner = strstr(line, " : ");

	return owner && strncmp(owner + 3, KERNEL_OWNER, strlen(KERNEL_OWNER)) == 0 &&
	       sscanf(line, " %llx-%llx", &from, &to) == 2 && from <= last && first <= to;
}

static int kernel_owns(const char *list, uint64_t first, uint64_t last)
{
	FILE *file = fopen(list, "re");
	char line[256];
	int owns = 0;

	while (file && !owns && fgets(line, sizeof(line), file)) {
		owns = line_meets(line, first, last);
	}
	if (file) {
		fclose(file);
	}
	return owns;
}

static int ports_open(struct registers *registers, unsigned count, char *error, size_t error_size)
{
#if HAVE_PORTS
	if (ioperm(registers->base, (count - 1) * registers->spacing + 1, 1) == 0) {
		return 0;
	}
	snprintf(error, error_size, "no right to the I/O ports at 0x%x: %s%s", registers->base,
		strerror(errno),
		errno == EPERM ? "; start the agent as root, or with CAP_SYS_RAWIO" : "");
	return -errno;
#else
	(void)count;
	snprintf(error, error_size,
		"this processor has no I/O ports (0x%x); write mem:ADDRESS for registers in memory",
		registers->base);
	return -ENXIO;
#endif
}

/* What to do about a refusal of /dev/mem. */
static const char *memory_advice(int error_number)
{
	switch (error_number) {
	case EACCES:
		return "; start the agent as root, or with CAP_SYS_RAWIO";
	case EPERM:
		return "; the kernel locks /dev/mem (lockdown, or a driver has the place): load "
		       "vipmi.ko with kcs=mem:ADDRESS instead";
	case ENOENT:
		return "; this kernel has none: load vipmi.ko with kcs=mem:ADDRESS instead";
	default:
		return "";
	}
}

static int memory_open(struct registers *registers, uint64_t address, unsigned count, char *error,
	size_t error_size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t offset = address % page;
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);

	registers->mapped = (size_t)(offset + (count - 1) * registers->spacing + 1);
	if (fd >= 0) {
		registers->mapping = mmap(NULL, registers->mapped, PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, (off_t)(address - offset));
	}
	if (fd < 0 || registers->mapping == MAP_FAILED) {
		int result = -errno;

		snprintf(error, error_size,
			"cannot map the registers at 0x%llx from /dev/mem: %s%s",
			(unsigned long long)address, strerror(-result), memory_advice(-result));
		if (fd >= 0) {
			close(fd);
		}
		registers->mapping = NULL;
		return result;
	}
	close(fd);
	registers->memory = (volatile uint8_t *)registers->mapping + offset;
	return 0;
}

int registers_open(struct registers *registers, const char *where, uint32_t spacing, unsigned count,
	char *error, size_t error_size)
{
	int in_memory = strncmp(where, "mem:", 4) == 0;
	const char *number = where + (in_memory ? 4 : 0);
	unsigned long long address, last;
	char *end;

	*registers = (struct registers){.spacing = spacing};
	errno = 0;
	address = strtoull(number, &end, 0);
	last = address + (count - 1) * spacing;
	if (*number < '0' || *number > '9' || *end || errno || (!in_memory && last > PORT_MAX)) {
		snprintf(error, error_size,
			"'%s' is no address of registers; write a port such as 0xca2, or "
			"mem:0xfed90000",
			where);
		return -EINVAL;
	}
	if (kernel_owns(in_memory ? "/proc/iomem" : "/proc/ioports", address, last)) {
		snprintf(error, error_size,
			"the kernel's IPMI driver has the registers at 0x%llx; unload it (rmmod "
			"ipmi_si), or go through it (--link openipmi:/dev/ipmi0)",
			address);
		return -EBUSY;
	}
	if (in_memory) {
		return memory_open(registers, address, count, error, error_size);
	}
	registers->base = (uint32_t)address;
	return ports_open(registers, count, error, error_size);
}

void registers_close(struct registers *registers)
{
	if (registers->mapping) {
		munmap(registers->mapping, registers->mapped);
		registers->mapping = NULL;
	}
}

uint8_t registers_read(const struct registers *registers, unsigned index)
{
	if (registers->memory) {
		return registers->memory[index * registers->spacing];
	}
#if HAVE_PORTS
	return inb((unsigned short)(registers->base + index * registers->spacing));
#else
	return 0xFF;
#endif
}

void registers_write(const struct registers *registers, unsigned index, uint8_t value)
{
	if (registers->memory) {
		registers->memory[index * registers->spacing] = value;
		return;
	}
#if HAVE_PORTS
	outb(value, (unsigned short)(registers->base + index * registers->spacing));
#endif
}
