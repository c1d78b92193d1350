/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run queue, sleepers and fibers. A guest is made at its first unpause and reads its start_info
 * when it first runs. Its events are the pending bits of its shared_info page, as on real Xen.
 */
#include "player.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot.h"
#include "core/domain.h"
#include "core/host.h"
#include "core/memory.h"
#include "heap.h"
#include "played.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define START_SWITCH(save, stack, size)	 __sanitizer_start_switch_fiber(save, stack, size)
#define FINISH_SWITCH(save, stack, size) __sanitizer_finish_switch_fiber(save, stack, size)
#else
#define START_SWITCH(save, stack, size)	 ((void)0)
#define FINISH_SWITCH(save, stack, size) ((void)0)
#endif

#define SLAB_BLOCKS 64
/* How long a guest runs before it lets others; it is asked when it asks for the time. */
#define SLICE_NS 200000

static_assert(sizeof(struct played) + 24 * 1024 <= PLAYED_BLOCK_BYTES, "room for the stack");

/* A free block's first bytes. */
struct free_block {
	struct free_block *next;
};

struct slab {
	struct slab *next;
	char *base;
};

struct player {
	void (*wake)(void *ctx);
	void *ctx;
	TAILQ_HEAD(, played) ready;
	struct heap sleepers;
	uint32_t n_guests;
	struct slab *slabs; /* owned */
	struct free_block *free_blocks;
	void *fake_stack; /* the address sanitizer's, of the scheduler */
};

int player_new(struct player **out, void (*wake)(void *ctx), void *ctx)
{
	struct player *player = calloc(1, sizeof(*player));

	if (!player)
		return -ENOMEM;
	player->wake = wake;
	player->ctx = ctx;
	TAILQ_INIT(&player->ready);
	*out = player;
	return 0;
}

void player_free(struct player *player)
{
	struct slab *slab;

	if (!player)
		return;
	while ((slab = player->slabs)) {
		player->slabs = slab->next;
		munmap(slab->base, SLAB_BLOCKS * PLAYED_BLOCK_BYTES);
		free(slab);
	}
	heap_deinit(&player->sleepers);
	free(player);
}

static int add_slab(struct player *player)
{
	size_t size = SLAB_BLOCKS * PLAYED_BLOCK_BYTES;
	struct slab *slab = malloc(sizeof(*slab));
	char *raw, *base;

	if (!slab)
		return -ENOMEM;
	/* One block more, so that there is an aligned start; the rest is given back. */
	raw = mmap(NULL, size + PLAYED_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED) {
		free(slab);
		return -ENOMEM;
	}
	base = (char *)(((uintptr_t)raw + PLAYED_BLOCK_BYTES - 1) &
			~(uintptr_t)(PLAYED_BLOCK_BYTES - 1));
	if (base > raw)
		munmap(raw, (size_t)(base - raw));
	if (base - raw < PLAYED_BLOCK_BYTES)
		munmap(base + size, PLAYED_BLOCK_BYTES - (size_t)(base - raw));
	/* A guest touches a few pages of its block: a huge page would be mostly stacks that nobody
	 * uses. */
	madvise(base, size, MADV_NOHUGEPAGE);
	*slab = (struct slab){ .next = player->slabs, .base = base };
	player->slabs = slab;
	for (size_t i = SLAB_BLOCKS; i-- > 0;) {
		struct free_block *block =
			(struct free_block *)(void *)(base + i * PLAYED_BLOCK_BYTES);

		block->next = player->free_blocks;
		player->free_blocks = block;
	}
	return 0;
}

static struct played *played_new(struct player *player, struct domain *domain)
{
	struct played *played;

	if (heap_reserve(&player->sleepers, player->n_guests + 1) < 0 ||
	    (!player->free_blocks && add_slab(player) < 0))
		return NULL;
	played = (struct played *)(void *)player->free_blocks;
	player->free_blocks = player->free_blocks->next;
	memset(played, 0, sizeof(struct free_block)); /* the rest of a free block is zero */
	played->player = player;
	played->domain = domain;
	played->state = PLAYED_STOPPED;
	played->heap_at = HEAP_NOWHERE;
	played->canary = PLAYED_CANARY;
	player->n_guests++;
	return played;
}

static void leave_queues(struct played *played)
{
	struct player *player = played->player;

	if (played->state == PLAYED_READY)
		TAILQ_REMOVE(&player->ready, played, of_queue);
	heap_remove(&player->sleepers, played);
}

static void played_free(struct played *played)
{
	struct player *player = played->player;
	struct free_block *block = (struct free_block *)(void *)played;

	leave_queues(played);
	madvise(played, PLAYED_BLOCK_BYTES, MADV_DONTNEED);
	block->next = player->free_blocks;
	player->free_blocks = block;
	player->n_guests--;
}

static void make_ready(struct played *played)
{
	struct player *player = played->player;
	bool was_idle = TAILQ_EMPTY(&player->ready);

	leave_queues(played);
	played->state = PLAYED_READY;
	played->domain->vcpus[0].blocked = false;
	TAILQ_INSERT_TAIL(&player->ready, played, of_queue);
	if (was_idle)
		player->wake(player->ctx);
}

static struct played *played_of(const struct domain *domain)
{
	return (struct played *)(void *)domain->guest;
}

void player_guest_runs(struct player *player, struct domain *domain)
{
	if (!domain->guest)
		domain->guest = (struct guest *)(void *)played_new(player, domain);
	if (domain->guest && played_of(domain)->state == PLAYED_STOPPED)
		make_ready(played_of(domain));
}

