/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a domain that was cast like one that the library has built? Makes both of one config, paused,
 * and compares what the first vCPU would see. PV: its registers, every page that its page tables
 * reach, the shared page and the grants. A machine frame counts as the same if it is the same page.
 * PVH: alikepvh.c.
 *
 * usage: alike CONFIG	prints TAP; exit status 0: alike
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "alike.h"
#include "build.h"
#include "guestcfg.h"
#include "image.h"
#include "log.h"
#include "shell.h"

#define PAGE_BYTES 4096
#define WORDS	   (PAGE_BYTES / 8)
#define FRAME_MASK UINT64_C(0x000ffffffffff000)
/* xen/arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START and _END */
#define XEN_SLOT_FIRST 256
#define XEN_SLOT_END   272
#define PAGES_MAX      (1U << 16)
#define N_MADE	       4

/* One domain as its first vCPU would see it. */
struct seen {
	uint32_t domid;
	vcpu_guest_context_any_t vcpu;
	uint64_t shared_frame;
	unsigned int n_pages;
	uint64_t addresses[PAGES_MAX];
	uint64_t entries[PAGES_MAX]; /* of the lowest page tables */
	xen_pfn_t frames[PAGES_MAX];
	uint64_t *pages;
};

static unsigned int n_tests;
static bool all_good = true;

void alike_verdict(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++n_tests, name);
	all_good &= good;
}

static void *map(xenforeignmemory_handle *foreign, uint32_t domid, size_t n,
		 const xen_pfn_t *frames)
{
	return xenforeignmemory_map(foreign, domid, PROT_READ, n, frames, NULL);
}

/* All pages below one table, in rising order of addresses. */
static int walk(struct seen *seen, xenforeignmemory_handle *foreign, uint64_t frame, int level,
		uint64_t address)
{
	xen_pfn_t pfn = frame;
	uint64_t *table = map(foreign, seen->domid, 1, &pfn);
	int r = 0;

	if (!table)
		return -errno;
	for (unsigned int i = 0; !r && i < WORDS; i++) {
		uint64_t at = address | (uint64_t)i << (12 + 9 * level);

		/* The upper half is the hypervisor's. */
		if (!(table[i] & 1) || (level == 3 && i >= WORDS / 2))
			continue;
		if (level) {
			r = walk(seen, foreign, (table[i] & FRAME_MASK) / PAGE_BYTES, level - 1,
				 at);
		} else if (seen->n_pages == PAGES_MAX) {
			r = -E2BIG;
		} else {
			seen->addresses[seen->n_pages] = at;
			seen->entries[seen->n_pages] = table[i];
			seen->frames[seen->n_pages++] = (table[i] & FRAME_MASK) / PAGE_BYTES;
		}
	}
	xenforeignmemory_unmap(foreign, table, 1);
	return r;
}

static int look(struct seen *seen, xc_interface *xch, xenforeignmemory_handle *foreign,
		uint32_t domid)
{
	xc_domaininfo_t info;
	int r;

	seen->domid = domid;
	if (xc_vcpu_getcontext(xch, domid, 0, &seen->vcpu) < 0 ||
	    xc_domain_getinfolist(xch, domid, 1, &info) != 1)
		return -errno;
	seen->shared_frame = info.shared_info_frame;
	r = walk(seen, foreign, seen->vcpu.c.ctrlreg[3] / PAGE_BYTES, 3, 0);
	if (r < 0)
		return r;
	seen->pages = map(foreign, domid, seen->n_pages, seen->frames);
	return seen->pages ? 0 : -errno;
}

/* Which page has this frame? -1: none of them. */
static long index_of(const struct seen *seen, uint64_t frame)
{
	for (unsigned int i = 0; i < seen->n_pages; i++)
		if (seen->frames[i] == frame)
			return i;
	return frame == seen->shared_frame ? (long)PAGES_MAX : -1;
}

static bool same_frame(const struct seen *a, uint64_t frame_a, const struct seen *b,
		       uint64_t frame_b)
{
	long index = index_of(a, frame_a);

	return index >= 0 && index == index_of(b, frame_b);
}

/* The same number, the same page's frame or address, or an entry for the same page. */
static bool same_word(const struct seen *a, uint64_t word_a, const struct seen *b, uint64_t word_b)
{
	if (word_a == word_b || same_frame(a, word_a, b, word_b))
		return true;
	return (word_a & ~FRAME_MASK) == (word_b & ~FRAME_MASK) &&
	       same_frame(a, (word_a & FRAME_MASK) / PAGE_BYTES, b,
			  (word_b & FRAME_MASK) / PAGE_BYTES);
}

static const uint64_t *page_of_frame(const struct seen *seen, uint64_t frame)
{
	long i = index_of(seen, frame);

	return i < 0 || i == (long)PAGES_MAX ? NULL : seen->pages + (size_t)i * WORDS;
}

