/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program as others write them, preloaded with the shim: every spelling of
 * open, the calls that need its help and those that must not, and many opens in
 * many processes. Prints one line for each; exits 1 if one is wrong.
 *
 *	shim_calls OPENS PROCESSES
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/dev/ipmi0"
#define ANSWER_WAIT_MS 20000

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

static int failures;

static void check(const char *what, bool good)
{
	printf("%s - %s\n", good ? "ok" : "not ok", what);
	fflush(stdout);
	failures += good ? 0 : 1;
}

static int send_device_id(int fd, long msgid)
{
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct ipmi_req req = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msgid = msgid,
		.msg = {.netfn = 6, .cmd = 1}};

	return ioctl(fd, IPMICTL_SEND_COMMAND, &req);
}

/* Whether the answer to a Get Device ID comes, and is one. */
static bool answered(int fd, long msgid)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	unsigned char data[64];
	struct ipmi_addr addr;
	struct ipmi_recv recv = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.data = data, .data_len = sizeof(data)}};

	return poll(&poll_fd, 1, ANSWER_WAIT_MS) == 1 &&
	       ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) == 0 && recv.msgid == msgid &&
	       recv.recv_type == IPMI_RESPONSE_RECV_TYPE && recv.msg.netfn == 7 &&
	       recv.msg.cmd == 1 && recv.msg.data_len >= 12 && data[0] == 0 && data[1] == 0x20;
}

static bool works(int fd)
{
	bool good = fd >= 0 && send_device_id(fd, 1) == 0 && answered(fd, 1);

	close(fd);
	return good;
}

static void check_spellings(void)
{
	int null = open("/dev/null", O_RDONLY);

	check("open", works(open(DEVICE, O_RDWR)));
	check("open64", works(open64(DEVICE, O_RDWR)));
	check("__open", works(__open(DEVICE, O_RDWR)));
	check("__open64", works(__open64(DEVICE, O_RDWR)));
	check("__open_2", works(__open_2(DEVICE, O_RDWR)));
	check("__open64_2", works(__open64_2(DEVICE, O_RDWR)));
	check("openat", works(openat(AT_FDCWD, DEVICE, O_RDWR)));
	check("openat of another folder", works(openat(null, DEVICE, O_RDWR)));
	check("openat64", works(openat64(AT_FDCWD, DEVICE, O_RDWR)));
	check("__openat_2", works(__openat_2(AT_FDCWD, DEVICE, O_RDWR)));
	check("__openat64_2", works(__openat64_2(AT_FDCWD, DEVICE, O_RDWR)));
	check("creat", works(creat(DEVICE, 0600)));
	check("creat64", works(creat64(DEVICE, 0600)));
	check("/dev/ipmi/0", works(open("/dev/ipmi/0", O_RDWR)));
	check("/dev/ipmidev/0", works(open("/dev/ipmidev/0", O_RDWR)));
	check("read only", works(open(DEVICE, O_RDONLY)));
	check("device 1 is not served", open("/dev/ipmi1", O_RDWR) < 0 && errno == ENOENT);
	close(null);
}

static void check_others_untouched(void)
{
	char path[] = "/tmp/vipmi-shim-calls.XXXXXX";
	int fd = mkstemp(path), ends[2], made, value = 0;

	check("a file's mode arrives", fd >= 0 && fchmod(fd, 0600) == 0);
	close(fd);
	unlink(path);
	umask(0);
	made = open(path, O_RDWR | O_CREAT | O_EXCL, 0640);
	struct stat stat;
	check("open creates with its mode",
		made >= 0 && fstat(made, &stat) == 0 && (stat.st_mode & 0777) == 0640);
	check("a file knows no IPMI",
		ioctl(made, IPMICTL_GET_MY_LUN_CMD, &value) < 0 && errno == ENOTTY);
	close(made);
	unlink(path);
	check("no such file is no such file",
		open("/nowhere/at/all", O_RDONLY) < 0 && errno == ENOENT);
	check("a pipe still counts its bytes", pipe(ends) == 0 && write(ends[1], "abc", 3) == 3 &&
						       ioctl(ends[0], FIONREAD, &value) == 0 &&
						       value == 3);
	close(ends[0]);
	close(ends[1]);
}

static void check_behind_our_back(void)
{
	int fd = open(DEVICE, O_RDWR), other, value = 0;

	/* Closed by a raw system call, the number given to something else. */
	syscall(SYS_close, fd);
	other = open("/dev/null", O_RDONLY);
	check("a reused number is not ours",
		other == fd && ioctl(other, IPMICTL_GET_MY_LUN_CMD, &value) < 0 && errno == ENOTTY);
	fd = open(DEVICE, O_RDWR);
	syscall(SYS_dup3, fd, other, 0);
	close(fd);
	check("a raw dup is ours", works(other));
	fd = open(DEVICE, O_RDWR);
	other = (int)syscall(SYS_fcntl, fd, F_DUPFD, 50);
	syscall(SYS_close_range, fd, fd, 0);
	check("and after close_range too", works(other));
}

