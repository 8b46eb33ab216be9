/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/fault.h"

void faults_init(struct faults *faults, uint64_t seed)
{
	memset(faults, 0, sizeof(*faults));
	random_init(&faults->random, seed);
}

bool faults_add(struct faults *faults, const struct fault *fault)
{
	uint8_t i;

	/* The same anew: what is said last counts. */
	for (i = 0; i < faults->count; i++) {
		if (faults->entries[i].kind == fault->kind &&
			faults->entries[i].place == fault->place) {
			break;
		}
	}
	if (i == FAULTS_MAX) {
		return false;
	}
	faults->entries[i] = *fault;
	faults->count = i == faults->count ? faults->count + 1 : faults->count;
	return true;
}

static void faults_remove(struct faults *faults, uint8_t i)
{
	faults->count--;
	memmove(&faults->entries[i], &faults->entries[i + 1],
		(size_t)(faults->count - i) * sizeof(faults->entries[0]));
}

void faults_clear(struct faults *faults, uint8_t place)
{
	uint8_t i = 0;

	while (i < faults->count) {
		if (place == 0 || faults->entries[i].place == place) {
			faults_remove(faults, i);
		} else {
			i++;
		}
	}
}

static bool is_over(const struct fault *fault, uint64_t now_ns)
{
	return now_ns >= fault->until_ns || (fault->times > 0 && fault->hits >= fault->times);
}

void faults_expire(struct faults *faults, uint64_t now_ns)
{
	uint8_t i = 0;

	while (i < faults->count) {
		if (is_over(&faults->entries[i], now_ns)) {
			faults_remove(faults, i);
		} else {
			i++;
		}
	}
}

static struct fault *faults_find(
	struct faults *faults, enum chassis_fault_kind kind, uint8_t place, uint64_t now_ns)
{
	uint8_t i;

	for (i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->entries[i];

		if (fault->kind == kind && !is_over(fault, now_ns) &&
			(fault->place == 0 || fault->place == place)) {
			return fault;
		}
	}
	return NULL;
}

static bool happens(struct faults *faults, struct fault *fault)
{
	if (!fault ||
		(fault->percent < 100 && random_below(&faults->random, 100) >= fault->percent)) {
		return false;
	}
	fault->hits++;
	faults->hits++;
	return true;
}

bool faults_strike(
	struct faults *faults, enum chassis_fault_kind kind, uint8_t place, uint64_t now_ns)
{
	return happens(faults, faults_find(faults, kind, place, now_ns));
}

uint32_t faults_late(struct faults *faults, uint8_t place, uint64_t now_ns)
{
	struct fault *fault = faults_find(faults, CHASSIS_FAULT_LATE, place, now_ns);

	return happens(faults, fault) ? fault->by_ms : 0;
}

bool faults_stand(
	const struct faults *faults, enum chassis_fault_kind kind, uint8_t place, uint64_t now_ns)
{
	uint8_t i;

	for (i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->entries[i];

		if (fault->kind == kind && !is_over(fault, now_ns) &&
			(fault->place == 0 || fault->place == place)) {
			return true;
		}
	}
	return false;
}

uint64_t faults_deadline(const struct faults *faults)
{
	uint64_t deadline = TIME_NEVER;
	uint8_t i;

	for (i = 0; i < faults->count; i++) {
		if (faults->entries[i].until_ns < deadline) {
			deadline = faults->entries[i].until_ns;
		}
	}
	return deadline;
}
