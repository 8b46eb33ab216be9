/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of sensors: read once from each controller's sensor data records, under
 * a reservation that is the virtual controller's own.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/event.h"
#include "cli/words.h"

/* IPMI 2.0 sections 33.11, 33.12, 35.3 and 35.4: the repository of a system's controller, and the
 * device's own records, are read alike. */
#define REPOSITORY_RESERVE 0x22
#define REPOSITORY_GET 0x23
#define DEVICE_RESERVE 0x22
#define DEVICE_GET 0x21
#define RECORD_FIRST 0x0000
#define RECORD_LAST 0xFFFF
/* Bytes at once: what every interface carries, an IPMB included. */
#define PIECE_MAX 16
/* Records of one controller: a list that goes round in circles must end. */
#define RECORDS_MAX 4096
/* Asked for a name, not for a reading: who is silent so long has none. */
#define TIMEOUT_MS 2000
/* A sensor's number repeats by LUN; records of controllers asked are remembered by both. */
#define CONTROLLERS_MAX 64

struct controller {
	uint8_t channel, address;
};

struct event_names {
	struct vipmi *vipmi; /* of their own: who waits for a name must not miss a message */
	struct vipmi_handle *handle;
	struct ipmi_sdr *records;
	size_t count, room;
	struct controller asked[CONTROLLERS_MAX]; /* on the bus, whether they answered or not */
	size_t asked_count;
};

/* Where records are read: the controller itself, or a responder on its bus. */
struct source {
	struct vipmi_handle *handle;
	uint8_t target_kind, channel, address;
	uint8_t netfn, reserve, get;
};

static bool ask(const struct source *source, uint8_t command, const void *data, size_t length,
	size_t wanted, struct vipmi_answer *ret_answer)
{
	struct vipmi_request request = vipmi_request_make(source->netfn, command, data, length);

	request.target_kind = source->target_kind;
	request.channel = source->channel;
	request.address = source->address;
	request.timeout_ms = TIMEOUT_MS;
	return vipmi_command(source->handle, &request, ret_answer) == 0 &&
	       ret_answer->cc == VIPMI_CC_OK && ret_answer->length >= wanted;
}

static bool keep(struct event_names *names, const uint8_t *record, size_t length)
{
	struct ipmi_sdr sdr;

	if (!ipmi_sdr_decode(record, length, &sdr) || !sdr.name[0]) {
		return true;
	}
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 32;
		struct ipmi_sdr *records =
			reallocarray(names->records, room, sizeof(*names->records));

		if (!records) {
			return false;
		}
		names->records = records;
		names->room = room;
	}
	names->records[names->count++] = sdr;
	return true;
}

/* Reads one record in pieces, and says which is next. */
static bool record_read(struct event_names *names, const struct source *source,
	const uint8_t *reservation, uint16_t *id)
{
	uint8_t record[IPMI_SDR_LENGTH_MAX];
	size_t length = 0, whole = IPMI_SDR_HEADER_LENGTH;
	struct vipmi_answer answer;

	while (length < whole) {
		size_t piece = whole - length > PIECE_MAX ? PIECE_MAX : whole - length;
		const uint8_t data[] = {reservation[0], reservation[1], (uint8_t)*id,
			(uint8_t)(*id >> 8), (uint8_t)length, (uint8_t)piece};

		if (!ask(source, source->get, data, sizeof(data), 2 + piece, &answer)) {
			return false;
		}
		memcpy(record + length, answer.data + 2, piece);
		length += piece;
		if (length == IPMI_SDR_HEADER_LENGTH) {
			whole += record[4];
		}
	}
	*id = (uint16_t)(answer.data[0] | answer.data[1] << 8);
	return keep(names, record, length);
}

/* False: there is nothing to be read. */
static bool records_read(struct event_names *names, const struct source *source)
{
	struct vipmi_answer reserved;
	uint16_t id = RECORD_FIRST;
	int i;

	if (!ask(source, source->reserve, NULL, 0, 2, &reserved)) {
		return false;
	}
	for (i = 0; i < RECORDS_MAX && id != RECORD_LAST; i++) {
		if (!record_read(names, source, reserved.data, &id)) {
			break;
		}
	}
	return true;
}