static void check_extended_numbers(void)
{
	int fd = open(DEVICE, O_RDWR), lun = 7;
	unsigned char data[64];
	struct ipmi_addr addr;
	struct ipmi_recv recv = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.data = data, .data_len = sizeof(data)}};

	/* As a caller with an int has it: 0xFFFFFFFF80046914. */
	check("a number with its sign extended",
		ioctl(fd, (unsigned long)(long)(int)IPMICTL_GET_MY_LUN_CMD, &lun) == 0 && lun == 2);
	errno = 0;
	check("nothing there is EAGAIN",
		ioctl(fd, IPMICTL_RECEIVE_MSG, &recv) == -1 && errno == EAGAIN);
	errno = ERANGE;
	check("errno stays when nothing fails",
		ioctl(fd, IPMICTL_GET_MY_LUN_CMD, &lun) == 0 && errno == ERANGE);
	close(fd);
}

/* SIGIO, as the driver gives it to whoever asked with fcntl. */
static void check_signal(void)
{
	struct timespec wait = {.tv_sec = ANSWER_WAIT_MS / 1000};
	int fd = open(DEVICE, O_RDWR);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, O_ASYNC);
	check("SIGIO when an answer comes", send_device_id(fd, 2) == 0 &&
						    sigtimedwait(&set, NULL, &wait) == SIGIO &&
						    answered(fd, 2));
	close(fd);
}

/* In another process: 0, or the errno of registering for the command. */
static int registers_elsewhere(struct ipmi_cmdspec *spec)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(DEVICE, O_RDWR);

		_exit(ioctl(fd, IPMICTL_REGISTER_FOR_CMD, spec) == 0 ? 0 : errno);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void check_registrations(void)
{
	struct ipmi_cmdspec spec = {.netfn = 0x30, .cmd = 0x43};
	int fd = open(DEVICE, O_RDWR), i, error = EBUSY;

	check("a registration", ioctl(fd, IPMICTL_REGISTER_FOR_CMD, &spec) == 0);
	check("is exclusive among processes", registers_elsewhere(&spec) == EBUSY);
	check("and is given back", ioctl(fd, IPMICTL_UNREGISTER_FOR_CMD, &spec) == 0 &&
					   registers_elsewhere(&spec) == 0);
	/* That process has gone, and the agent hears of it soon. */
	for (i = 0; i < 1000 && error == EBUSY; i++) {
		error = registers_elsewhere(&spec);
	}
	check("or ends with its process", error == 0);
	close(fd);
}

static void check_fake_root(void)
{
	const char *fake = getenv("VIPMI_FAKE_ROOT");
	uid_t real = (uid_t)syscall(SYS_getuid);

	check("who we are",
		getuid() == (fake && strcmp(fake, "1") == 0 ? 0 : real) && geteuid() == getuid());
}

static void *open_many(void *argument)
{
	int *count = argument, good = 0, i;

	for (i = 0; i < *count; i++) {
		good += works(open(DEVICE, O_RDWR)) ? 1 : 0;
	}
	*count -= good;
	return NULL;
}

static void check_threads(void)
{
	pthread_t threads[4];
	int counts[4] = {20, 20, 20, 20}, i, missing = 0;

	for (i = 0; i < 4; i++) {
		pthread_create(&threads[i], NULL, open_many, &counts[i]);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		missing += counts[i];
	}
	check("four threads open and ask", missing == 0);
}

/* All opens of a process at once, each asked with the same msgid, each answered. 0, or an errno. */
static int crowd(int opens)
{
	int *fds = calloc((size_t)opens, sizeof(*fds));
	int i, error = 0;
	bool good = true;

	for (i = 0; i < opens; i++) {
		fds[i] = open(DEVICE, O_RDWR);
		error = fds[i] < 0 ? errno : error;
	}
	for (i = 0; i < opens; i++) {
		good = good && send_device_id(fds[i], 4711) == 0;
	}
	for (i = 0; i < opens; i++) {
		good = good && answered(fds[i], 4711);
	}
	for (i = 0; i < opens; i++) {
		close(fds[i]);
	}
	free(fds);
	return error ? error : good ? 0 : EIO;
}

static void check_crowd(int opens, int processes)
{
	int i, status, good = 0;
	char text[64];
	const char *why = "";

	for (i = 0; i < processes; i++) {
		if (fork() == 0) {
			_exit(crowd(opens / processes));
		}
	}
	while (wait(&status) > 0) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			good++;
		} else {
			why = WIFEXITED(status) ? strerrorname_np(WEXITSTATUS(status)) : "killed";
		}
	}
	snprintf(text, sizeof(text), "%d opens in %d processes %s", opens, processes, why);
	check(text, good == processes);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: shim_calls OPENS PROCESSES\n");
		return 2;
	}
	check_spellings();
	check_others_untouched();
	check_behind_our_back();
	check_extended_numbers();
	check_signal();
	check_registrations();
	check_fake_root();
	check_threads();
	check_crowd(atoi(argv[1]), atoi(argv[2]));
	return failures ? 1 : 0;
}
