/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cursor through which every byte of every wire passes: bounds-checked,
 * with a sticky error and explicit endianness. A decoder reads all its fields
 * and asks once at the end whether everything was there; after a failure reads
 * give zeros and writes go nowhere.
 */
#ifndef VIPMI_BASE_BYTES_H
#define VIPMI_BASE_BYTES_H

#include "base/compat.h"

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

struct writer {
	uint8_t *start, *at, *end;
	bool failed;
};

static inline struct reader reader_init(const void *bytes, size_t length)
{
	const uint8_t *start = bytes;

	/* Nothing may lie at NULL, and C has no NULL + 0. */
	return (struct reader){.at = start, .end = length ? start + length : start};
}

static inline size_t reader_left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* The next `length` bytes in place, or NULL (and a sticky failure) when there are fewer. */
static inline const uint8_t *reader_bytes(struct reader *reader, size_t length)
{
	const uint8_t *bytes = reader->at;

	if (reader->failed || reader_left(reader) < length) {
		reader->failed = true;
		return NULL;
	}
	reader->at += length;
	return bytes;
}

/* Copies the next `length` bytes out; on failure the destination is untouched. */
static inline bool reader_copy(struct reader *reader, void *destination, size_t length)
{
	const uint8_t *bytes = reader_bytes(reader, length);

	if (!bytes) {
		return false;
	}
	memcpy(destination, bytes, length);
	return true;
}

static inline uint8_t reader_u8(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 1);

	return b ? b[0] : 0;
}

static inline uint16_t reader_u16le(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 2);

	return b ? (uint16_t)(b[0] | b[1] << 8) : 0;
}

static inline uint32_t reader_u24le(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 3);

	return b ? (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 : 0;
}

static inline uint32_t reader_u32le(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 4);

	if (!b) {
		return 0;
	}
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t reader_u64le(struct reader *reader)
{
	uint64_t low = reader_u32le(reader);

	return low | (uint64_t)reader_u32le(reader) << 32;
}

static inline struct writer writer_init(void *bytes, size_t size)
{
	uint8_t *start = bytes;

	return (struct writer){.start = start, .at = start, .end = size ? start + size : start};
}

/* Bytes written so far. */
static inline size_t writer_length(const struct writer *writer)
{
	return (size_t)(writer->at - writer->start);
}

static inline size_t writer_left(const struct writer *writer)
{
	return (size_t)(writer->end - writer->at);
}

/* Room for `length` bytes that the caller fills, or NULL (and a sticky failure). */
static inline uint8_t *writer_reserve(struct writer *writer, size_t length)
{
	uint8_t *bytes = writer->at;

	if (writer->failed || writer_left(writer) < length) {
		writer->failed = true;
		return NULL;
	}
	writer->at += length;
	return bytes;
}

static inline void writer_bytes(struct writer *writer, const void *source, size_t length)
{
	uint8_t *bytes = writer_reserve(writer, length);

	if (bytes && length > 0) {
		memcpy(bytes, source, length);
	}
}

static inline void writer_u8(struct writer *writer, uint8_t value)
{
	uint8_t *b = writer_reserve(writer, 1);

	if (b) {
		b[0] = value;
	}
}

static inline void writer_u16le(struct writer *writer, uint16_t value)
{
	uint8_t *b = writer_reserve(writer, 2);

	if (b) {
		b[0] = (uint8_t)value;
		b[1] = (uint8_t)(value >> 8);
	}
}

static inline void writer_u24le(struct writer *writer, uint32_t value)
{
	writer_u16le(writer, (uint16_t)value);
	writer_u8(writer, (uint8_t)(value >> 16));
}

static inline void writer_u32le(struct writer *writer, uint32_t value)
{
	uint8_t *b = writer_reserve(writer, 4);

	if (b) {
		b[0] = (uint8_t)value;
		b[1] = (uint8_t)(value >> 8);
		b[2] = (uint8_t)(value >> 16);
		b[3] = (uint8_t)(value >> 24);
	}
}

static inline void writer_u64le(struct writer *writer, uint64_t value)
{
	writer_u32le(writer, (uint32_t)value);
	writer_u32le(writer, (uint32_t)(value >> 32));
}

#endif
