/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "links/links.h"

static const struct option option_names[] = {
	{"link", required_argument, NULL, 'l'},
	{"socket", required_argument, NULL, 's'},
	{"max-handles", required_argument, NULL, 'm'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void help(void)
{
	size_t i;

	printf("usage: vipmid --link LINK --socket PATH [--link LINK --socket PATH ...]\n"
	       "              [--max-handles N]\n"
	       "\n"
	       "Shares one IPMI controller, or several, between many programs: each gets a\n"
	       "virtual controller of its own. Stays in the foreground and logs to standard\n"
	       "error; SIGTERM and SIGINT end it.\n"
	       "\n"
	       "  --link LINK      how to reach a controller (see below)\n"
	       "  --socket PATH    where to serve the controller of the --link before it\n"
	       "  --max-handles N  virtual controllers at most, 1 to %u, for each --link\n"
	       "                   (default %u)\n"
	       "  --help           this text\n"
	       "  --version        print the version\n"
	       "\n"
	       "Links:\n",
		CORE_HANDLES_LIMIT, CORE_HANDLES_DEFAULT);
	for (i = 0; link_table[i]; i++) {
		printf("  %s\n", link_table[i]->usage);
	}
}

static int wrong(const char *text, const char *value)
{
	fprintf(stderr, "vipmid: %s%s\nTry 'vipmid --help'.\n", text, value);
	return -EINVAL;
}

static int read_count(const char *text, uint32_t *ret_count)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value == 0 ||
		value > CORE_HANDLES_LIMIT) {
		return wrong("--max-handles is 1 to 65536, not ", text);
	}
	*ret_count = (uint32_t)value;
	return 0;
}

static int take(int letter, struct options *options)
{
	uint32_t last = options->controllers - 1;

	switch (letter) {
	case 'l':
		if (options->controllers == AGENT_CONTROLLERS_MAX) {
			return wrong("too many controllers at ", optarg);
		}
		options->links[options->controllers++] = optarg;
		return 0;
	case 's':
		if (options->controllers == 0 || options->sockets[last]) {
			return wrong("no --link stands before --socket ", optarg);
		}
		options->sockets[last] = optarg;
		return 0;
	case 'm':
		return read_count(optarg, &options->handles_max);
	case 'h':
		help();
		return 1;
	case 'V':
		printf("vipmid %s\n", VIPMI_VERSION);
		return 1;
	default:
		fprintf(stderr, "Try 'vipmid --help'.\n");
		return -EINVAL;
	}
}

int options_read(int argc, char **argv, struct options *ret_options)
{
	struct options options = {.handles_max = CORE_HANDLES_DEFAULT};
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
	for (i = 0; i < options.controllers; i++) {
		if (!options.sockets[i]) {
			return wrong("no --socket after --link ", options.links[i]);
		}
	}
	*ret_options = options;
	return 0;
}
