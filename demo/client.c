/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One of the demo's programs: asks its virtual controller questions to which the
 * answers are known, and says of each whether it was right.
 *
 *	demo-client questions              asks every question once, alone; prints them with
 *	                                   their answers
 *	demo-client run FILE SEED PAUSE_MS SECONDS
 *	                                   asks questions of that list, in an order of its own;
 *	                                   prints "right|wrong|lost MICROSECONDS" for each
 *	demo-client status                 prints the agent's state and counters, NAME VALUE
 *
 * A line of the list: netFn, command, data, "=", completion code and answer, in
 * hexadecimal. No two questions of the list have the same answer, so an answer
 * that went astray is noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vipmi/vipmi.h"

#define QUESTIONS_MAX 512
#define QUESTION_BYTES 8
#define ANSWER_BYTES 64

/* An answer that takes longer counts as lost: 256 programs may wait for one another. */
#define PATIENCE_MS 30000

/* The FRU is read in pieces of this size, at every offset up to its end. */
#define FRU_PIECE 12
#define FRU_END 256
#define NETFN_STORAGE 0x0A
#define COMMAND_READ_FRU 0x11
#define COMMAND_GET_SDR 0x23
#define SDR_LAST 0xFFFF
/* The head of a record: its ID, version, type, length, and the keys that follow. */
#define SDR_PIECE 10
#define SDR_TYPE 3
#define SDR_CONTROLLER_LOCATOR 0x12
#define RECORDS_MAX 100

struct question {
	uint8_t netfn, command, length, answer_length;
	uint8_t data[QUESTION_BYTES];
	uint8_t answer[ANSWER_BYTES]; /* completion code first */
};

static struct question questions[QUESTIONS_MAX];
static size_t question_count;

static int fail(const char *what)
{
	fprintf(stderr, "demo-client: %s: %s\n", what, vipmi_error_text());
	return 1;
}

/* ---- the list ---- */

static int hex_read(char *text, uint8_t *bytes, size_t size)
{
	size_t length = 0;
	char *word, *rest;

	for (word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		if (length == size) {
			return -1;
		}
		bytes[length++] = (uint8_t)strtoul(word, NULL, 16);
	}
	return (int)length;
}

static int questions_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file) {
		perror(path);
		return 1;
	}
	while (question_count < QUESTIONS_MAX && fgets(line, sizeof(line), file)) {
		struct question *question = &questions[question_count];
		char *equals = strchr(line, '=');
		uint8_t head[2 + QUESTION_BYTES];
		int asked, answered;

		if (!equals) {
			continue;
		}
		*equals = '\0';
		asked = hex_read(line, head, sizeof(head));
		answered = hex_read(equals + 1, question->answer, sizeof(question->answer));
		if (asked < 2 || answered < 1) {
			continue;
		}
		question->netfn = head[0];
		question->command = head[1];
		question->length = (uint8_t)(asked - 2);
		question->answer_length = (uint8_t)answered;
		memcpy(question->data, head + 2, question->length);
		question_count++;
	}
	fclose(file);
	return question_count == 0;
}

static void print_pair(const struct vipmi_request *request, const struct vipmi_answer *answer)
{
	const uint8_t *data = request->data;
	size_t i;

	printf("%02x %02x", request->netfn, request->command);
	for (i = 0; i < request->length; i++) {
		printf(" %02x", data[i]);
	}
	printf(" = %02x", answer->cc);
	for (i = 0; i < answer->length; i++) {
		printf(" %02x", answer->data[i]);
	}
	putchar('\n');
}

/* Asks, and prints question and answer as a line of the list. */
static int learn(struct vipmi_handle *handle, uint8_t netfn, uint8_t command, const uint8_t *data,
	size_t length, struct vipmi_answer *answer)
{
	struct vipmi_request request = vipmi_request_make(netfn, command, data, length);

	if (vipmi_command(handle, &request, answer) < 0) {
		return -1;
	}
	print_pair(&request, answer);
	return 0;
}

/* The records of the repository up to those that come and go with the boards of the drawer. */
static int learn_records(struct vipmi_handle *handle)
{
	unsigned i, record = 0;

	/* IPMI 2.0 section 33.12: the answer begins with the next record's ID. */
	for (i = 0; i < RECORDS_MAX && record != SDR_LAST; i++) {
		uint8_t data[] = {0, 0, (uint8_t)record, (uint8_t)(record >> 8), 0, SDR_PIECE};
		struct vipmi_request request =
			vipmi_request_make(NETFN_STORAGE, COMMAND_GET_SDR, data, sizeof(data));
		struct vipmi_answer answer;

		if (vipmi_command(handle, &request, &answer) < 0) {
			return -1;
		}
		if (answer.cc != 0 || answer.length < 2 + SDR_PIECE ||
			answer.data[2 + SDR_TYPE] == SDR_CONTROLLER_LOCATOR) {
			return 0;
		}
		print_pair(&request, &answer);
		record = answer.data[0] | (unsigned)answer.data[1] << 8;
	}
	return 0;
}

