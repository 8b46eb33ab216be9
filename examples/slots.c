/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sixteen slots, sixteen virtual clients, one handle: each part of the program
 * reserves a sequence number toward its slot's controller and asks it, all at
 * once. The number decides whose answer an answer is, so the parts need no
 * table of what they asked.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <vipmi/vipmi.h>

#define CLIENTS_MAX 16
#define CHANNEL_IPMB 0
/* Sixteen questions wait for one bus, and perhaps for hundreds of other programs. */
#define PATIENCE_MS 30000

static const char usage[] =
	"usage: slots [--rounds N] ADDRESS...\n"
	"\n"
	"Asks the controllers at up to sixteen IPMB addresses (0xb4 for instance) who they\n"
	"are, one virtual client for each, all at once.\n"
	"\n"
	"  --rounds N       ask so often (default 1)\n";

/* One virtual client: a part of this program that cares for one slot. */
struct part {
	uint8_t address;
	uint8_t number; /* its sequence number toward that address */
	unsigned int answered, absent, failed;
	uint8_t device, major, minor;
};

static struct part parts[CLIENTS_MAX];
static size_t part_count;
static unsigned int outstanding, mixed_up;

/* The answer's virtual client is the part that reserved its number: 1 is parts[0]. */
static void answered(void *context, const struct vipmi_answer *answer)
{
	const struct part *asked = context;
	struct part *part = &parts[(answer->virtual_client - 1) % CLIENTS_MAX];

	outstanding--;
	if (part != asked || (answer->error == 0 && answer->number != part->number)) {
		mixed_up++;
	} else if (answer->error == -EHOSTUNREACH) {
		part->absent++;
	} else if (answer->error < 0 || answer->cc != VIPMI_CC_OK || answer->length < 4) {
		part->failed++;
	} else {
		part->answered++;
		part->device = answer->data[0];
		part->major = answer->data[2] & 0x7F; /* IPMI 2.0 section 20.1 */
		part->minor = answer->data[3];
	}
}

static int ask(struct vipmi_handle *handle, struct part *part)
{
	struct vipmi_request request = vipmi_request_make(VIPMI_NETFN_APP, 0x01, NULL, 0);

	request.target_kind = VIPMI_TARGET_IPMB;
	request.channel = CHANNEL_IPMB;
	request.address = part->address;
	request.virtual_client = (uint32_t)(part - parts) + 1;
	request.numbered = 1;
	request.number = part->number;
	request.timeout_ms = PATIENCE_MS;
	if (vipmi_submit(handle, &request, answered, part, NULL) < 0) {
		return -1;
	}
	outstanding++;
	return 0;
}

static int round_of_questions(struct vipmi *vipmi, struct vipmi_handle *handle)
{
	size_t i;

	for (i = 0; i < part_count; i++) {
		if (ask(handle, &parts[i]) < 0) {
			return -1;
		}
	}
	while (outstanding > 0) {
		if (vipmi_wait(vipmi, -1) < 0) {
			return -1;
		}
	}
	return 0;
}

static int run(struct vipmi *vipmi, unsigned long rounds)
{
	struct vipmi_handle *handle;
	uint64_t granted;
	size_t i;

	if (vipmi_handle_open(vipmi, NULL, &handle) < 0) {
		return -1;
	}
	for (i = 0; i < part_count; i++) {
		if (vipmi_sequence_reserve(handle, CHANNEL_IPMB, parts[i].address, (uint32_t)i + 1,
			    1, 0, &granted) < 0) {
			return -1;
		}
		parts[i].number = (uint8_t)__builtin_ctzll(granted);
	}
	while (rounds-- > 0) {
		if (round_of_questions(vipmi, handle) < 0) {
			return -1;
		}
	}
	return 0;
}

static void report(void)
{
	size_t i;

	printf("CLIENT  ADDRESS  NUMBER  ANSWERS  NOBODY  FAILED  DEVICE  FIRMWARE\n");
	for (i = 0; i < part_count; i++) {
		const struct part *part = &parts[i];

		printf("%6zu      %02Xh  %6u  %7u  %6u  %6u", i + 1, part->address, part->number,
			part->answered, part->absent, part->failed);
		if (part->answered > 0) {
			printf("  %6u  %u.%02x", part->device, part->major, part->minor);
		}
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{"rounds", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {0}};
	unsigned long rounds = 1;
	struct vipmi *vipmi;
	int option, result;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option != 'r') {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
		rounds = strtoul(optarg, NULL, 10);
	}
	while (optind < argc && part_count < CLIENTS_MAX) {
		parts[part_count++].address = (uint8_t)strtoul(argv[optind++], NULL, 0);
	}
	if (part_count == 0 || optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (vipmi_connect(NULL, NULL, &vipmi) < 0) {
		fprintf(stderr, "slots: %s\n", vipmi_error_text());
		return 1;
	}
	result = run(vipmi, rounds);
	if (result < 0) {
		fprintf(stderr, "slots: %s\n", vipmi_error_text());
	} else {
		report();
	}
	vipmi_disconnect(vipmi);
	return result < 0 || mixed_up > 0;
}
