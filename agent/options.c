/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "links/links.h"

/* Of the option that asks for the first face of face_table; the next has the next number. */
#define FACE_LETTER 0x100

static const struct option option_names[] = {
	{"link", required_argument, NULL, 'l'},
	{"socket", required_argument, NULL, FACE_LETTER},
	{"cuse", required_argument, NULL, FACE_LETTER + 1},
	{"vm", required_argument, NULL, FACE_LETTER + 2},
	{"max-handles", required_argument, NULL, 'm'},
	{"no-merge", no_argument, NULL, 'n'},
	{"cache-age", required_argument, NULL, 'a'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void help(void)
{
	size_t i;

	printf("usage: vipmid --link LINK --socket PATH [--link LINK --socket PATH ...]\n"
	       "              [--cuse NODE ...] [--vm GUEST ...] [--max-handles N]\n"
	       "              [--no-merge | --cache-age MS]\n"
	       "\n"
	       "Shares one IPMI controller, or several, between many programs: each gets a\n"
	       "virtual controller of its own. Stays in the foreground and logs to standard\n"
	       "error; SIGTERM and SIGINT end it.\n"
	       "\n"
	       "  --link LINK      how to reach a controller (see below)\n"
	       "  --socket PATH    where to serve the controller of the --link before it\n"
	       "  --cuse NODE      a node of the kernel driver's in /dev for it (see below)\n"
	       "  --vm GUEST       a virtual machine that has a controller of its own (see below)\n"
	       "  --max-handles N  virtual controllers at most, 1 to %u, for each --link\n"
	       "                   (default %u)\n"
	       "  --no-merge       ask the controller for every read, also where several programs\n"
	       "                   wait to ask the same\n"
	       "  --cache-age MS   answer a read that was answered already, if that is no longer\n"
	       "                   ago, up to %u, and nothing has changed since\n"
	       "  --help           this text\n"
	       "  --version        print the version\n"
	       "\n"
	       "Links:\n",
		CORE_HANDLES_LIMIT, CORE_HANDLES_DEFAULT, CORE_CACHE_AGE_MAX_MS);
	for (i = 0; link_table[i]; i++) {
		printf("  %s\n", link_table[i]->usage);
	}
	printf("\nBeside the socket, each as often as is wanted:\n");
	for (i = 1; face_table[i]; i++) {
		printf("  --%s %s\n", face_table[i]->name, face_table[i]->usage);
	}
}

static int wrong(const char *text, const char *value)
{
	fprintf(stderr, "vipmid: %s%s\nTry 'vipmid --help'.\n", text, value);
	return -EINVAL;
}

/* 1 to `most`. */
static int read_count(const char *text, uint32_t most, const char *otherwise, uint32_t *ret_count)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value == 0 || value > most) {
		return wrong(otherwise, text);
	}
	*ret_count = (uint32_t)value;
	return 0;
}

/* The first face serves one socket; the others can be asked for several times. */
static int take_face(uint32_t face, struct options *options)
{
	const char **text, *former;
	char *longer;

	if (options->controllers == 0) {
		return wrong("no --link stands before ", optarg);
	}
	if (strchr(optarg, '\n')) {
		return wrong("one line, please, not ", optarg);
	}
	text = &options->orders[options->controllers - 1].faces[face];
	if (!*text) {
		*text = optarg;
		return 0;
	}
	if (face == 0) {
		return wrong("no --link stands before --socket ", optarg);
	}
	former = *text;
	if (asprintf(&longer, "%s\n%s", former, optarg) < 0) {
		return wrong("out of memory at ", optarg);
	}
	if (strchr(former, '\n')) {
		free((void *)(uintptr_t)former); /* not argv's: joined by us */
	}
	*text = longer;
	return 0;
}

static int take(int letter, struct options *options)
{
	switch (letter) {
	case 'l':
		if (options->controllers == AGENT_CONTROLLERS_MAX) {
			return wrong("too many controllers at ", optarg);
		}
		options->orders[options->controllers++].link = optarg;
		return 0;
	case 'm':
		return read_count(optarg, CORE_HANDLES_LIMIT, "--max-handles is 1 to 65536, not ",
			&options->limits.handles_max);
	case 'a':
		return read_count(optarg, CORE_CACHE_AGE_MAX_MS,
			"--cache-age is 1 to 86400000 ms, not ", &options->limits.cache_age_ms);
	case 'n':
		options->limits.merge = false;
		return 0;
	case 'h':
		help();
		return 1;
	case 'V':
		printf("vipmid %s\n", VIPMI_VERSION);
		return 1;
	default:
		if (letter >= FACE_LETTER) {
			return take_face((uint32_t)(letter - FACE_LETTER), options);
		}
		fprintf(stderr, "Try 'vipmid --help'.\n");
		return -EINVAL;
	}
}

int options_read(int argc, char **argv, struct options *ret_options)
{
	struct options options = {.limits = {.handles_max = CORE_HANDLES_DEFAULT, .merge = true}};
	uint32_t i;
	int letter, result;

	while ((letter = getopt_long(argc, argv, "hV", option_names, NULL)) != -1) {
		result = take(letter, &options);
		if (result) {
			return result;
		}
	}
	if (optind < argc) {
		return wrong("unexpected argument ", argv[optind]);
	}
	if (options.controllers == 0) {
		return wrong("no --link: which controller is to be shared?", "");
	}
	if (options.limits.cache_age_ms && !options.limits.merge) {
		return wrong("--cache-age does not go with --no-merge", "");
	}
	for (i = 0; i < options.controllers; i++) {
		if (!options.orders[i].faces[0]) {
			return wrong("no --socket after --link ", options.orders[i].link);
		}
	}
	*ret_options = options;
	return 0;
}