static const uint64_t *page_at(const struct seen *seen, unsigned int i)
{
	return seen->pages + (size_t)i * WORDS;
}

/*
 * The first word of page @page that is not the same in @a and @b, or WORDS. Those that differ
 * between @a and @other do not count, nor, in the top of the page tables, those that are the
 * hypervisor's.
 */
static unsigned int differs_at(const struct seen *a, const struct seen *b, const struct seen *other,
			       unsigned int page)
{
	const uint64_t *words = page_at(a, page), *theirs = page_at(b, page);
	bool is_top = words == page_of_frame(a, a->vcpu.c.ctrlreg[3] / PAGE_BYTES);
	unsigned int i = 0;

	while (i < WORDS && ((is_top && i >= XEN_SLOT_FIRST && i < XEN_SLOT_END) ||
			     same_word(a, words[i], b, theirs[i]) ||
			     !same_word(a, words[i], other, page_at(other, page)[i])))
		i++;
	return i;
}

static bool is_zero(const uint64_t *page)
{
	unsigned int i = 0;

	while (i < WORDS && !page[i])
		i++;
	return i == WORDS;
}

/*
 * Which pages did the library write? From the first to the last one that is not empty and the same
 * in two domains that it has built: what else there is comes from whoever had the memory before,
 * if the hypervisor does not wipe it; so does the end of start_info's page.
 */
static void find_written(const struct seen *a, const struct seen *b, unsigned int *first,
			 unsigned int *end)
{
	*first = *end = 0;
	for (unsigned int i = 0; i < a->n_pages && i < b->n_pages; i++) {
		if (is_zero(page_at(a, i)) || differs_at(a, b, a, i) < WORDS)
			continue;
		if (!*end)
			*first = i;
		*end = i + 1;
	}
}

static void compare_memory(const struct seen *a, const struct seen *other, const struct seen *b)
{
	bool contents = true, entries = true;
	unsigned int first, end;

	alike_verdict(a->n_pages && a->n_pages == b->n_pages &&
			      !memcmp(a->addresses, b->addresses,
				      a->n_pages * sizeof(a->addresses[0])),
		      "the same addresses are mapped");
	if (a->n_pages != b->n_pages)
		return;
	find_written(a, other, &first, &end);
	printf("# %u pages, written are %u to %u\n", a->n_pages, first, end);
	for (unsigned int i = 0; i < a->n_pages; i++)
		entries &= (a->entries[i] & ~FRAME_MASK) == (b->entries[i] & ~FRAME_MASK);
	for (unsigned int i = first; i < end; i++) {
		unsigned int at = differs_at(a, b, other, i);

		contents &= at == WORDS;
		if (at < WORDS)
			printf("# at %#" PRIx64 ": %#" PRIx64 ", %#" PRIx64 "\n",
			       a->addresses[i] + 8 * at, page_at(a, i)[at], page_at(b, i)[at]);
	}
	alike_verdict(entries, "with the same rights");
	alike_verdict(end > first && contents, "and hold the same");
}

static void compare_registers(const struct seen *a, const struct seen *b)
{
	vcpu_guest_context_any_t vcpu = b->vcpu;

	alike_verdict(same_frame(a, a->vcpu.c.ctrlreg[3] / PAGE_BYTES, b,
				 vcpu.c.ctrlreg[3] / PAGE_BYTES),
		      "the page tables begin in the same page");
	vcpu.c.ctrlreg[3] = a->vcpu.c.ctrlreg[3];
	alike_verdict(!memcmp(&vcpu.c, &a->vcpu.c, sizeof(vcpu.c)),
		      "all other registers are the same");
}

static void compare_shared(const struct seen *a, const struct seen *b,
			   xenforeignmemory_handle *foreign)
{
	xen_pfn_t frame_a = a->shared_frame, frame_b = b->shared_frame;
	uint64_t *page_a = map(foreign, a->domid, 1, &frame_a);
	uint64_t *page_b = map(foreign, b->domid, 1, &frame_b);

	/* The hypervisor keeps the time there: it lies behind the vCPUs' and the ports' part. */
	alike_verdict(page_a && page_b &&
			      !memcmp(page_a, page_b, offsetof(shared_info_t, wc_version)),
		      "the shared page is the same");
	if (page_a)
		xenforeignmemory_unmap(foreign, page_a, 1);
	if (page_b)
		xenforeignmemory_unmap(foreign, page_b, 1);
}

grant_entry_v1_t *alike_map_grants(xenforeignmemory_handle *foreign, uint32_t domid,
				   xenforeignmemory_resource_handle **resource)
{
	void *at = NULL;

	*resource = xenforeignmemory_map_resource(foreign, (domid_t)domid,
						  XENMEM_resource_grant_table,
						  XENMEM_resource_grant_table_id_shared, 0, 1, &at,
						  PROT_READ | PROT_WRITE, 0);
	return *resource ? at : NULL;
}

