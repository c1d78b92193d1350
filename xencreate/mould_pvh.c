/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PVH domain beside what is in its memory: the memory itself, a few parameters, the state of its
 * vCPUs. Memory is asked for by the library's own function. For the vCPUs the library has the whole
 * state told by the hypervisor, twice, and sets two parts of it, one after the other. That state is
 * the same for all domains of a config: we ask for it once, and set those parts in one call. The
 * first domain that gets it so has to be, in all that the hypervisor tells of it, like the one that
 * the library has built; if it is not, the library goes on doing it.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "mould.h"
#include "mould_priv.h"

/* After xenctrl.h: these are for those who speak of other domains. */
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

static_assert(sizeof(struct hvm_save_descriptor) == 8, "records are behind each other");

/* What the library sets. All but the ports are places in the domain's memory, the same in each. */
static const uint32_t params[] = {
	HVM_PARAM_STORE_PFN,	    HVM_PARAM_BUFIOREQ_PFN,    HVM_PARAM_IOREQ_PFN,
	HVM_PARAM_CONSOLE_PFN,	    HVM_PARAM_PAGING_RING_PFN, HVM_PARAM_MONITOR_RING_PFN,
	HVM_PARAM_SHARING_RING_PFN, HVM_PARAM_IDENT_PT,
};

#define N_PARAMS (sizeof(params) / sizeof(params[0]))

/* What the hypervisor tells of a domain's vCPUs, or is told: records, the last one is empty. */
struct state {
	char *records; /* owned */
	size_t size;
};

struct mould_pvh {
	uint64_t values[N_PARAMS];
	struct state whole; /* of the domain that the library built; without its clock */
	struct state start; /* of that, what the library sets */
	enum {
		PROOF_OPEN,
		PROOF_HOLDS,
		PROOF_FAILED,
	} proof;
};

void mould_pvh_free(struct mould_pvh *pvh)
{
	if (!pvh)
		return;
	free(pvh->whole.records);
	free(pvh->start.records);
	free(pvh);
}
DEFINE_CLEANUP(struct mould_pvh *, mould_pvh_free)

bool mould_pvh_is_proven(const struct mould_pvh *pvh)
{
	return pvh->proof == PROOF_HOLDS;
}

/* --- states --- */

/* The record at @at, which is whole; false: there is none. */
static bool get_record(const struct state *state, size_t at, struct hvm_save_descriptor *record)
{
	if (state->size - at < sizeof(*record))
		return false;
	memcpy(record, state->records + at, sizeof(*record));
	return record->length <= state->size - at - sizeof(*record);
}

/* It runs on while a domain is paused; the library sets it to zero. */
static void clear_clock(char *record)
{
	memset(record + sizeof(struct hvm_save_descriptor) + offsetof(struct hvm_hw_cpu, tsc), 0,
	       sizeof(((struct hvm_hw_cpu *)NULL)->tsc));
}

static int clear_clocks(struct state *state)
{
	struct hvm_save_descriptor record;

	for (size_t at = 0; get_record(state, at, &record); at += sizeof(record) + record.length) {
		if (record.typecode == HVM_SAVE_CODE(END))
			return 0;
		if (record.typecode != HVM_SAVE_CODE(CPU))
			continue;
		if (record.length < HVM_SAVE_LENGTH(CPU))
			return -EPROTO;
		clear_clock(state->records + at);
	}
	return -EPROTO;
}

/* What the hypervisor says of the domain at hand. */
static int ask(struct mould *mould, struct state *state)
{
	xc_interface *xch = mould->dom->xch;
	uint32_t domid = mould->dom->guest_domid;
	int n = xc_domain_hvm_getcontext(xch, domid, NULL, 0);

	if (n <= 0)
		return n < 0 ? -errno : -EPROTO;
	state->records = calloc(1, (size_t)n);
	if (!state->records)
		return -ENOMEM;
	n = xc_domain_hvm_getcontext(xch, domid, (uint8_t *)state->records, (uint32_t)n);
	if (n <= 0)
		return n < 0 ? -errno : -EPROTO;
	state->size = (size_t)n;
	return clear_clocks(state);
}

static size_t add_records(struct state *to, const struct state *from, uint16_t typecode)
{
	struct hvm_save_descriptor record;
	size_t n = 0;

	for (size_t at = 0; get_record(from, at, &record); at += sizeof(record) + record.length) {
		if (record.typecode == typecode) {
			memcpy(to->records + to->size, from->records + at,
			       sizeof(record) + record.length);
			to->size += sizeof(record) + record.length;
			n++;
		}
		if (record.typecode == HVM_SAVE_CODE(END))
			break;
	}
	return n;
}

