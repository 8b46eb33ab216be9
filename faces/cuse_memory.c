/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The caller's memory, into which the driver's structures point.
 *
 * The kernel copies for us, in rounds: an IOCTL comes with what we asked for the
 * last time, at first nothing; what is missing we ask for, and the same IOCTL comes
 * again. Nothing is kept in between: each time the call is done from its beginning,
 * and takes what it reads from what came, piece after piece, until there is all it
 * needs. We must not reach over ourselves (process_vm_readv): a page of the caller's
 * may lie in a file that never comes, and everybody would wait for it.
 */
#include <sys/ioctl.h>

#include "base/assert.h"
#include "faces/cuse.h"

int cuse_memory_read(void *context, void *destination, uint64_t source, size_t length)
{
	struct cuse_call *call = &((struct cuse_face *)context)->call;

	if (length == 0) {
		return 0;
	}
	BASE_ASSERT(call->in_count < CUSE_PIECES_MAX);
	call->in[call->in_count++] = (struct cuse_piece){source, length};
	if (call->request->in_size - call->taken < length) {
		return CUSE_MORE_NEEDED;
	}
	memcpy(destination, call->request->in + call->taken, length);
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
	size_t i, total = 0;

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
	if (call->request->out_size != total) {
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
