/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab/target.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int target_open(const char *target)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat is;
	int fd;

	if (stat(target, &is) == 0 && S_ISCHR(is.st_mode)) {
		return open(target, O_RDWR | O_CLOEXEC);
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", target);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}