/* All vCPUs' memory types, and the first one's registers: the others wait for it. */
static int select_start(struct mould_pvh *pvh)
{
	bool complete;

	pvh->start.records = malloc(pvh->whole.size);
	if (!pvh->start.records)
		return -ENOMEM;
	complete = add_records(&pvh->start, &pvh->whole, HVM_SAVE_CODE(HEADER)) == 1;
	complete &= add_records(&pvh->start, &pvh->whole, HVM_SAVE_CODE(MTRR)) > 0;
	complete &= add_records(&pvh->start, &pvh->whole, HVM_SAVE_CODE(CPU)) == 1;
	complete &= add_records(&pvh->start, &pvh->whole, HVM_SAVE_CODE(END)) == 1;
	return complete ? 0 : -EPROTO;
}

int mould_pvh_take(struct mould *mould)
{
	CLEANUP(mould_pvh_free) struct mould_pvh *pvh = calloc(1, sizeof(*pvh));
	const struct xc_dom_image *dom = mould->dom;
	int r;

	if (!pvh)
		return -ENOMEM;
	for (size_t i = 0; i < N_PARAMS; i++)
		if (xc_hvm_param_get(dom->xch, (domid_t)dom->guest_domid, params[i],
				     &pvh->values[i]) < 0)
			return -errno;
	r = ask(mould, &pvh->whole);
	if (!r)
		r = select_start(pvh);
	if (r < 0)
		return r;
	mould->pvh = STEAL(pvh);
	return 0;
}

/* --- casting --- */

int mould_pvh_get_memory(struct mould *mould)
{
	struct xc_dom_image *dom = mould->dom;
	xen_pfn_t special[X86_HVM_NR_SPECIAL_PAGES];

	errno = 0;
	if (dom->arch_hooks->meminit(dom))
		return errno ? -errno : -ENOMEM;
	for (unsigned int i = 0; i < X86_HVM_NR_SPECIAL_PAGES; i++)
		special[i] = X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES + i;
	errno = 0;
	if (xc_domain_populate_physmap_exact(dom->xch, dom->guest_domid, X86_HVM_NR_SPECIAL_PAGES,
					     0, 0, special))
		return errno ? -errno : -ENOMEM;
	return 0;
}

static int set_param(const struct xc_dom_image *dom, uint32_t param, uint64_t value)
{
	return xc_hvm_param_set(dom->xch, (domid_t)dom->guest_domid, param, value) < 0 ? -errno : 0;
}

int mould_pvh_set_params(struct mould *mould)
{
	const struct xc_dom_image *dom = mould->dom;
	int r = 0;

	for (size_t i = 0; !r && i < N_PARAMS; i++)
		r = set_param(dom, params[i], mould->pvh->values[i]);
	if (!r)
		r = set_param(dom, HVM_PARAM_CONSOLE_EVTCHN, dom->console_evtchn);
	if (!r)
		r = set_param(dom, HVM_PARAM_STORE_EVTCHN, dom->xenstore_evtchn);
	return r;
}

static int set_start(const struct mould *mould)
{
	const struct state *start = &mould->pvh->start;

	return xc_domain_hvm_setcontext(mould->dom->xch, mould->dom->guest_domid,
					(uint8_t *)start->records, (uint32_t)start->size) < 0
		       ? -errno
		       : 0;
}

/* Whatever goes wrong: the library does it for this domain. */
static void prove(struct mould *mould)
{
	struct mould_pvh *pvh = mould->pvh;
	struct state state = { 0 };

	if (!set_start(mould) && !ask(mould, &state))
		pvh->proof = state.size == pvh->whole.size &&
					     !memcmp(state.records, pvh->whole.records, state.size)
				     ? PROOF_HOLDS
				     : PROOF_FAILED;
	free(state.records);
}

int mould_pvh_set_up_vcpus(struct mould *mould)
{
	struct mould_pvh *pvh = mould->pvh;

	if (pvh->proof == PROOF_HOLDS)
		return set_start(mould);
	if (pvh->proof == PROOF_OPEN)
		prove(mould);
	if (pvh->proof == PROOF_HOLDS)
		return 0;
	errno = 0;
	return mould->dom->arch_hooks->vcpu(mould->dom) ? (errno ? -errno : -EIO) : 0;
}