static void names_read(struct event_names *names)
{
	const struct source repository = {.handle = names->handle,
		.netfn = VIPMI_NETFN_STORAGE,
		.reserve = REPOSITORY_RESERVE,
		.get = REPOSITORY_GET};
	const struct source device = {.handle = names->handle,
		.netfn = VIPMI_NETFN_SENSOR,
		.reserve = DEVICE_RESERVE,
		.get = DEVICE_GET};

	/* A controller that is no system's has its own records only. */
	if (!records_read(names, &repository)) {
		(void)records_read(names, &device);
	}
}

struct event_names *event_names_read(const struct cli *cli)
{
	const struct vipmi_handle_options options = {
		.size = sizeof(options), .name = "vipmi-names"};
	struct event_names *names = calloc(1, sizeof(*names));

	if (!names) {
		return NULL;
	}
	if (vipmi_connect(cli->target, NULL, &names->vipmi) < 0) {
		names->vipmi = NULL;
	} else if (vipmi_handle_open(names->vipmi, &options, &names->handle) < 0) {
		names->handle = NULL;
	} else {
		names_read(names);
	}
	return names;
}

void event_names_free(struct event_names *names)
{
	if (names) {
		vipmi_disconnect(names->vipmi);
		free(names->records);
		free(names);
	}
}

/* Whether it was not asked before, and now is. */
static bool controller_ask(struct event_names *names, uint8_t channel, uint8_t address)
{
	const struct source device = {.handle = names->handle,
		.target_kind = VIPMI_TARGET_IPMB,
		.channel = channel,
		.address = address,
		.netfn = VIPMI_NETFN_SENSOR,
		.reserve = DEVICE_RESERVE,
		.get = DEVICE_GET};
	struct source repository = device;
	size_t i;

	for (i = 0; i < names->asked_count; i++) {
		if (names->asked[i].channel == channel && names->asked[i].address == address) {
			return false;
		}
	}
	if (!names->handle || names->asked_count == CONTROLLERS_MAX) {
		return false;
	}
	names->asked[names->asked_count++] = (struct controller){channel, address};
	if (records_read(names, &device)) {
		return true;
	}
	/* Our card may be one of many, and this the manager of them all. */
	repository.netfn = VIPMI_NETFN_STORAGE;
	repository.reserve = REPOSITORY_RESERVE;
	repository.get = REPOSITORY_GET;
	return records_read(names, &repository);
}

static const struct ipmi_sdr *find(
	const struct event_names *names, uint8_t owner, uint8_t owner_lun, uint8_t sensor)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (ipmi_sdr_is_for(&names->records[i], owner, owner_lun, sensor)) {
			return &names->records[i];
		}
	}
	return NULL;
}

bool event_names_find(struct event_names *names, uint8_t channel, uint8_t owner, uint8_t owner_lun,
	uint8_t sensor, char text[EVENT_NAME_ROOM])
{
	const struct ipmi_sdr *sdr = find(names, owner, owner_lun, sensor);

	/* Bit 0: a software ID, which has no address (section 32.1). */
	if (!sdr && !(owner & 1) && controller_ask(names, channel, owner)) {
		sdr = find(names, owner, owner_lun, sensor);
	}
	if (!sdr) {
		return false;
	}
	ipmi_sdr_name(sdr, sensor, text);
	return true;
}

static bool is_called(const char *name, const char *word)
{
	char slug[EVENT_NAME_ROOM];

	words_slug(name, slug, sizeof(slug));
	return strcasecmp(name, word) == 0 || strcasecmp(slug, word) == 0;
}

size_t event_names_search(const struct event_names *names, const char *word,
	struct event_sensor *ret_sensors, size_t most)
{
	char name[EVENT_NAME_ROOM];
	size_t found = 0, i;
	uint8_t shared;

	for (i = 0; i < names->count; i++) {
		const struct ipmi_sdr *sdr = &names->records[i];

		for (shared = 0; shared < sdr->shared; shared++) {
			uint8_t sensor = (uint8_t)(sdr->sensor + shared);

			ipmi_sdr_name(sdr, sensor, name);
			if (!is_called(name, word)) {
				continue;
			}
			if (found < most) {
				ret_sensors[found] = (struct event_sensor){sdr->owner, sensor};
			}
			found++;
		}
	}
	return found;
}

void event_names_offer(const struct event_names *names, struct suggestion *suggestion)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		suggest_offer(suggestion, names->records[i].name);
	}
}
