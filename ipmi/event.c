/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/event.h"

#include "base/bytes.h"

/* Table 42-2: offsets of the reading types that say how bad it is. */
static enum ipmi_severity threshold_severity(uint8_t offset)
{
	static const uint8_t severities[] = {
		IPMI_SEVERITY_NON_CRITICAL, IPMI_SEVERITY_NON_CRITICAL,       /* lower */
		IPMI_SEVERITY_CRITICAL, IPMI_SEVERITY_CRITICAL,               /* lower */
		IPMI_SEVERITY_NON_RECOVERABLE, IPMI_SEVERITY_NON_RECOVERABLE, /* lower */
		IPMI_SEVERITY_NON_CRITICAL, IPMI_SEVERITY_NON_CRITICAL,       /* upper */
		IPMI_SEVERITY_CRITICAL, IPMI_SEVERITY_CRITICAL,               /* upper */
		IPMI_SEVERITY_NON_RECOVERABLE, IPMI_SEVERITY_NON_RECOVERABLE, /* upper */
	};

	return offset < ARRAY_LENGTH(severities) ? (enum ipmi_severity)severities[offset]
						 : IPMI_SEVERITY_NONE;
}

static enum ipmi_severity transition_severity(uint8_t offset)
{
	static const uint8_t severities[] = {
		IPMI_SEVERITY_NONE,            /* to OK */
		IPMI_SEVERITY_NON_CRITICAL,    /* from OK */
		IPMI_SEVERITY_CRITICAL,        /* from less severe */
		IPMI_SEVERITY_NON_RECOVERABLE, /* from less severe */
		IPMI_SEVERITY_NON_CRITICAL,    /* from more severe */
		IPMI_SEVERITY_CRITICAL,        /* from non-recoverable */
		IPMI_SEVERITY_NON_RECOVERABLE, /* to */
	};

	return offset < ARRAY_LENGTH(severities) ? (enum ipmi_severity)severities[offset]
						 : IPMI_SEVERITY_NONE;
}

static void decode_system(struct reader *reader, struct ipmi_event *event)
{
	uint8_t generator2, type;

	event->generator = reader_u8(reader);
	generator2 = reader_u8(reader);
	event->generator_lun = generator2 & 0x03;
	event->channel = generator2 >> 4;
	event->revision = reader_u8(reader);
	event->sensor_type = reader_u8(reader);
	event->sensor = reader_u8(reader);
	type = reader_u8(reader);
	event->deasserted = type & 0x80;
	event->reading_type = type & 0x7F;
	event->data[0] = reader_u8(reader);
	event->data[1] = reader_u8(reader);
	event->data[2] = reader_u8(reader);
	event->offset = event->data[0] & 0x0F;
	if (event->reading_type == IPMI_READING_THRESHOLD) {
		event->severity = threshold_severity(event->offset);
	} else if (event->reading_type == IPMI_READING_SEVERITY) {
		event->severity = transition_severity(event->offset);
	}
	event->board_moves = event->sensor_type == IPMI_SENSOR_SLOT ||
			     event->sensor_type == IPMI_SENSOR_ENTITY_PRESENCE ||
			     event->sensor_type == IPMI_SENSOR_HOT_SWAP;
}

void ipmi_event_decode(const uint8_t *record, struct ipmi_event *ret_event)
{
	struct reader reader = reader_init(record, IPMI_EVENT_LENGTH);

	*ret_event = (struct ipmi_event){.record_id = reader_u16le(&reader)};
	ret_event->record_type = reader_u8(&reader);
	if (ret_event->record_type < IPMI_EVENT_OEM_PLAIN) {
		ret_event->time_s = reader_u32le(&reader);
	}
	if (ret_event->record_type == IPMI_EVENT_SYSTEM) {
		decode_system(&reader, ret_event);
	}
}
