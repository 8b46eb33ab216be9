/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every analog sensor of the controller, in the text format that Prometheus
 * collects. Reads the sensor data records once, under a reservation that nobody
 * else can break, since it is the virtual controller's own; then the sensors.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vipmi/vipmi.h>

#include "sensor_record.h"

/* IPMI 2.0 sections 33.11, 33.12 and 35.14. */
#define COMMAND_RESERVE_SDR 0x22
#define COMMAND_GET_SDR 0x23
#define COMMAND_GET_READING 0x2D
#define RECORD_LAST 0xFFFF
#define RECORD_MAX 64
#define HEADER_LENGTH 5
#define PIECE_MAX 16 /* what every interface carries */
#define READING_UNAVAILABLE 0x20
#define SENSORS_MAX 256

static const char usage[] =
	"usage: sensors [--file PATH] [--every SECONDS [--rounds N]]\n"
	"\n"
	"Writes the readings of all analog sensors in Prometheus' text format.\n"
	"\n"
	"  --file PATH      to this file, replaced as a whole; without it, to the output\n"
	"  --every SECONDS  again and again; without it, once\n"
	"  --rounds N       end after so many times\n";

static struct sensor sensors[SENSORS_MAX];
static size_t sensor_count;

/* 0, or 1 where the controller says no or too little; -1 where nobody answered. */
static int ask(struct vipmi_handle *handle, const struct vipmi_request *request, size_t wanted,
	struct vipmi_answer *ret_answer)
{
	if (vipmi_command(handle, request, ret_answer) < 0) {
		fprintf(stderr, "sensors: %s\n", vipmi_error_text());
		return -1;
	}
	return ret_answer->cc != VIPMI_CC_OK || ret_answer->length < wanted;
}

/* Reads one record in pieces and keeps it if it is a sensor's; the next one's ID, or -1. */
static int record_read(struct vipmi_handle *handle, const uint8_t *reservation, unsigned int id)
{
	uint8_t record[RECORD_MAX] = {0};
	size_t length = 0, whole = HEADER_LENGTH;
	struct vipmi_answer answer;

	while (length < whole) {
		size_t piece = whole - length > PIECE_MAX ? PIECE_MAX : whole - length;
		const uint8_t data[] = {reservation[0], reservation[1], (uint8_t)id,
			(uint8_t)(id >> 8), (uint8_t)length, (uint8_t)piece};
		struct vipmi_request request = vipmi_request_make(
			VIPMI_NETFN_STORAGE, COMMAND_GET_SDR, data, sizeof(data));

		if (ask(handle, &request, 2 + piece, &answer)) {
			return -1;
		}
		memcpy(record + length, answer.data + 2, piece);
		length += piece;
		if (length == HEADER_LENGTH) {
			whole += record[4];
			whole = whole > RECORD_MAX ? RECORD_MAX : whole;
		}
	}
	if (sensor_count < SENSORS_MAX &&
		sensor_decode(record, length, &sensors[sensor_count]) == 0) {
		sensor_count++;
	}
	return answer.data[0] | answer.data[1] << 8;
}

static int records_read(struct vipmi_handle *handle)
{
	const struct vipmi_request request =
		vipmi_request_make(VIPMI_NETFN_STORAGE, COMMAND_RESERVE_SDR, NULL, 0);
	struct vipmi_answer reserved;
	int id = 0;

	if (ask(handle, &request, 2, &reserved)) {
		return -1;
	}
	while (id >= 0 && id != RECORD_LAST) {
		id = record_read(handle, reserved.data, (unsigned int)id);
	}
	return id < 0 ? -1 : 0;
}

static int readings_write(struct vipmi_handle *handle, FILE *file)
{
	struct vipmi_answer answer;
	size_t i;

	fputs("# HELP ipmi_sensor_reading What the sensor reads, in the unit that it names.\n"
	      "# TYPE ipmi_sensor_reading gauge\n",
		file);
	for (i = 0; i < sensor_count; i++) {
		const struct sensor *sensor = &sensors[i];
		struct vipmi_request request = vipmi_request_make(
			VIPMI_NETFN_SENSOR, COMMAND_GET_READING, &sensor->number, 1);
		int result;

		request.lun = sensor->lun;
		result = ask(handle, &request, 2, &answer);
		if (result < 0) {
			return -1;
		}
		if (result > 0 || answer.data[1] & READING_UNAVAILABLE) {
			continue; /* a sensor that does not read now is left out */
		}
		fprintf(file, "ipmi_sensor_reading{sensor=\"%s\",number=\"%u\",unit=\"%s\"} %g\n",
			sensor->name, sensor->number, sensor_unit_name(sensor),
			sensor_value(sensor, answer.data[0]));
	}
	return 0;
}

/* A reader of the file finds the old readings or the new ones, never half of them. */
static int export(struct vipmi_handle *handle, const char *path)
{
	char fresh[4096];
	FILE *file = stdout;
	int result;

	if (path) {
		(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
		file = fopen(fresh, "w");
		if (!file) {
			perror(fresh);
			return -1;
		}
	}
	result = readings_write(handle, file);
	if ((path ? fclose(file) : fflush(file)) != 0 ||
		(path && result == 0 && rename(fresh, path))) {
		perror(path ? path : "output");
		return -1;
	}
	return result;
}

static int run(struct vipmi *vipmi, const char *path, unsigned int every_s, unsigned int rounds)
{
	struct vipmi_handle *handle;
	int result;

	if (vipmi_handle_open(vipmi, NULL, &handle) < 0) {
		fprintf(stderr, "sensors: %s\n", vipmi_error_text());
		return -1;
	}
	if (records_read(handle) < 0) {
		fprintf(stderr, "sensors: the sensor data records cannot be read\n");
		return -1;
	}
	do {
		result = export(handle, path);
	} while (result == 0 && every_s > 0 && --rounds > 0 && sleep(every_s) == 0);
	return result;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"file", required_argument, NULL, 'f'},
		{"every", required_argument, NULL, 'e'}, {"rounds", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'}, {0}};
	const char *path = NULL;
	unsigned int every_s = 0, rounds = 0; /* none: it wraps, and never ends */
	struct vipmi *vipmi;
	int option, result;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'f':
			path = optarg;
			break;
		case 'e':
			every_s = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			rounds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (vipmi_connect(NULL, NULL, &vipmi) < 0) {
		fprintf(stderr, "sensors: %s\n", vipmi_error_text());
		return 1;
	}
	result = run(vipmi, path, every_s, rounds);
	vipmi_disconnect(vipmi);
	return result < 0;
}
