/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The caller's memory, into which the driver's structures point.
 *
 * The kernel copies for us, in rounds: an IOCTL comes with what we asked for the
 * last time, at first nothing; what is missing we ask for, and the same IOCTL comes
 * again. Nothing is kept in between: each time the call is done from its beginning,
 * and takes what it reads from what came, piece after piece, until there is all it
 * needs. Where a program does as it did before, what it will need is asked for at
 * once. We must not reach over ourselves (process_vm_readv): a page of the caller's
 * may lie in a file that never comes, and everybody would wait for it.
 */
#include <sys/ioctl.h>

#include "base/assert.h"
#include "faces/cuse.h"

/*
 * A program that receives with the same structure again will want the message in the
 * same buffers. So the structure is taken for what it was, and with it leave is asked
 * for to write there, which touches nothing. The structure then comes, and if it
 * names other buffers, all is asked for as usual. That it is the reply to this guess
 * shows in a second piece, which is as long as the habit's tag says.
 */
static bool guess(struct cuse_call *call, void *destination, uint64_t source, size_t length)
{
	const struct cuse_habit *habit = &call->file->habit;

	if (call->request->in_size > 0 || habit->number != call->request->number ||
		habit->argument != source || habit->length != length) {
		return false;
	}
	memcpy(destination, habit->structure, length);
	call->guessed = true;
	return true;
}

/* The kernel's answer to a guess. As usual we ask to see as much as we ask to write; a tag is
 * shorter than any message. */
static bool is_guess(const struct cuse_call *call)
{
	uint32_t more = call->request->in_size - call->structure_length;

	return call->structure_length > 0 && more > 0 && more < call->request->out_size;
}

static bool guess_holds(
	const struct cuse_call *call, const struct driver_copy *copies, size_t count, size_t total)
{
	const struct cuse_habit *habit = &call->file->habit;
	uint32_t more = call->request->in_size - call->structure_length;

	return count == DRIVER_COPIES_MAX && more == 1u + habit->tag &&
	       habit->number == call->request->number && copies[0].destination == habit->addr &&
	       copies[1].destination == habit->data && copies[2].destination == habit->argument &&
	       total == call->request->out_size;
}

void cuse_memory_learn(struct cuse_call *call)
{
	const bool narrow = call->structure_length == driver_recv_length(true);
	struct cuse_habit *habit = &call->file->habit;
	struct driver_recv recv;

	if (!call->received || call->structure_length != driver_recv_length(narrow)) {
		return;
	}
	driver_recv_read(call->structure, narrow, &recv);
	if (habit->number != call->request->number || habit->argument != call->request->argument ||
		habit->addr != recv.addr || habit->data != recv.data) {
		habit->tag = (uint8_t)((habit->tag + 1) % CUSE_HABIT_TAGS);
	}
	habit->number = call->request->number;
	habit->argument = call->request->argument;
	habit->addr = recv.addr;
	habit->data = recv.data;
	habit->length = call->structure_length;
	memcpy(habit->structure, call->structure, habit->length);
}

int cuse_memory_read(void *context, void *destination, uint64_t source, size_t length)
{
	struct cuse_call *call = &((struct cuse_face *)context)->call;

	if (length == 0) {
		return 0;
	}
	BASE_ASSERT(call->in_count < CUSE_PIECES_MAX);
	call->in[call->in_count++] = (struct cuse_piece){source, length};
	if (call->request->in_size - call->taken < length) {
		return guess(call, destination, source, length) ? 0 : CUSE_MORE_NEEDED;
	}
	memcpy(destination, call->request->in + call->taken, length);
	if (call->taken == 0 && source == call->request->argument && length <= DRIVER_LAYOUT_MAX) {
		memcpy(call->structure, destination, length);
		call->structure_length = (uint8_t)length;
	}
	call->taken += (uint32_t)length;
	return 0;
}

/*
 * With leave to write there comes room for as much as we asked leave for. What we
 * are about to overwrite we ask to see, too, and do not look at: so a bad pointer
 * is found before the message is taken out of the queue.
 */
int cuse_memory_write(void *context, const struct driver_copy *copies, size_t count)
{
	struct cuse_call *call = &((struct cuse_face *)context)->call;
	const struct cuse_piece tag = {call->request->argument, 1u + call->file->habit.tag};
	size_t i, total = 0, asked = call->in_count;

	BASE_ASSERT(call->in_count + count <= CUSE_PIECES_MAX);
	for (i = 0; i < count; i++) {
		const struct cuse_piece piece = {copies[i].destination, copies[i].length};

		if (piece.length == 0) {
			continue;
		}
		call->in[call->in_count++] = piece;
		call->out[call->out_count++] = piece;
		BASE_ASSERT(piece.length <= CUSE_DATA_MAX - total);
		memcpy(call->data + total, copies[i].source, piece.length);
		total += piece.length;
	}
	if (call->guessed) {
		call->in[asked] = tag;
		call->in_count = asked + 1;
		return CUSE_MORE_NEEDED;
	}
	if (is_guess(call) ? !guess_holds(call, copies, count, total)
			   : call->request->out_size != total) {
		return CUSE_MORE_NEEDED;
	}
	call->data_length = total;
	return 0;
}

/* A request's structure is there and its address is missing: its data will be next. Asked for with
 * it, a message takes a round less. */
static void foresee(struct cuse_call *call)
{
	static const struct {
		uint32_t number;
		bool narrow, settime;
	} sends[] = {
		{_IOR(IPMI_IOC_MAGIC, 13, uint8_t[40]), false, false},
		{_IOR(IPMI_IOC_MAGIC, 21, uint8_t[48]), false, true},
		{_IOR(IPMI_IOC_MAGIC, 13, uint8_t[20]), true, false},
		{_IOR(IPMI_IOC_MAGIC, 21, uint8_t[28]), true, true},
	};
	struct driver_req req;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(sends); i++) {
		if (sends[i].number == call->request->number && call->in_count == 2) {
			driver_req_read(call->request->in, sends[i].narrow, sends[i].settime, &req);
			if (req.data && req.data_length > 0 && req.data_length <= DRIVER_DATA_MAX) {
				call->in[call->in_count++] =
					(struct cuse_piece){req.data, req.data_length};
			}
			return;
		}
	}
}

void cuse_memory_ask(struct cuse_call *call, int fd)
{
	foresee(call);
	cuse_reply_retry(
		fd, call->request->unique, call->in, call->in_count, call->out, call->out_count);
}