static int all_bytes_are(uint8_t value, const uint8_t *bytes, size_t length)
{
	while (length > 0 && bytes[length - 1] == value) {
		length--;
	}
	return length == 0;
}

static int learn_all(struct vipmi_handle *handle)
{
	static const uint8_t simple[][2] = {
		{0x06, 0x01}, /* Get Device ID */
		{0x06, 0x08}, /* Get Device GUID */
		{0x06, 0x04}, /* Get Self Test Results */
	};
	struct vipmi_answer answer;
	unsigned offset;
	size_t i;

	for (i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		if (learn(handle, simple[i][0], simple[i][1], NULL, 0, &answer) < 0) {
			return fail("learning");
		}
	}
	for (offset = 0; offset + FRU_PIECE <= FRU_END; offset += FRU_PIECE / 2) {
		uint8_t data[] = {0, (uint8_t)offset, (uint8_t)(offset >> 8), FRU_PIECE};

		if (learn(handle, NETFN_STORAGE, COMMAND_READ_FRU, data, sizeof(data), &answer) <
			0) {
			return fail("learning the FRU");
		}
		if (answer.length > 0 && all_bytes_are(0xFF, answer.data + 1, answer.length - 1u)) {
			break; /* the empty rest */
		}
	}
	return learn_records(handle) < 0 ? fail("learning the SDRs") : 0;
}

/* ---- the run ---- */

static uint64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static const char *ask(struct vipmi_handle *handle, const struct question *question)
{
	struct vipmi_request request = vipmi_request_make(
		question->netfn, question->command, question->data, question->length);
	struct vipmi_answer answer;

	request.timeout_ms = PATIENCE_MS;
	if (vipmi_command(handle, &request, &answer) < 0) {
		return "lost";
	}
	if (answer.cc != question->answer[0] || answer.length + 1u != question->answer_length ||
		memcmp(answer.data, question->answer + 1, answer.length) != 0) {
		return "wrong";
	}
	return "right";
}

static int run(struct vipmi_handle *handle, unsigned seed, uint64_t pause_us, uint64_t run_us)
{
	uint64_t start = microseconds(), next, now;

	/* Programs start together; their first questions are spread over one pause. */
	next = start + (pause_us ? (uint64_t)rand_r(&seed) % pause_us : 0);
	for (;;) {
		const char *outcome;

		now = microseconds();
		if (next > now) {
			usleep((useconds_t)(next - now));
		}
		now = microseconds();
		if (now - start >= run_us) {
			return 0;
		}
		outcome = ask(handle, &questions[(size_t)rand_r(&seed) % question_count]);
		printf("%s %llu\n", outcome, (unsigned long long)(microseconds() - now));
		next += pause_us;
	}
}

/* ---- the agent's own words ---- */

static int row_print(void *context, const struct vipmi_field *fields, size_t count)
{
	const char *name = NULL;
	size_t i;

	(void)context;
	for (i = 0; i < count; i++) {
		if (fields[i].text && strcmp(fields[i].name, "name") == 0) {
			name = fields[i].text;
		} else if (!fields[i].text) {
			/* A counter's row is a name and a value, the status one row of many. */
			printf("%s %llu\n", name ? name : fields[i].name,
				(unsigned long long)fields[i].number);
		}
	}
	return 0;
}

static int status(struct vipmi *vipmi)
{
	if (vipmi_query(vipmi, "status", row_print, NULL) < 0 ||
		vipmi_query(vipmi, "counter", row_print, NULL) < 0) {
		return fail("status");
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct vipmi_handle *handle = NULL;
	struct vipmi *vipmi;
	int result = 2;

	if (strcmp(what, "run") == 0 && (argc != 6 || questions_read(argv[2]) != 0)) {
		return 2;
	}
	if (vipmi_connect(NULL, NULL, &vipmi) < 0) {
		return fail("connect");
	}
	if (strcmp(what, "status") == 0) {
		result = status(vipmi);
	} else if (vipmi_handle_open(vipmi, NULL, &handle) < 0) {
		result = fail("open");
	} else if (strcmp(what, "questions") == 0) {
		result = learn_all(handle);
	} else if (strcmp(what, "run") == 0) {
		result = run(handle, (unsigned)atoi(argv[3]), strtoull(argv[4], NULL, 10) * 1000u,
			strtoull(argv[5], NULL, 10) * 1000000u);
	}
	vipmi_handle_close(handle);
	vipmi_disconnect(vipmi);
	return result;
}
