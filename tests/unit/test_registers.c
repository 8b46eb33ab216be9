/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers in memory: a file of the test's own lies where /dev/mem would, and a list
 * of its own where /proc/iomem would (--wrap). Which bytes are touched can be seen so;
 * a controller that notices when they are read cannot be played in mere memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "links/registers.h"

#define MEMORY_SIZE (64u * 1024u)
#define UNTOUCHED 0xA5
#define COUNT 3u

static struct {
	int fd;          /* what /dev/mem is; negative: the errno that opening it gives */
	const char *map; /* what /proc/iomem says */
} machine;

FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	if (strcmp(path, "/proc/iomem") != 0) {
		return __real_fopen64(path, mode);
	}
	return fmemopen((void *)(uintptr_t)machine.map, strlen(machine.map), "r");
}

int __wrap_open64(const char *path, int flags, ...)
{
	if (strcmp(path, "/dev/mem") != 0) {
		return __real_open64(path, flags);
	}
	/* Neither of the processor's caches may come between. */
	assert_true(flags & O_SYNC);
	assert_int_equal(flags & O_ACCMODE, O_RDWR);
	if (machine.fd < 0) {
		errno = -machine.fd;
		return -1;
	}
	return dup(machine.fd);
}

static int begin(void **state)
{
	static uint8_t bytes[MEMORY_SIZE];

	(void)state;
	memset(bytes, UNTOUCHED, sizeof(bytes));
	machine.map = "00000000-0009ffff : System RAM\n";
	machine.fd = memfd_create("registers", MFD_CLOEXEC);
	return machine.fd < 0 || write(machine.fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes);
}

static int end(void **state)
{
	(void)state;
	return machine.fd >= 0 && close(machine.fd) != 0;
}

static uint8_t byte_at(uint32_t place)
{
	uint8_t value;

	assert_int_equal(pread(machine.fd, &value, 1, place), 1);
	return value;
}

static void every_register_is_one_byte_at_its_own_place(void **state)
{
	/* Within a page, over the end of one, and at the end of it all. */
	static const uint32_t bases[] = {0x0, 0x2CA2, 0x3FF8, 0x3FFF, MEMORY_SIZE - 34};
	static const uint32_t spacings[] = {1, 4, 16};
	struct registers registers;
	char where[32], error[256];
	unsigned i, j, k;

	(void)state;
	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		for (j = 0; j < sizeof(spacings) / sizeof(spacings[0]); j++) {
			snprintf(where, sizeof(where), "mem:0x%x", bases[i]);
			assert_int_equal(registers_open(&registers, where, spacings[j], COUNT,
						 error, sizeof(error)),
				0);
			for (k = 0; k < COUNT; k++) {
				uint32_t place = bases[i] + k * spacings[j];
				uint8_t seen = (uint8_t)(0x10 + k), neighbour;

				neighbour = byte_at(place + 1);
				assert_int_equal(pwrite(machine.fd, &seen, 1, place), 1);
				assert_int_equal(registers_read(&registers, k), seen);
				registers_write(&registers, k, (uint8_t)(0x20 + k));
				assert_int_equal(byte_at(place), 0x20 + k);
				assert_int_equal(byte_at(place + 1), neighbour);
			}
			registers_close(&registers);
		}
		(void)end(state);
		assert_int_equal(begin(state), 0);
	}
}

static void refused(const char *where, int result, const char *words)
{
	struct registers registers;
	char error[256] = "";

	assert_int_equal(registers_open(&registers, where, 1, COUNT, error, sizeof(error)), result);
	if (!strstr(error, words)) {
		fail_msg("%s: '%s' does not say '%s'", where, error, words);
	}
	assert_null(strchr(error, '\n'));
	registers_close(&registers); /* takes what was never opened */
}

static void what_is_no_address_is_named(void **state)
{
	static const char *const wrong[] = {
		"mem:", "mem:x", "mem:-4", "mem:0xfed0g", "mem", "", "mem:0x123456789abcdef01"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		refused(wrong[i], -EINVAL, "write a port such as 0xca2, or mem:0xfed90000");
	}
	refused("0xfffe", -EINVAL, "'0xfffe' is no address of registers"); /* a port too far */
}

static void memory_that_cannot_be_had_says_why(void **state)
{
	(void)end(state);
	machine.fd = -ENOENT;
	refused("mem:0x2000", -ENOENT, "at 0x2000 from /dev/mem: No such file");
	machine.fd = -EACCES;
	refused("mem:0x2000", -EACCES, "start the agent as root");
	machine.fd = -EPERM;
	refused("mem:0x2000", -EPERM, "locks /dev/mem");
	/* It opens, and gives no mapping: as a kernel does for what is its own. */
	machine.fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	assert_true(machine.fd >= 0);
	refused("mem:0x2000", -EACCES, "at 0x2000 from /dev/mem");
}

static void what_the_kernels_driver_has_is_left_to_it(void **state)
{
	struct registers registers;
	char error[256];

	(void)state;
	machine.map = "fec00000-fec003ff : IOAPIC 0\n"
		      "00002000-0000200f : pci bus\n"
		      "  00002002-00002002 : ipmi_si\n";
	refused("mem:0x2000", -EBUSY, "rmmod ipmi_si");
	assert_int_equal(
		registers_open(&registers, "mem:0x2003", 1, COUNT, error, sizeof(error)), 0);
	registers_close(&registers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_register_is_one_byte_at_its_own_place, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_address_is_named, begin, end),
		cmocka_unit_test_setup_teardown(memory_that_cannot_be_had_says_why, begin, end),
		cmocka_unit_test_setup_teardown(
			what_the_kernels_driver_has_is_left_to_it, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
