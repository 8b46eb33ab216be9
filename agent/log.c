/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1600

static bool to_journal;
static time_t second;
static unsigned int lines, suppressed;

void log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	/* The variable is inherited; only if it names our own standard error is it meant for us. */
	to_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		     status.st_ino == inode;
}

static void line_write(enum log_priority priority, const char *text)
{
	char line[LINE_MAX_BYTES];
	int length;

	if (to_journal) {
		length = snprintf(line, sizeof(line), "<%d>%s\n", (int)priority, text);
	} else {
		length = snprintf(line, sizeof(line), "vipmid: %s\n", text);
	}
	if (length >= (int)sizeof(line)) {
		length = (int)sizeof(line) - 1;
		line[length - 1] = '\n';
	}
	/* There is nobody to tell if the log itself fails. */
	if (write(STDERR_FILENO, line, (size_t)length) < 0) {
		return;
	}
}

void log_line(enum log_priority priority, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	struct timespec now;
	va_list arguments;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec != second) {
		second = now.tv_sec;
		lines = 0;
		if (suppressed > 0) {
			snprintf(text, sizeof(text), "%u lines left out", suppressed);
			suppressed = 0;
			line_write(LOG_PRIORITY_WARNING, text);
		}
	}
	if (priority > LOG_PRIORITY_ERROR && lines++ >= LOG_LINES_PER_SECOND) {
		suppressed++;
		return;
	}
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	line_write(priority, text);
}
