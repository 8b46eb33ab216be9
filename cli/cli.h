/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi, the command a person types: vipmi [--target T] [-o table|json|jsonl] OBJECT VERB.
 */
#ifndef VIPMI_CLI_CLI_H
#define VIPMI_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vipmi/vipmi.h"

enum cli_exit {
	EXIT_DONE = 0,
	EXIT_LOCAL = 1,   /* something went wrong here, nothing was answered */
	EXIT_USAGE = 2,   /* the command line is not right */
	EXIT_REFUSED = 3, /* the agent said no */
	EXIT_LOST = 4,    /* no answer in time, or the controller or the agent was lost */
	EXIT_CODE = 5,    /* the controller answered with a completion code other than 0 */
};

enum cli_format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_JSONL,
};

struct cli {
	const char *target; /* NULL: the default */
	enum cli_format format;
	bool verbose;
	const struct cli_command *command;
	const char *
		*values; /* of the command's options, in the order of its table; NULL: not given */
};

struct cli_option {
	const char *name;     /* without the dashes */
	const char *argument; /* what to call it in the help; NULL: takes none */
	const char *text;
};

#define CLI_OPTIONS_MAX 16

struct cli_command {
	const char *object;
	const char *verb;      /* NULL: the object is all there is to say */
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line */
	const char *text;      /* more, for --help; NULL */
	struct cli_option options[CLI_OPTIONS_MAX + 1];
	bool own_options;                 /* whatever stands after the first argument is not ours */
	int arguments_min, arguments_max; /* -1: any number */
	int (*run)(struct cli *cli, int count, char **arguments); /* enum cli_exit */
};

/* ---- main.c ---- */

/* The commands, ended by one without an object. */
extern const struct cli_command *const cli_commands[];

/* Prints "vipmi: …" to standard error and returns `code`. */
int cli_fail(enum cli_exit code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with a line that says where help is. EXIT_USAGE. */
int cli_usage(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The exit code that stands for an error of libvipmi. */
enum cli_exit cli_error_exit(int error);
/* Prints what libvipmi says about the last error; the exit code that stands for it. */
int cli_fail_error(int error);
/* Connects to the target; EXIT_DONE, or what to exit with, the reason being told. */
int cli_connect(const struct cli *cli, struct vipmi **ret_vipmi);

/* ---- help.c ---- */

/* Of one command, of an object with its verbs, of everything. */
void help_command(const struct cli_command *command);
void help_object(const char *object);
void help_all(void);

/* ---- suggest.c ---- */

/* The word nearest to `word`, if one is near enough to be meant: offered one by one. */
struct suggestion {
	const char *word;
	const char *best;
	size_t distance;
};

struct suggestion suggest_begin(const char *word);
void suggest_offer(struct suggestion *suggestion, const char *candidate);
/* " (did you mean \"status\"?)", or "". Good until the next call. */
const char *suggest_text(const struct suggestion *suggestion);

/* ---- parse.c ---- */

/* Decimal, 0x… or …h, all of it a number of at most `max`. */
bool parse_number(const char *text, uint64_t max, uint64_t *ret_number);
/* "5s", "250ms"; a bare number is seconds. At least 1 ms, at most VIPMI_TIMEOUT_MAX_MS. */
bool parse_time(const char *text, uint32_t *ret_ms);
/* "[CHANNEL:]ADDRESS", channel 0 to 15 (default 0), an even 8-bit address. */
bool parse_ipmb(const char *text, uint8_t *ret_channel, uint8_t *ret_address);

/* ---- output.c ---- */

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* aligned to the right */
};

/* A listing under way. Cells without a column appear in JSON only. */
struct listing;

/* A cell of a row; the key is its name in JSON, the heading that in a table. */
struct cell {
	const char *key;
	const char *text; /* NULL: a number */
	uint64_t number;
	bool boolean;         /* a number that is true or false */
	bool null;            /* nothing to say */
	struct listing *rows; /* JSON only: an array of them; taken over */
};

struct column {
	const char *key;     /* which cell */
	const char *heading; /* in a table */
};

/* `columns` are ended by one without a key, and outlive the listing. NULL: no memory. */
struct listing *listing_begin(enum cli_format format, const struct column *columns);
/* Whether it will be a table, for which some things are said differently. */
bool listing_is_table(const struct listing *listing);
/* From here on a table's rows are printed as they come too, in columns of these widths. */
void listing_stream(struct listing *listing, const unsigned int *widths);
/* Takes a row, or prints it at once (jsonl, streams). */
void listing_row(struct listing *listing, const struct cell *cells, size_t count);
/* Prints what is kept, and frees. `empty`: what a table says when there was no row, or NULL. */
void listing_end(struct listing *listing, const char *empty);
/* Frees without a word, when the listing was cut short. Takes NULL. */
void listing_drop(struct listing *listing);

/* One thing: a table of two columns, or one JSON object. The cell's key is its heading too. */
void show_one(enum cli_format format, const struct cell *cells, size_t count);

/* A copy in which only printable characters are left, so that no client's name can steer a
 * terminal or break a JSON text. To be freed. */
char *printable(const char *text);

/* "3 min 5 s". */
void duration_text(uint64_t ms, char *text, size_t size);

/* ---- rows.c ---- */

/* The field of that name, or NULL. */
const struct vipmi_field *rows_field(
	const struct vipmi_field *fields, size_t count, const char *name);
/* A cell for each field, at most `cells_max`; how many. They live as long as the fields. */
size_t rows_to_cells(
	const struct vipmi_field *fields, size_t count, struct cell *cells, size_t cells_max);
/* Asks the agent for a listing and prints it; `row` makes a listing's row of a reply's. EXIT_DONE,
 * or what to exit with, the reason being told. */
int rows_list(struct cli *cli, const char *object, const struct column *columns,
	int (*row)(void *listing, const struct vipmi_field *fields, size_t count),
	const char *empty);

#endif