void player_guest_stops(struct player *player, struct domain *domain)
{
	struct played *played = played_of(domain);

	(void)player;
	if (!played || played->state == PLAYED_OVER)
		return;
	leave_queues(played);
	played->state = PLAYED_STOPPED;
}

void player_guest_gone(struct player *player, struct domain *domain)
{
	(void)player;
	if (domain->guest)
		played_free(played_of(domain));
	domain->guest = NULL;
}

bool played_has_pending(const struct played *played)
{
	const volatile xen_ulong_t *pending = played->guest.shared->evtchn_pending;

	for (uint32_t i = 0; i < played->n_ports; i++)
		if (pending[played->ports[i] / 64] >> (played->ports[i] % 64) & 1)
			return true;
	return false;
}

void player_guest_event(struct player *player, struct domain *domain, uint32_t port)
{
	struct played *played = played_of(domain);
	struct shared_info *shared = memory_frame(domain->host->memory, domain->shared_info);

	(void)player;
	if (port >= sizeof(shared->evtchn_pending) * 8)
		return; /* beyond the 2-level ABI, which is the one played guests use */
	__atomic_fetch_or(&shared->evtchn_pending[port / 64], (xen_ulong_t)1 << (port % 64),
			  __ATOMIC_SEQ_CST);
	if (played && played->state == PLAYED_ASLEEP && played_has_pending(played))
		make_ready(played);
}

uint64_t played_now_ns(const struct played *played)
{
	return host_now_ns(played->domain->host);
}

void played_switch(struct played *played, enum played_request request)
{
	played->request = request;
	START_SWITCH(&played->fake_stack, played->scheduler_stack, played->scheduler_size);
	swapcontext(&played->context, &played->scheduler);
	FINISH_SWITCH(played->fake_stack, &played->scheduler_stack, &played->scheduler_size);
}

static void enter(unsigned int high, unsigned int low)
{
	struct played *played = (struct played *)((uintptr_t)high << 32 | low);

	FINISH_SWITCH(NULL, &played->scheduler_stack, &played->scheduler_size);
	turn_for_ever(&played->guest);
}

/* The builder's work is looked at once, when the guest first runs. */
static int boot(struct played *played)
{
	struct domain *domain = played->domain;
	struct memory *memory = domain->host->memory;
	struct guest *guest = &played->guest;
	uintptr_t address = (uintptr_t)played;
	struct boot_info info;
	int r = boot_find(domain, &info);

	if (r < 0)
		return r;
	memcpy(guest->cmdline, info.cmdline, sizeof(guest->cmdline));
	guest->shared = memory_frame(memory, domain->shared_info);
	guest->store.ring = memory_frame(memory, info.store_mfn);
	guest->store.port = info.store_port;
	guest->console.ring = memory_frame(memory, info.console_mfn);
	guest->console.port = info.console_port;
	getcontext(&played->context);
	played->context.uc_stack.ss_sp = (char *)played + sizeof(*played);
	played->context.uc_stack.ss_size = PLAYED_BLOCK_BYTES - sizeof(*played);
	played->context.uc_link = NULL;
	makecontext(&played->context, (void (*)(void))enter, 2, (unsigned int)(address >> 32),
		    (unsigned int)address);
	played->booted = true;
	return 0;
}

/* What the guest asked for when it left the CPU. */
static void grant(struct played *played)
{
	switch (played->request) {
	case PLAYED_YIELD:
		make_ready(played);
		break;
	case PLAYED_POLL:
		if (played_has_pending(played)) {
			make_ready(played);
			break;
		}
		played->state = PLAYED_ASLEEP;
		played->domain->vcpus[0].blocked = true;
		if (played->wake_ns != UINT64_MAX)
			heap_add(&played->player->sleepers, played);
		break;
	case PLAYED_SHUTDOWN:
		played->state = PLAYED_OVER;
		domain_shutdown(played->domain, (uint8_t)played->shutdown_code);
		break;
	}
}

static void wake_sleepers(struct player *player, uint64_t now_ns)
{
	struct played *played;

	while ((played = heap_first(&player->sleepers)) && played->wake_ns <= now_ns)
		make_ready(played);
}

bool player_run_one(struct player *player, uint64_t now_ns)
{
	struct played *played;
	uint64_t end_ns;

	wake_sleepers(player, now_ns);
	played = TAILQ_FIRST(&player->ready);
	if (!played)
		return false;
	TAILQ_REMOVE(&player->ready, played, of_queue);
	played->state = PLAYED_STOPPED; /* until it asks for something */
	if (!played->booted && boot(played) < 0) {
		host_print(played->domain->host, "(XEN) d%u: nothing to boot\n",
			   played->domain->id);
		played->request = PLAYED_SHUTDOWN;
		played->shutdown_code = SHUTDOWN_crash;
		grant(played);
		return true;
	}
	played->slice_end_ns = now_ns + SLICE_NS;
	START_SWITCH(&player->fake_stack, played->context.uc_stack.ss_sp,
		     played->context.uc_stack.ss_size);
	swapcontext(&played->scheduler, &played->context);
	FINISH_SWITCH(player->fake_stack, NULL, NULL);
	assert(played->canary == PLAYED_CANARY);
	end_ns = played_now_ns(played);
	played->domain->vcpus[0].cpu_time_ns += end_ns - now_ns;
	grant(played);
	return true;
}

uint64_t player_due_ns(const struct player *player)
{
	const struct played *first = heap_first(&player->sleepers);

	return TAILQ_EMPTY(&player->ready) ? first ? first->wake_ns : UINT64_MAX : 0;
}
