/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listing: which domains have a backend in domain 0, which vifs those have, and the address of
 * each; all questions of one kind are in flight at once. Choosing: a hash of UUID, interface and
 * attempt, and a set of what is taken.
 */
#include "macs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "guestcfg.h"
#include "log.h"
#include "plan.h"
#include "storeclient.h"
#include "storelist.h"

#define FOLDER "/local/domain/0/backend/vif"

struct macs {
	struct storeclient *store; /* borrowed: answers all that we asked before it goes */
	uint64_t *taken;	   /* owned */
	size_t n_taken, n_allocated;
	size_t n_pending;
	int error;
	void (*done)(void *ctx, int error);
	void *ctx;
};

/* A question that has to know what it was about. */
struct macs_folder {
	struct macs *macs;
	char path[64];
};

uint64_t macs_number(const uint8_t mac[6])
{
	uint64_t number = 0;

	for (int i = 0; i < 6; i++)
		number = number << 8 | mac[i];
	return number;
}

/* --- what there is --- */

static void answered(struct macs *macs, int error)
{
	if (error && error != -ENOENT && !macs->error)
		macs->error = error;
	if (!--macs->n_pending)
		macs->done(macs->ctx, macs->error);
}

int macs_add(struct macs *macs, uint64_t mac)
{
	if (macs->n_taken == macs->n_allocated) {
		size_t n = macs->n_allocated ? macs->n_allocated * 2 : 64;
		uint64_t *taken = reallocarray(macs->taken, n, sizeof(*taken));

		if (!taken)
			return -ENOMEM;
		macs->taken = taken;
		macs->n_allocated = n;
	}
	macs->taken[macs->n_taken++] = mac;
	return 0;
}

static void on_mac(void *ctx, int error, const char *data, size_t len)
{
	struct macs *macs = ctx;
	uint8_t mac[DEVICE_MAC_LEN];

	(void)len;
	if (!error && !device_mac_parse(mac, data))
		error = macs_add(macs, macs_number(mac));
	answered(macs, error);
}

static void on_devids(void *ctx, int error, const char *data, size_t len)
{
	struct macs_folder *folder = ctx;
	struct macs *macs = folder->macs;
	char path[128];

	for (size_t at = 0; !error && at < len; at += strlen(data + at) + 1) {
		snprintf(path, sizeof(path), "%s/%.20s/mac", folder->path, data + at);
		error = storeclient_read(macs->store, 0, path, on_mac, macs);
		macs->n_pending += !error;
	}
	free(folder);
	answered(macs, error);
}

static int ask_domain(struct macs *macs, const char *domid)
{
	struct macs_folder *folder = calloc(1, sizeof(*folder));
	int r;

	if (!folder)
		return -ENOMEM;
	folder->macs = macs;
	snprintf(folder->path, sizeof(folder->path), FOLDER "/%.20s", domid);
	r = storeclient_directory(macs->store, 0, folder->path, on_devids, folder);
	if (r < 0)
		free(folder);
	else
		macs->n_pending++;
	return r;
}

static void on_domids(void *ctx, int error, const char *data, size_t len)
{
	struct macs *macs = ctx;

	for (size_t at = 0; !error && at < len; at += strlen(data + at) + 1)
		error = ask_domain(macs, data + at);
	answered(macs, error);
}

int macs_new(struct macs **out, struct storeclient *store, void (*done)(void *ctx, int error),
	     void *ctx)
{
	struct macs *macs = calloc(1, sizeof(*macs));
	int r;

	if (!macs)
		return -ENOMEM;
	macs->store = store;
	macs->done = done;
	macs->ctx = ctx;
	macs->n_pending = 1;
	r = storelist_read(store, 0, FOLDER, on_domids, macs);
	if (r < 0) {
		free(macs);
		return r;
	}
	*out = macs;
	return 0;
}

void macs_free(struct macs *macs)
{
	if (!macs)
		return;
	free(macs->taken);
	free(macs);
}

const uint64_t *macs_taken(const struct macs *macs, size_t *n)
{
	*n = macs->n_taken;
	return macs->taken;
}

/* --- the plan's own --- */

/* Open addressing; 0 is no address that a vif can have. */
struct set {
	uint64_t *slots; /* owned */
	size_t mask;
};

static uint64_t mix(uint64_t value)
{
	/* The finaliser of splitmix64. */
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
	value = (value ^ value >> 27) * 0x94d049bb133111ebU;
	return value ^ value >> 31;
}

/* Returns whether it is new. */
static bool insert(struct set *set, uint64_t mac)
{
	size_t i = (size_t)mix(mac) & set->mask;

	while (set->slots[i] && set->slots[i] != mac)
		i = (i + 1) & set->mask;
	if (set->slots[i])
		return false;
	set->slots[i] = mac;
	return true;
}

static void generate(uint8_t mac[DEVICE_MAC_LEN], const struct plan_domain *domain, uint32_t devid,
		     uint32_t attempt)
{
	uint64_t halves[2], hash;

	memcpy(halves, domain->uuid, sizeof(halves));
	hash = mix(halves[0] ^ mix(halves[1] ^ mix((uint64_t)attempt << 32 | devid)));
	mac[0] = 0x00, mac[1] = 0x16, mac[2] = 0x3e;
	mac[3] = (uint8_t)(hash & 0x7f);
	mac[4] = (uint8_t)(hash >> 8);
	mac[5] = (uint8_t)(hash >> 16);
}

static int take_given(struct set *set, const struct plan *plan, struct log *log)
{
	for (size_t i = 0; i < plan->n_domains; i++) {
		const struct plan_domain *domain = &plan->domains[i];

		for (size_t j = 0; j < domain->config->devices.n_vifs; j++) {
			const struct device *vif = &domain->config->devices.all[j];
			char text[18];

			if (!vif->has_mac)
				continue;
			memcpy(domain->macs[j], vif->mac, DEVICE_MAC_LEN);
			if (insert(set, macs_number(vif->mac)))
				continue;
			device_mac_text(text, vif->mac);
			log_error(log, "%s: the address %s is taken", domain->name, text);
			return -EEXIST;
		}
	}
	return 0;
}

int macs_assign(const struct plan *plan, const uint64_t *taken, size_t n_taken, struct log *log)
{
	CLEANUP(free) uint64_t *slots = NULL;
	struct set set;
	size_t n = n_taken, room = 16;
	int r;

	for (size_t i = 0; i < plan->n_domains; i++)
		n += plan->domains[i].config->devices.n_vifs;
	while (room < n * 2)
		room *= 2;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	set = (struct set){ slots, room - 1 };
	for (size_t i = 0; i < n_taken; i++)
		if (taken[i])
			insert(&set, taken[i]);
	r = take_given(&set, plan, log);
	for (size_t i = 0; !r && i < plan->n_domains; i++) {
		const struct plan_domain *domain = &plan->domains[i];

		for (size_t j = 0; j < domain->config->devices.n_vifs; j++) {
			const struct device *vif = &domain->config->devices.all[j];
			uint32_t attempt = 0;

			if (vif->has_mac)
				continue;
			do
				generate(domain->macs[j], domain, vif->devid, attempt++);
			while (!insert(&set, macs_number(domain->macs[j])));
		}
	}
	return r;
}
