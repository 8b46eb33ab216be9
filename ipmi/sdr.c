/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/sdr.h"

#include "base/bytes.h"

/* Section 43.15: how a name is written. */
#define CODE_UNICODE 0
#define CODE_BCD_PLUS 1
#define CODE_SIX_BIT 2

#define MODIFIER_ALPHABETIC 1
#define LETTERS 26

/* Where the record types differ. Sections 43.1 to 43.3, offsets from the record's first byte. */
struct layout {
	uint8_t sensor_type; /* the event/reading type follows it */
	uint8_t sharing;     /* 0: one record, one sensor */
	uint8_t name;        /* its type and length; the name follows it */
};

static const struct layout layouts[] = {
	[IPMI_SDR_FULL] = {12, 0, 47},
	[IPMI_SDR_COMPACT] = {12, 23, 31},
	[IPMI_SDR_EVENT_ONLY] = {10, 12, 16},
};

static void put(char **to, char character)
{
	*(*to)++ = character;
}

static void put_latin1(char **to, uint8_t character)
{
	if (character < 0x80) {
		put(to, (char)character);
	} else {
		put(to, (char)(0xC0 | character >> 6));
		put(to, (char)(0x80 | (character & 0x3F)));
	}
}

static void put_six_bit(char **to, const uint8_t *bytes, size_t length)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		bits |= (uint32_t)bytes[i] << count;
		for (count += 8; count >= 6; count -= 6) {
			put(to, (char)(0x20 + (bits & 0x3F)));
			bits >>= 6;
		}
	}
}

static void name_read(const uint8_t *bytes, size_t length, uint8_t code, char *to)
{
	static const char bcd_plus[] = "0123456789 -.:,_";
	size_t i;

	switch (code) {
	case CODE_UNICODE:
		break; /* nobody says which kind of it */
	case CODE_SIX_BIT:
		put_six_bit(&to, bytes, length);
		break;
	case CODE_BCD_PLUS:
		for (i = 0; i < length; i++) {
			put(&to, bcd_plus[bytes[i] >> 4]);
			put(&to, bcd_plus[bytes[i] & 0x0F]);
		}
		break;
	default: /* 8-bit ASCII and Latin 1; zeros fill up */
		for (i = 0; i < length && bytes[i]; i++) {
			put_latin1(&to, bytes[i]);
		}
		break;
	}
	put(&to, '\0');
}

bool ipmi_sdr_decode(const uint8_t *record, size_t length, struct ipmi_sdr *ret_sdr)
{
	struct ipmi_sdr sdr = {.shared = 1};
	const struct layout *layout;
	size_t name_length, whole;

	if (length < IPMI_SDR_HEADER_LENGTH || record[3] < IPMI_SDR_FULL ||
		record[3] > IPMI_SDR_EVENT_ONLY) {
		return false;
	}
	layout = &layouts[record[3]];
	whole = IPMI_SDR_HEADER_LENGTH + (size_t)record[4];
	length = length < whole ? length : whole;
	if (length <= layout->name) {
		return false;
	}
	sdr.record_id = (uint16_t)(record[0] | record[1] << 8);
	sdr.record_type = record[3];
	sdr.owner = record[5];
	sdr.owner_lun = record[6] & 0x03;
	sdr.channel = record[6] >> 4;
	sdr.sensor = record[7];
	sdr.sensor_type = record[layout->sensor_type];
	sdr.reading_type = record[layout->sensor_type + 1];
	if (layout->sharing && (record[layout->sharing] & 0x0F) > 1) {
		sdr.shared = record[layout->sharing] & 0x0F;
		sdr.alphabetic = (record[layout->sharing] >> 4 & 0x03) == MODIFIER_ALPHABETIC;
		sdr.instance = record[layout->sharing + 1] & 0x7F;
	}
	name_length = record[layout->name] & 0x1Fu;
	if (name_length > length - layout->name - 1) {
		name_length = length - layout->name - 1;
	}
	name_read(record + layout->name + 1, name_length, record[layout->name] >> 6, sdr.name);
	*ret_sdr = sdr;
	return true;
}

bool ipmi_sdr_is_for(const struct ipmi_sdr *sdr, uint8_t owner, uint8_t owner_lun, uint8_t sensor)
{
	return sdr->owner == owner && sdr->owner_lun == owner_lun && sensor >= sdr->sensor &&
	       sensor - sdr->sensor < sdr->shared;
}

void ipmi_sdr_name(const struct ipmi_sdr *sdr, uint8_t sensor, char *text)
{
	unsigned instance = (unsigned)sdr->instance + sensor - sdr->sensor;
	const char *from = sdr->name;

	while (*from) {
		put(&text, *from++);
	}
	if (sdr->shared > 1 && sdr->alphabetic) {
		if (instance >= LETTERS) { /* A to Z, then AA */
			put(&text, (char)('A' + instance / LETTERS - 1));
		}
		put(&text, (char)('A' + instance % LETTERS));
	} else if (sdr->shared > 1) {
		if (instance >= 100) {
			put(&text, (char)('0' + instance / 100));
		}
		if (instance >= 10) {
			put(&text, (char)('0' + instance / 10 % 10));
		}
		put(&text, (char)('0' + instance % 10));
	}
	put(&text, '\0');
}
