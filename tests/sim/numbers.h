/* SPDX-License-Identifier: BSD-2-Clause */
/* What the model knows of sequence numbers: kept by numbers.c, asked about by sequences.c. */
#ifndef VIPMI_TESTS_SIM_NUMBERS_H
#define VIPMI_TESTS_SIM_NUMBERS_H

#include "tests/sim/sim.h"

enum number_state {
	NUMBER_FREE, /* since free_ns */
	NUMBER_USED, /* by sim->numbers[][] */
	NUMBER_LEFT, /* by that one; the core may not have noticed */
};

struct number {
	enum number_state state;
	uint32_t owner; /* handle, or SIM_NONE */
	uint32_t name;  /* virtual client */
	bool fading;    /* the owner's client left: it is given back by and by */
	bool given;     /* back, while it was used */
	uint32_t sends; /* of the last user under it, and when */
	uint64_t sent_ns;
	uint64_t rests_ns, free_ns;
	bool quarantine; /* both begin anew with the link */
};

struct numbers {
	struct number of[SIM_RESPONDERS_MAX][IPMB_SEQUENCES];
	uint64_t kept[CORE_KEPT_WORDS];
	uint64_t settled_ns; /* when the core last had nothing to do */
	/* When each responder last said something; until when who waits for it may wait because it
	 * was silent. */
	uint64_t heard_ns[SIM_RESPONDERS_MAX], talks_ns[SIM_RESPONDERS_MAX];
	uint32_t held[SIM_HANDLES_MAX];
	uint32_t next[SIM_RESPONDERS_MAX]; /* from here on a free one is looked for; or SIM_NONE */
	uint32_t permille;                 /* how often clients think of their numbers */
};

static inline struct numbers *numbers_of(const struct sim *sim)
{
	return sim->states[SIM_PART_NUMBERS];
}

/* What is known of it at this moment. */
struct number *number_look(struct sim *sim, uint32_t r, uint32_t n);
bool number_used_for_certain(const struct sim *sim, uint32_t r, uint32_t n);
/* Nobody may get it, by no means. */
bool number_kept(struct sim *sim, uint32_t r, uint32_t n);
bool number_free_for_certain(const struct sim *sim, const struct number *number);
void number_give_back(struct sim *sim, uint32_t r, uint32_t n);

/* A request to it may have timed out since: one at a time goes to it. */
bool numbers_silent(const struct sim *sim, uint32_t r);

/* ---- sequences.c ---- */
bool sequences_act(struct sim *sim, uint32_t handle);
void sequences_settled(struct sim *sim);

#endif
