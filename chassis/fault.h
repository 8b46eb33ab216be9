/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes wrong in the chassis, and how often: faults that somebody ordered,
 * each with a place, a probability and an end, decided by a seed.
 */
#ifndef VIPMI_CHASSIS_FAULT_H
#define VIPMI_CHASSIS_FAULT_H

#include "base/compat.h"
#include "base/random.h"
#include "chassis/limits.h"
#include "ipmi/chassis_order.h"

struct fault {
	uint8_t kind;    /* enum chassis_fault_kind */
	uint8_t place;   /* 0: wherever such a thing can happen */
	uint8_t percent; /* of the occasions; 100 = always */
	uint32_t by_ms;  /* late: how much */
	uint32_t hits;
	uint32_t times;    /* it ends after so many hits; 0: not by that */
	uint64_t until_ns; /* TIME_NEVER: until somebody ends it */
};

struct faults {
	struct random random;
	uint64_t hits;
	uint8_t count;
	struct fault entries[FAULTS_MAX];
};

void faults_init(struct faults *faults, uint64_t seed);

/* False: there are FAULTS_MAX already. */
bool faults_add(struct faults *faults, const struct fault *fault);

/* Ends all, or those that were ordered for this place. */
void faults_clear(struct faults *faults, uint8_t place);

/* Forgets those that are over; call before their number is told. */
void faults_expire(struct faults *faults, uint64_t now_ns);

/* This could go wrong now, at that place: does it? */
bool faults_strike(
	struct faults *faults, enum chassis_fault_kind kind, uint8_t place, uint64_t now_ns);

/* By how much an answer is late; 0 = it is not. */
uint32_t faults_late(struct faults *faults, uint8_t place, uint64_t now_ns);

/* Whether such a fault stands there, without an occasion for it. */
bool faults_stand(
	const struct faults *faults, enum chassis_fault_kind kind, uint8_t place, uint64_t now_ns);

/* When the next of them ends, or TIME_NEVER. */
uint64_t faults_deadline(const struct faults *faults);

#endif
