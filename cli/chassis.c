/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi chassis: looks at the simulated drawer and meddles with it. Works on whatever agent leads
 * to one, and says SIMULATED wherever it shows one.
 */
#include "cli/chassis.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"

#define CELLS_MAX 24

/* How long a card may take to come up or to let go, before nobody waits any more. */
#define WAIT_MS 30000

/* A position is a byte. */
#define SENSORS_MAX 255

enum move_option {
	OPTION_WAIT,
};

static const struct column no_columns[] = {{NULL, NULL}};

/* ---- show ---- */

static size_t place_cells(const struct chassis_place *place, struct cell *cells)
{
	const struct cell all[] = {
		{.key = "simulated", .number = true, .boolean = true},
		{.key = "place", .number = place->place},
		{.key = "board", .text = place->name, .null = !place->name[0]},
		{.key = "kind", .text = chassis_kind_name(place->kind)},
		{.key = "state", .text = chassis_state_name(place->state)},
		{.key = "address", .number = place->address, .null = place->address == 0},
		{.key = "own", .number = place->own, .boolean = true},
		{.key = "blue_led", .text = chassis_led_name(place->blue_led)},
		{.key = "ejector_open", .number = place->ejector_open, .boolean = true},
		{.key = "bd_sel", .number = place->bd_sel, .boolean = true},
		{.key = "healthy", .number = place->healthy, .boolean = true},
		{.key = "enum", .number = place->enum_asserted, .boolean = true},
		{.key = "powered", .number = place->powered, .boolean = true},
		{.key = "fault", .number = place->suffering, .boolean = true},
		{.key = "sensors", .number = place->sensors},
		{.key = "health", .text = chassis_severity_name(place->severity)},
		{.key = "worst_sensor", .text = place->worst, .null = !place->worst[0]},
		{.key = "waiting", .number = place->waiting},
		{.key = "room", .number = place->room},
		{.key = "missed", .number = place->missed},
	};

	memcpy(cells, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

static size_t sensor_cells(
	const struct chassis_sensor *sensor, char *text, size_t size, struct cell *cells)
{
	picture_reading(sensor, text, size);

	const struct cell all[] = {
		{.key = "number", .number = sensor->number},
		{.key = "sensor", .text = sensor->name},
		{.key = "type", .number = sensor->type},
		{.key = "event_type", .number = sensor->event_type},
		{.key = "reading", .text = text},
		{.key = "raw", .number = sensor->raw, .null = !sensor->threshold},
		{.key = "states", .number = sensor->states},
		{.key = "available", .number = !sensor->unavailable, .boolean = true},
		{.key = "health", .text = chassis_severity_name(sensor->severity)},
		{.key = "held", .number = sensor->held, .boolean = true},
	};

	memcpy(cells, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

static size_t fault_cells(const struct chassis_fault *fault, struct cell *cells)
{
	const struct cell all[] = {
		{.key = "fault", .text = chassis_fault_name(fault->kind)},
		{.key = "percent", .number = fault->percent},
		{.key = "place", .number = fault->place, .null = fault->place == 0},
		{.key = "by_ms", .number = fault->by_ms, .null = fault->by_ms == 0},
		{.key = "left_ms",
			.number = fault->left_ms,
			.null = fault->left_ms == CHASSIS_FAULT_UNTIL_ENDED},
		{.key = "happened", .number = fault->hits},
		{.key = "times_left", .number = fault->times, .null = fault->times == 0},
	};

	memcpy(cells, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

static void print_drawer(const struct cli *cli, const struct drawer *drawer)
{
	const struct chassis_whole *whole = &drawer->whole;
	struct listing *places = listing_begin(FORMAT_JSON, no_columns);
	struct listing *faults = listing_begin(FORMAT_JSON, no_columns);
	struct cell cells[CELLS_MAX];
	const struct cell all[] = {
		{.key = "simulated", .number = true, .boolean = true},
		{.key = "chassis", .text = whole->name},
		{.key = "slots", .number = whole->slots},
		{.key = "seed", .number = whole->seed},
		{.key = "time_ms", .number = whole->time_ms},
		{.key = "role", .text = whole->role == CHASSIS_ROLE_BMC ? "bmc" : "peripheral"},
		{.key = "own_place", .number = whole->own_place},
		{.key = "own_address", .number = whole->own_address},
		{.key = "manager", .number = whole->manager, .null = whole->manager == 0},
		{.key = "enum", .number = whole->enum_line, .boolean = true},
		{.key = "places", .rows = places},
		{.key = "faults", .rows = faults},
	};

	for (size_t i = 0; places && i < whole->places; i++) {
		listing_row(places, cells, place_cells(&drawer->places[i], cells));
	}
	for (size_t i = 0; faults && i < drawer->faults_count; i++) {
		listing_row(faults, cells, fault_cells(&drawer->faults[i], cells));
	}
	show_one(cli->format, all, sizeof(all) / sizeof(all[0]));
}

/* What standard output shows: colours and lines as long as the terminal's, if it is one. */
static struct look look_of_output(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
	struct look look = {.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	struct winsize size;

	if (isatty(STDOUT_FILENO)) {
		/* no-color.org: set and not empty. */
		look.colours =
			!(no_color && *no_color) && terminal && strcmp(terminal, "dumb") != 0;
		look.columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	}
	return look;
}

static int show_drawer(const struct cli *cli, struct chassis_talk *talk)
{
	struct drawer *drawer = calloc(1, sizeof(*drawer));
	int result;

	if (!drawer) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	result = talk_drawer(talk, drawer);
	if (result == EXIT_DONE && cli->format == FORMAT_TABLE) {
		const struct look look = look_of_output();

		picture_draw(stdout, drawer, &look);
	} else if (result == EXIT_DONE) {
		print_drawer(cli, drawer);
	}
	free(drawer);
	return result;
}

static const char *yes(bool value)
{
	return value ? "asserted" : "not asserted";
}

/* What a person wants to know of one place, before its sensors. */
static void print_place(const struct chassis_place *place)
{
	bool empty = place->kind == CHASSIS_KIND_EMPTY;
	char where[64] = "none", number[48], queue[64];
	const struct cell cells[] = {
		{.key = "place", .text = number},
		{.key = "board", .text = place->name, .null = empty},
		{.key = "kind", .text = chassis_kind_name(place->kind)},
		{.key = "state", .text = chassis_state_name(place->state)},
		{.key = "controller", .text = where, .null = empty},
		{.key = "power", .text = place->powered ? "on" : "off", .null = empty},
		{.key = "blue LED", .text = chassis_led_name(place->blue_led), .null = empty},
		{.key = "ejector", .text = place->ejector_open ? "open" : "closed", .null = empty},
		{.key = "BD_SEL#", .text = yes(place->bd_sel), .null = empty},
		{.key = "HEALTHY#", .text = yes(place->healthy), .null = empty},
		{.key = "ENUM#", .text = yes(place->enum_asserted), .null = empty},
		{.key = "health", .text = chassis_severity_name(place->severity), .null = empty},
		{.key = "queue", .text = queue, .null = place->room == 0},
	};

	(void)snprintf(queue, sizeof(queue), "%u of %u messages wait, %" PRIu32 " found no room",
		place->waiting, place->room, place->missed);
	(void)snprintf(number, sizeof(number), "%u  SIMULATED%s", place->place,
		place->suffering ? "; a fault is injected here" : "");
	if (place->address) {
		(void)snprintf(where, sizeof(where), "%02Xh%s", place->address,
			place->own ? ", ours" : " on the IPMB");
	}
	show_one(FORMAT_TABLE, cells, sizeof(cells) / sizeof(cells[0]));
}

static const struct column sensor_columns[] = {
	{"id", "SENSOR"},
	{"sensor", "NAME"},
	{"reading", "READING"},
	{"health", "HEALTH"},
	{"set", "SET BY HAND"},
	{NULL, NULL},
};

static int print_sensors(const struct cli *cli, const struct chassis_place *place,
	const struct chassis_sensor *sensors, size_t count)
{
	bool table = cli->format == FORMAT_TABLE;
	struct listing *listing = listing_begin(
		table ? FORMAT_TABLE : FORMAT_JSON, table ? sensor_columns : no_columns);
	struct cell cells[CELLS_MAX];
	size_t used;

	if (!listing) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	for (size_t i = 0; i < count; i++) {
		char text[64], id[8];

		used = sensor_cells(&sensors[i], text, sizeof(text), cells);
		(void)snprintf(id, sizeof(id), "%02Xh", sensors[i].number);
		if (table) {
			cells[used++] = (struct cell){.key = "id", .text = id};
			cells[used++] = (struct cell){
				.key = "set", .text = "yes", .null = !sensors[i].held};
		}
		listing_row(listing, cells, used);
	}
	if (table) {
		print_place(place);
		(void)putchar('\n');
		listing_end(listing, "It has no sensors.");
		return EXIT_DONE;
	}
	used = place_cells(place, cells);
	for (size_t i = 0; i < used; i++) {
		/* Instead of how many there are. */
		if (strcmp(cells[i].key, "sensors") == 0) {
			cells[i] = (struct cell){.key = "sensors", .rows = listing};
		}
	}
	show_one(cli->format, cells, used);
	return EXIT_DONE;
}

static int show_place(const struct cli *cli, struct chassis_talk *talk, uint8_t number)
{
	struct chassis_sensor *sensors = calloc(SENSORS_MAX, sizeof(*sensors));
	struct chassis_place place;
	size_t count = 0;
	int result;

	if (!sensors) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	result = talk_place(talk, number, &place);
	if (result == EXIT_DONE) {
		result = talk_sensors(talk, &place, sensors, SENSORS_MAX, &count);
	}
	if (result == EXIT_DONE) {
		result = print_sensors(cli, &place, sensors, count);
	}
	free(sensors);
	return result;
}

static int run_show(struct cli *cli, int count, char **arguments)
{
	struct chassis_talk talk;
	uint64_t number = 0;
	int result;

	if (count > 0 &&
		(!parse_number(arguments[0], CHASSIS_PLACES_MAX, &number) || number == 0)) {
		return cli_usage(cli,
			"\"%s\" is not the number of a place; 'vipmi chassis show' has all",
			arguments[0]);
	}
	result = talk_begin(cli, &talk);
	if (result == EXIT_DONE) {
		result = number ? show_place(cli, &talk, (uint8_t)number) : show_drawer(cli, &talk);
	}
	talk_end(&talk);
	return result;
}

/* ---- orders ---- */

/* Adds a word to the line, in quotes where it needs them. False: it has both kinds in it, or does
 * not fit. */
static bool add_word(char *line, size_t size, const char *word)
{
	size_t length = strlen(line);
	const char *quote = word[strcspn(word, " \t'\"")] || !*word ? "'" : "";
	int added;

	if (strchr(word, '\'')) {
		quote = "\"";
	}
	if (*quote && strchr(word, *quote)) {
		return false;
	}
	added = snprintf(
		line + length, size - length, "%s%s%s%s", length ? " " : "", quote, word, quote);
	return added >= 0 && (size_t)added < size - length;
}

/* "pull" and its arguments as a line, checked. */
static int make_line(const struct cli *cli, int count, char **arguments,
	char line[CHASSIS_LINE_MAX + 1], struct chassis_order *ret_order)
{
	char error[CHASSIS_ERROR_SIZE];

	(void)snprintf(line, CHASSIS_LINE_MAX + 1, "%s", cli->command->verb);
	for (int i = 0; i < count; i++) {
		if (!add_word(line, CHASSIS_LINE_MAX + 1, arguments[i])) {
			return cli_usage(cli,
				"\"%s\" is too long, or has both kinds of quotes in it",
				arguments[i]);
		}
	}
	if (chassis_order_parse(line, strlen(line), ret_order, error) < 0) {
		return cli_usage(cli, "%s", error);
	}
	return EXIT_DONE;
}

static void print_done(const struct cli *cli, const struct chassis_control_result *done)
{
	char *text = printable(done->text);
	const struct cell cells[] = {
		{.key = "simulated", .number = true, .boolean = true},
		{.key = "done", .text = text ? text : ""},
	};

	if (cli->format == FORMAT_TABLE) {
		(void)printf("SIMULATED: %s\n", text ? text : "");
	} else {
		show_one(cli->format, cells, sizeof(cells) / sizeof(cells[0]));
	}
	free(text);
}

static int run_order(struct cli *cli, int count, char **arguments)
{
	struct chassis_control_result done;
	char line[CHASSIS_LINE_MAX + 1];
	struct chassis_order order;
	struct chassis_talk talk;
	int result = make_line(cli, count, arguments, line, &order);

	if (result != EXIT_DONE) {
		return result;
	}
	result = talk_begin(cli, &talk);
	if (result == EXIT_DONE) {
		result = talk_order(&talk, line, "", &done);
	}
	if (result == EXIT_DONE && cli->command->options[0].name && cli->values[OPTION_WAIT]) {
		result = talk_wait(&talk, order.place,
			order.verb == CHASSIS_PULL ? CHASSIS_STATE_EMPTY : CHASSIS_STATE_ACTIVE,
			WAIT_MS);
	}
	if (result == EXIT_DONE) {
		print_done(cli, &done);
	}
	talk_end(&talk);
	return result;
}

/* ---- run ---- */

static int sleep_until(const struct timespec *start, uint64_t ms)
{
	struct timespec until = {.tv_sec = start->tv_sec + (time_t)(ms / 1000),
		.tv_nsec = start->tv_nsec + (long)(ms % 1000) * 1000000};
	int error;

	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	do {
		error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	} while (error == EINTR);
	return error ? cli_fail(EXIT_LOCAL, "cannot wait: %s", strerror(error)) : EXIT_DONE;
}

static void print_step(const struct cli *cli, const struct chassis_step *step, const char *order,
	const struct chassis_control_result *done)
{
	char *text = printable(done->text);
	const struct cell cells[] = {
		{.key = "simulated", .number = true, .boolean = true},
		{.key = "line", .number = step->line},
		{.key = "at_ms", .number = step->at_ms},
		{.key = "order", .text = order},
		{.key = "done", .text = text ? text : ""},
	};

	if (cli->format == FORMAT_TABLE) {
		(void)printf("%3llu.%03llu s  %s: %s\n", (unsigned long long)step->at_ms / 1000,
			(unsigned long long)step->at_ms % 1000, order, text ? text : "");
		(void)fflush(stdout);
	} else {
		/* A stream either way: the next line may be minutes away. */
		struct listing *listing = listing_begin(FORMAT_JSONL, no_columns);

		if (listing) {
			listing_row(listing, cells, sizeof(cells) / sizeof(cells[0]));
			listing_end(listing, NULL);
		}
	}
	free(text);
}

static int run_steps(struct chassis_talk *talk, const char *path, const struct scenario *scenario)
{
	struct chassis_scenario steps = scenario->steps;
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_step step;
	struct timespec start;
	int result = EXIT_DONE;

	(void)clock_gettime(CLOCK_MONOTONIC, &start); /* cannot fail for this clock */
	if (talk->cli->format == FORMAT_TABLE) {
		(void)printf("SIMULATED: %u orders of %s\n", scenario->count, path);
	}
	while (result == EXIT_DONE && chassis_scenario_next(&steps, &step, error) > 0) {
		struct chassis_control_result done;
		char where[280], order[CHASSIS_LINE_MAX + 1];

		(void)snprintf(where, sizeof(where), "%.255s:%u: ", path, step.line);
		(void)snprintf(order, sizeof(order), "%.*s", (int)step.order_length, step.order);
		result = sleep_until(&start, step.at_ms);
		if (result == EXIT_DONE) {
			result = talk_order(talk, order, where, &done);
		}
		if (result == EXIT_DONE) {
			print_step(talk->cli, &step, order, &done);
		}
	}
	return result;
}

static int run_scenario(struct cli *cli, int count, char **arguments)
{
	struct chassis_talk talk = {0};
	struct scenario scenario;
	int result = scenario_read(arguments[0], &scenario);

	(void)count;
	if (result == EXIT_DONE) {
		result = talk_begin(cli, &talk);
	}
	if (result == EXIT_DONE) {
		result = run_steps(&talk, arguments[0], &scenario);
	}
	talk_end(&talk);
	scenario_finish(&scenario);
	return result;
}

/* ---- the commands ---- */

const struct cli_command command_chassis_show = {
	.object = "chassis",
	.verb = "show",
	.arguments = "[PLACE]",
	.summary = "a picture of the simulated drawer, or one of its places in detail",
	.text = "PLACE is a slot, or one of the numbers after them: power supplies, fan trays. "
		"The\n"
		"letters of the picture are explained below it; NO_COLOR turns colours off. With "
		"-o\n"
		"json everything in one object. Works on any agent that leads to a simulated\n"
		"chassis: a vipmid with the link chassis:, or with vm: to a vipmi-chassisd. Real\n"
		"hardware is never asked.",
	.arguments_max = 1,
	.run = run_show,
};

const struct cli_command command_chassis_insert = {
	.object = "chassis",
	.verb = "insert",
	.arguments = "PLACE [KIND]",
	.summary = "put a board into the simulated drawer",
	.text = "KIND is manager, fabric, node, power-supply or fan-tray; without it, what was in\n"
		"that place before.",
	.options = {[OPTION_WAIT] = {"wait", NULL, "until it is active"}},
	.arguments_min = 1,
	.arguments_max = 2,
	.run = run_order,
};

const struct cli_command command_chassis_pull = {
	.object = "chassis",
	.verb = "pull",
	.arguments = "PLACE [now]",
	.summary = "take a board out of the simulated drawer",
	.text = "Opens its ejector, and takes it out as soon as its blue LED says that this is\n"
		"safe; with \"now\" it is torn out as it is.",
	.options = {[OPTION_WAIT] = {"wait", NULL, "until it is out"}},
	.arguments_min = 1,
	.arguments_max = 2,
	.run = run_order,
};

const struct cli_command command_chassis_set = {
	.object = "chassis",
	.verb = "set",
	.arguments = "PLACE SENSOR VALUE",
	.summary = "hold a sensor of the simulated drawer at a value",
	.text = "SENSOR is its name, or 0x30 and the like: its number. VALUE is a reading in the\n"
		"sensor's unit (95, -3.5); \"raw 200\", as the controller has it; \"state 1,3\" "
		"or\n"
		"\"state none\" for sensors that have states; or \"auto\", which lets go of it.",
	.own_options = true, /* -3.5 is none */
	.arguments_min = 3,
	.arguments_max = 4,
	.run = run_order,
};

const struct cli_command command_chassis_fault = {
	.object = "chassis",
	.verb = "fault",
	.arguments = "KIND [P%] [N times] [by TIME] [at PLACE] [for TIME]",
	.summary = "let the simulated hardware misbehave",
	.text = "Of responses: lost, late (by TIME), duplicate, garbled. Of requests: busy, reset\n"
		"(the controller restarts instead). On the IPMB: nak, arbitration, stuck. Of the\n"
		"controller: silence, sticky (its event flag never clears). Of a board, power\n"
		"supply or fan tray: failure. P% says how often, where that makes sense; after N\n"
		"times it is over (\"fault lost 3 times at 7\"). \"none\" ends them all, or those "
		"at\n"
		"PLACE; 'vipmi chassis show' lists them. An agent gives a silent controller\n"
		"nothing to do: let silence end by itself, with \"for\".",
	.arguments_min = 1,
	.arguments_max = 10,
	.run = run_order,
};

const struct cli_command command_chassis_reset = {
	.object = "chassis",
	.verb = "reset",
	.arguments = "[PLACE]",
	.summary = "restart a board of the simulated drawer, or have it all as at the start",
	.text = "Without PLACE: all boards are in, no faults, no sensors held.",
	.arguments_max = 1,
	.run = run_order,
};

const struct cli_command command_chassis_run = {
	.object = "chassis",
	.verb = "run",
	.arguments = "FILE",
	.summary = "let things happen to the simulated drawer, by a scenario file",
	.text = "A line is \"at 2s pull 7\" (since the start of the run), \"after 500ms insert "
		"7\"\n"
		"(since the line before) or an order alone; # begins a comment. FILE may be -. "
		"The\n"
		"whole file is checked before anything is done, and the first order that is "
		"refused\n"
		"ends the run.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_scenario,
};
