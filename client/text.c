/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words for a person: what is wrong and how to mend it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/internal.h"

static __thread char error_text[512] = "no error";

int text_fail(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(error_text, sizeof(error_text), format, arguments);
	va_end(arguments);
	return error;
}

const char *vipmi_error_text(void)
{
	return error_text;
}

void text_copy(char *destination, size_t size, const void *text, size_t length)
{
	size_t copied = length < size ? length : size - 1;

	if (copied > 0) {
		memcpy(destination, text, copied);
	}
	destination[copied] = '\0';
}

struct reason_text {
	int error;
	const char *name;
	const char *text;
};

/* One line for each enum vipmi_reason. */
static const struct reason_text reasons[VIPMI_REASON_COUNT] = {
	[VIPMI_REASON_NONE] = {0, "none", "no reason given"},
	[VIPMI_REASON_EXPIRED] = {-ETIMEDOUT, "expired", "its time was over"},
	[VIPMI_REASON_CANCELLED] = {-ECANCELED, "cancelled", "it was cancelled"},
	[VIPMI_REASON_SILENT] = {-ETIMEDOUT, "silent", "the controller did not answer"},
	[VIPMI_REASON_LINK_DOWN] = {-ENETDOWN, "link_down", "the link to the controller is down"},
	[VIPMI_REASON_TOO_LONG] = {-EMSGSIZE, "too_long", "it is longer than the link carries"},
	[VIPMI_REASON_NOT_CARRIED] = {-EOPNOTSUPP, "not_carried",
		"the link or the controller cannot carry such a request"},
	[VIPMI_REASON_BUS] = {-EHOSTUNREACH, "bus",
		"the responder on the IPMB did not take or answer it; is there one at that "
		"address?"},
	[VIPMI_REASON_RESERVED] = {-EPERM, "reserved", "another handle has reserved the command"},
	[VIPMI_REASON_FULL] = {-ENOSPC, "full", "a limit of the agent is reached"},
	[VIPMI_REASON_STALE] = {-ESTALE, "stale", "the agent does not know the handle"},
	[VIPMI_REASON_PROTOCOL] = {-EPROTO, "protocol",
		"the protocol was broken; are agent and library of one version?"},
	[VIPMI_REASON_DENIED] = {-EACCES, "denied", "not allowed to this program"},
	[VIPMI_REASON_KICKED] = {-ECONNABORTED, "kicked", "an administrator ended the connection"},
	[VIPMI_REASON_UNSUPPORTED] = {-EOPNOTSUPP, "unsupported",
		"the agent does not know such a thing; is it of an older version?"},
	[VIPMI_REASON_NOT_FOUND] = {-ENOENT, "not_found", "there is no such thing"},
	/* The virtual controller's own answer, C5: an answer, not an error. */
	[VIPMI_REASON_VOID] = {0, "void", "somebody else changed what the reservation protected"},
	[VIPMI_REASON_CONTROLLER_RESET] = {-ENETDOWN, "controller_reset",
		"the controller was reset while it had the request"},
};

int text_reason_error(uint8_t reason)
{
	return reason < VIPMI_REASON_COUNT ? reasons[reason].error : -EIO;
}

const char *vipmi_reason_name(unsigned int reason)
{
	return reason < VIPMI_REASON_COUNT ? reasons[reason].name : "unknown";
}

static const char *sent_text(uint8_t sent)
{
	switch (sent) {
	case VIPMI_SENT_NO:
		return "it was not sent";
	case VIPMI_SENT_YES:
		return "it was sent to the controller";
	default:
		return "it may have been executed";
	}
}

void text_fail_request(const struct vipmi *vipmi, const struct call *call)
{
	const struct vipmi_answer *answer = &call->answer;
	const char *why = answer->reason < VIPMI_REASON_COUNT ? reasons[answer->reason].text
							      : "for a reason unknown here";

	if (call->text[0]) {
		why = call->text;
	} else if (answer->error == -ECONNRESET || answer->error == -ECONNREFUSED) {
		why = vipmi->text;
	}
	(void)text_fail(answer->error, "%s (%s)", why, sent_text(answer->sent));
}

const char *vipmi_strerror(int error)
{
	switch (error) {
	case 0:
		return "no error";
	case -ENOENT:
		return "there is no such thing; of a connection: no such socket, is vipmid "
		       "running?";
	case -ECONNREFUSED:
		return "nobody answers at the agent's socket; is vipmid running?";
	case -EACCES:
		return "not allowed; join the group vipmi";
	case -ECONNRESET:
		return "the agent went away; what it had been given may have been executed";
	case -ECONNABORTED:
		return reasons[VIPMI_REASON_KICKED].text;
	case -EPROTO:
		return reasons[VIPMI_REASON_PROTOCOL].text;
	case -ETIMEDOUT:
		return "no answer in time";
	case -ECANCELED:
		return "cancelled";
	case -ENETDOWN:
		return "the link to the controller is down, or the controller was reset";
	case -EHOSTUNREACH:
		return reasons[VIPMI_REASON_BUS].text;
	case -EMSGSIZE:
		return "longer than the link carries";
	case -EOPNOTSUPP:
		return reasons[VIPMI_REASON_NOT_CARRIED].text;
	case -EPERM:
		return reasons[VIPMI_REASON_RESERVED].text;
	case -ENOSPC:
		return reasons[VIPMI_REASON_FULL].text;
	case -ESTALE:
		return reasons[VIPMI_REASON_STALE].text;
	case -EBUSY:
		return "as many requests outstanding as the handle may have; dispatch, then try "
		       "again";
	case -ECHILD:
		return "the connection belongs to the process that made it, not to its child";
	case -EINVAL:
		return "a field is out of range";
	case -E2BIG:
		return "an option that this version of the library does not know";
	case -ENAMETOOLONG:
		return "the path of a socket has at most 107 bytes";
	case -EINTR:
		return "interrupted by a signal";
	case -ENOMEM:
		return "no memory";
	default:
		return strerrordesc_np(-error) ? strerrordesc_np(-error) : "unknown error";
	}
}

const char *vipmi_version(void)
{
	return VIPMI_VERSION;
}

int options_copy(void *destination, size_t size, const void *source)
{
	const uint8_t *bytes = source;
	size_t given;

	memset(destination, 0, size);
	if (!source) {
		return 0;
	}
	memcpy(&given, source, sizeof(given)); /* every one of them starts with its size */
	if (given < sizeof(given)) {
		return text_fail(-EINVAL, "an option structure's `size` is not set");
	}
	for (size_t i = size; i < given; i++) {
		if (bytes[i]) {
			return text_fail(
				-E2BIG, "an option that libvipmi " VIPMI_VERSION " does not know");
		}
	}
	memcpy(destination, source, given < size ? given : size);
	return 0;
}