static void compare_grants(const struct seen *a, const struct seen *b,
			   xenforeignmemory_handle *foreign)
{
	xenforeignmemory_resource_handle *resource_a, *resource_b;
	grant_entry_v1_t *grants_a = alike_map_grants(foreign, a->domid, &resource_a);
	grant_entry_v1_t *grants_b = alike_map_grants(foreign, b->domid, &resource_b);
	bool same = grants_a && grants_b;

	for (unsigned int i = 0; same && i < PAGE_BYTES / sizeof(*grants_a); i++)
		same = grants_a[i].flags == grants_b[i].flags &&
		       grants_a[i].domid == grants_b[i].domid &&
		       (grants_a[i].frame == grants_b[i].frame ||
			same_frame(a, grants_a[i].frame, b, grants_b[i].frame));
	alike_verdict(same, "the grants are the same");
	if (grants_a)
		xenforeignmemory_unmap_resource(foreign, resource_a);
	if (grants_b)
		xenforeignmemory_unmap_resource(foreign, resource_b);
}

/* After the second the mould is taken; casting the third one may be more than casting the next. */
static int make(uint32_t domids[N_MADE], xc_interface *xch, const struct guestcfg *config,
		struct build_moulds *moulds)
{
	char message[200] = "";
	int r = 0;

	for (unsigned int i = 0; !r && i < N_MADE; i++) {
		uint8_t handle[16] = { 0xa1, 0x1c, (uint8_t)i };
		struct build_result result;
		struct shell shell;
		const struct build_request request = { .xch = xch,
						       .config = config,
						       .shell = &shell };

		r = shell_create(&shell, xch, config, handle, 1023, NULL, 0, 0);
		if (r < 0)
			break;
		domids[i] = shell.domid;
		r = build_domain(&result, &request, moulds, message, sizeof(message));
	}
	if (r < 0)
		printf("# %s: %s\n", message, strerror(-r));
	return r;
}

static int compare_pv(xc_interface *xch, xenforeignmemory_handle *foreign,
		      const uint32_t domids[N_MADE])
{
	static const unsigned int whom[] = { 0, 1, N_MADE - 1 };
	CLEANUP(free) struct seen *seen = calloc(3, sizeof(*seen));
	int r = seen ? 0 : -ENOMEM;

	for (unsigned int i = 0; !r && i < 3; i++)
		r = look(&seen[i], xch, foreign, domids[whom[i]]);
	if (r < 0)
		return r;
	compare_registers(&seen[0], &seen[2]);
	compare_memory(&seen[0], &seen[1], &seen[2]);
	compare_shared(&seen[0], &seen[2], foreign);
	compare_grants(&seen[0], &seen[2], foreign);
	return 0;
}

static int compare(xc_interface *xch, const uint32_t domids[N_MADE], const struct guestcfg *config)
{
	xenforeignmemory_handle *foreign = xenforeignmemory_open(NULL, 0);
	int r = 0;

	if (!foreign)
		return -ENOMEM;
	if (config->type != GUESTCFG_PVH)
		r = compare_pv(xch, foreign, domids);
	for (unsigned int i = 2; !r && config->type == GUESTCFG_PVH && i < N_MADE; i++)
		r = alike_pvh(xch, foreign, domids[0], domids[1], domids[i],
			      (config->memory_mib << 20) / PAGE_BYTES);
	xenforeignmemory_close(foreign);
	return r;
}

int main(int argc, char **argv)
{
	CLEANUP(log_free) struct log *log = NULL;
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;
	CLEANUP(image_set_free) struct image_set *images = NULL;
	struct build_moulds *moulds = NULL;
	uint32_t domids[N_MADE] = { 0 };
	xc_interface *xch;
	int r;

	if (argc != 2 || log_new(&log, "alike", LOG_LEVEL_DEBUG, LOG_TARGET_STDERR) < 0)
		return 2;
	xch = xc_interface_open(log_xtl(log), log_xtl(log), 0);
	if (!xch || guestcfg_read(&config, argv[1], false, log) < 0 ||
	    image_set_load(&images, &config, 1, xch, log) < 0 ||
	    build_moulds_new(&moulds, log_xtl(log)) < 0)
		return 2;
	r = make(domids, xch, config, moulds);
	alike_verdict(!r, "four are made");
	alike_verdict(build_moulds_count(moulds) == 1, "the last ones are cast");
	alike_verdict(build_moulds_count_whole(moulds) == 1, "without any help");
	if (!r)
		r = compare(xch, domids, config);
	if (r < 0)
		alike_verdict(false, strerror(-r));
	build_moulds_free(moulds);
	for (unsigned int i = 0; i < N_MADE; i++)
		if (domids[i])
			xc_domain_destroy(xch, domids[i]);
	xc_interface_close(xch);
	printf("1..%u\n", n_tests);
	return !all_good;
}
