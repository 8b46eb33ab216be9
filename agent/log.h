/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's log: one line a message on standard error, with the journal's
 * priority in front where the journal reads it. A flood of lines is cut to
 * LOG_LINES_PER_SECOND, and says so.
 */
#ifndef VIPMI_AGENT_LOG_H
#define VIPMI_AGENT_LOG_H

/* As syslog's. */
enum log_priority {
	LOG_PRIORITY_ERROR = 3,
	LOG_PRIORITY_WARNING = 4,
	LOG_PRIORITY_NOTICE = 5,
};

/* A misbehaving program must not fill the disk; a thousand that die at once may all be named. */
#define LOG_LINES_PER_SECOND 2000u

void log_init(void);
void log_line(enum log_priority priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
