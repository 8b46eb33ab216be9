/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program that asks all the time, and knows each answer beforehand: bytes of the FRU inventory,
 * which it reads at the beginning.
 *
 *	ipmi_steady DEVICE FILE [MS]
 *
 * It asks until there is such a file, or the time (120 s) is over, and prints how many answers were
 * right, wrong and failures, the last failure's completion code, the longest wait, and the rate.
 */
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define STORAGE 0x0A
#define GET_FRU_INFO 0x10
#define READ_FRU 0x11
#define IMAGE_MAX 2048u
#define PART 16u
#define ANSWER_WAIT_MS 60000
#define ASK_MS 120000

struct tally {
	long right, wrong, failed, longest_ms;
	int code;
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Length of the answer, its completion code first; 0: somebody else's; -1: none. */
static int ask(
	int fd, uint8_t command, const uint8_t *data, unsigned short length, uint8_t answer[280])
{
	static long msgid;
	struct ipmi_system_interface_addr to = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct ipmi_req req = {.addr = (unsigned char *)&to,
		.addr_len = sizeof(to),
		.msgid = ++msgid,
		.msg = {.netfn = STORAGE,
			.cmd = command,
			.data = (unsigned char *)(uintptr_t)data,
			.data_len = length}};
	struct ipmi_addr from;
	struct ipmi_recv recv = {.addr = (unsigned char *)&from,
		.addr_len = sizeof(from),
		.msg = {.data = answer, .data_len = 280}};
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (ioctl(fd, IPMICTL_SEND_COMMAND, &req) < 0 || poll(&poll_fd, 1, ANSWER_WAIT_MS) != 1 ||
		ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) < 0) {
		return -1;
	}
	return recv.msgid == msgid && recv.msg.netfn == (STORAGE | 1) && recv.msg.cmd == command
		       ? recv.msg.data_len
		       : 0;
}

static int read_part(int fd, unsigned offset, unsigned count, uint8_t answer[280])
{
	const uint8_t data[] = {0, (uint8_t)offset, (uint8_t)(offset >> 8), (uint8_t)count};

	return ask(fd, READ_FRU, data, sizeof(data), answer);
}

/* How many bytes it has; 0: it cannot be read. */
static unsigned read_image(int fd, uint8_t image[IMAGE_MAX])
{
	static const uint8_t fru[] = {0};
	uint8_t answer[280];
	unsigned size, at;

	if (ask(fd, GET_FRU_INFO, fru, sizeof(fru), answer) < 3 || answer[0]) {
		return 0;
	}
	size = answer[1] | (unsigned)answer[2] << 8;
	size = size > IMAGE_MAX ? IMAGE_MAX : size;
	size -= size % PART;
	for (at = 0; at < size; at += PART) {
		if (read_part(fd, at, PART, answer) != 2 + (int)PART || answer[0]) {
			return 0;
		}
		memcpy(image + at, answer + 2, PART);
	}
	return size;
}

static void ask_once(int fd, const uint8_t *image, unsigned offset, struct tally *tally)
{
	uint8_t answer[280] = {0};
	long start_ms = now_ms(), took_ms;
	int length = read_part(fd, offset, PART, answer);

	took_ms = now_ms() - start_ms;
	tally->longest_ms = took_ms > tally->longest_ms ? took_ms : tally->longest_ms;
	if (length < 0 || (length > 0 && answer[0])) {
		tally->failed++;
		tally->code = length < 0 ? -1 : answer[0];
	} else if (length == 2 + (int)PART && answer[1] == PART &&
		   !memcmp(answer + 2, image + offset, PART)) {
		tally->right++;
	} else {
		tally->wrong++;
	}
}

int main(int argc, char **argv)
{
	static uint8_t image[IMAGE_MAX];
	struct tally tally = {.code = 0};
	long start_ms = now_ms(), length_ms = argc == 4 ? atol(argv[3]) : ASK_MS;
	unsigned size, offset = 0;
	int fd = argc >= 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	size = fd >= 0 ? read_image(fd, image) : 0;
	if (size <= PART) {
		fprintf(stderr,
			"usage: ipmi_steady DEVICE FILE [MS]; the device has to have a FRU\n");
		return 1;
	}
	while (access(argv[2], F_OK) && now_ms() - start_ms < length_ms) {
		ask_once(fd, image, offset, &tally);
		offset = (offset + 1) % (size - PART);
	}
	printf("right %ld wrong %ld failed %ld code %02x longest %ld ms, %ld a second\n",
		tally.right, tally.wrong, tally.failed, (unsigned)tally.code & 0xFF,
		tally.longest_ms, tally.right * 1000 / (now_ms() - start_ms + 1));
	return tally.wrong > 0;
}
