/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rights through libvipmi, against the real agent on the simulated chassis:
 * test_rights VIPMID. Two connections; a satellite answers at B4h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vipmi/vipmi.h"

#define SATELLITE 0xB4

static char directory[] = "/tmp/vipmi-rights-XXXXXX";
static char target[64];
static const char *vipmid_program;
static pid_t vipmid;
static struct vipmi *vipmi[2];
static struct vipmi_handle *handle[2];

static int agent_start(void **state)
{
	int tries, who;

	(void)state;
	if (!mkdtemp(directory)) {
		return -1;
	}
	(void)snprintf(target, sizeof(target), "%s/socket", directory);
	vipmid = fork();
	if (vipmid == 0) {
		(void)execl(vipmid_program, "vipmid", "--link", "chassis:service=10,seed=3",
			"--socket", target, (char *)NULL);
		_exit(127);
	}
	for (tries = 0; tries < 500 && access(target, F_OK) < 0; tries++) {
		(void)usleep(20000);
	}
	for (who = 0; who < 2; who++) {
		if (vipmi_connect(target, NULL, &vipmi[who]) < 0 ||
			vipmi_handle_open(vipmi[who], NULL, &handle[who]) < 0) {
			fprintf(stderr, "%s\n", vipmi_error_text());
			return -1;
		}
	}
	return 0;
}

static int agent_stop(void **state)
{
	(void)state;
	vipmi_disconnect(vipmi[0]);
	vipmi_disconnect(vipmi[1]);
	if (vipmid > 0) {
		(void)kill(vipmid, SIGTERM);
		(void)waitpid(vipmid, NULL, 0);
	}
	(void)rmdir(directory);
	return 0;
}

static void a_reserved_command_is_its_holders_alone_until_released(void **state)
{
	const struct vipmi_right right = vipmi_right_make(VIPMI_NETFN_CHASSIS, 0x01);
	const struct vipmi_request request = vipmi_request_make(VIPMI_NETFN_CHASSIS, 0x01, NULL, 0);
	struct vipmi_holder holder = {0};
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_reserve(handle[0], &right, 1, 0, NULL), 0);
	assert_int_equal(vipmi_reserve(handle[0], &right, 1, 0, NULL), 0);
	assert_int_equal(vipmi_reserve(handle[1], &right, 1, 0, &holder), -EPERM);
	assert_int_not_equal(holder.handle, 0);
	/* Up to its last field: what fills the structure up is nobody's. */
	assert_memory_equal(
		&holder.held, &right, offsetof(struct vipmi_right, lun) + sizeof(right.lun));
	assert_int_equal(vipmi_command(handle[1], &request, &answer), -EPERM);
	assert_int_equal(answer.cc, VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(answer.sent, VIPMI_SENT_NO);
	assert_int_equal(vipmi_command(handle[0], &request, &answer), 0);
	assert_int_equal(answer.cc, VIPMI_CC_OK);
	assert_int_equal(vipmi_release(handle[1], &right, 1), -ENOENT);
	assert_int_equal(vipmi_release(handle[0], NULL, 0), 0);
	assert_int_equal(vipmi_command(handle[1], &request, &answer), 0);
	assert_int_equal(answer.cc, VIPMI_CC_OK);
}

static void a_lease_ends_by_itself(void **state)
{
	const struct vipmi_right right = vipmi_right_make(VIPMI_NETFN_APP, VIPMI_RIGHT_ANY_COMMAND);
	int tries;

	(void)state;
	assert_int_equal(vipmi_reserve(handle[0], &right, 1, 100, NULL), 0);
	for (tries = 0; tries < 1000; tries++) {
		if (vipmi_reserve(handle[1], &right, 1, 0, NULL) == 0) {
			break;
		}
		(void)usleep(10000);
	}
	assert_in_range(tries, 1, 999);
	assert_int_equal(vipmi_release(handle[1], NULL, 0), 0);
}

static void a_reserved_number_brings_the_answer_to_its_virtual_client(void **state)
{
	struct vipmi_request request = vipmi_request_make(VIPMI_NETFN_APP, 0x01, NULL, 0);
	struct vipmi_answer answer;
	uint64_t own = 0, others = 0;

	(void)state;
	assert_int_equal(vipmi_sequence_reserve(handle[0], 0, SATELLITE, 4711, 1, 0, &own), 0);
	assert_true(own != 0 && (own & (own - 1)) == 0);
	assert_int_equal(
		vipmi_sequence_reserve(handle[1], 0, SATELLITE, 1, 0, own, &others), -EPERM);
	request.target_kind = VIPMI_TARGET_IPMB;
	request.address = SATELLITE;
	request.numbered = 1;
	request.number = (uint8_t)__builtin_ctzll(own);
	assert_int_equal(vipmi_command(handle[0], &request, &answer), 0);
	assert_int_equal(answer.cc, VIPMI_CC_OK);
	assert_int_equal(answer.virtual_client, 4711);
	assert_int_equal(answer.numbered, 1);
	assert_int_equal(answer.number, request.number);
	/* Another's number is nobody else's to use. */
	assert_int_equal(vipmi_command(handle[1], &request, &answer), -ENOENT);
	assert_int_equal(answer.sent, VIPMI_SENT_NO);
	assert_int_equal(vipmi_sequence_free(handle[1], 0, SATELLITE, own), -ENOENT);
	assert_int_equal(vipmi_sequence_free(handle[0], 0, SATELLITE, own), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reserved_command_is_its_holders_alone_until_released),
		cmocka_unit_test(a_lease_ends_by_itself),
		cmocka_unit_test(a_reserved_number_brings_the_answer_to_its_virtual_client),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_rights VIPMID\n");
		return 2;
	}
	vipmid_program = argv[1];
	return cmocka_run_group_tests(tests, agent_start, agent_stop);
}
