/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Five hypercalls, in the order in which they depend on each other; and those of the proof. */
#include "shell.h"

#include <errno.h>
#include <string.h>
#include <xenctrl.h>

#include "cleanup.h"
#include "domaininfo.h"
#include "guestcfg.h"
#include "proof.h"

#define CHUNK 1024 /* domains that are listed by one hypercall */
/* "Choose a number": understood as such by every version (0 is not, from 4.22 on). */
#define DOMID_CHOOSE 0x7ff5U
#define SSIDREF_DOMU 12 /* SECINITSID_DOMU; without an XSM policy nobody looks at it */
/* What a guest may have beyond its memory, as libxl leaves it. Source: libxl,
 * LIBXL_MAXMEM_CONSTANT. */
#define MAXMEM_SLACK_KIB 1024

static void describe(struct xen_domctl_createdomain *create, const struct guestcfg *config,
		     const uint8_t handle[16], uint32_t cap)
{
	*create = (struct xen_domctl_createdomain){
		.ssidref = SSIDREF_DOMU,
		.max_vcpus = config->max_vcpus,
		.max_evtchn_port = cap,
		.cpupool_id = config->pool,
		.max_grant_frames = config->max_grant_frames,
		.max_maptrack_frames = config->max_maptrack_frames,
		.grant_opts = XEN_DOMCTL_GRANT_version(config->grant_version),
	};
	memcpy(create->handle, handle, sizeof(create->handle));
	if (config->type == GUESTCFG_PVH) {
		create->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
		create->arch.emulation_flags = XEN_X86_EMU_LAPIC;
	}
}

static int alloc_port(xc_interface *xch, uint32_t domid, uint32_t remote, uint32_t *port)
{
	xc_evtchn_port_or_error_t r = xc_evtchn_alloc_unbound(xch, domid, remote);

	if (r < 0)
		return -errno;
	*port = (uint32_t)r;
	return 0;
}

static int furnish(struct shell *shell, xc_interface *xch, const struct guestcfg *config,
		   uint32_t store_domid, uint32_t console_domid)
{
	int r;

	if (xc_domain_max_vcpus(xch, shell->domid, config->max_vcpus) < 0)
		return -errno;
	if (xc_domain_setmaxmem(xch, shell->domid, config->maxmem_mib * 1024 + MAXMEM_SLACK_KIB) <
	    0)
		return -errno;
	r = alloc_port(xch, shell->domid, store_domid, &shell->store_port);
	if (r < 0)
		return r;
	return alloc_port(xch, shell->domid, console_domid, &shell->console_port);
}

int shell_create(struct shell *shell, struct xc_interface_core *xch, const struct guestcfg *config,
		 const uint8_t handle[16], uint32_t cap, struct proof *proof, uint32_t store_domid,
		 uint32_t console_domid)
{
	struct shell made = { .domid = DOMID_CHOOSE };
	struct xen_domctl_createdomain create;
	int r;

	describe(&create, config, handle, cap);
	if (xc_domain_create(xch, &made.domid, &create) < 0)
		return -errno;
	/* First: it closes all ports. */
	r = proof ? proof_domain(proof, made.domid, cap) : 0;
	if (!r)
		r = furnish(&made, xch, config, store_domid, console_domid);
	if (r < 0) {
		xc_domain_destroy(xch, made.domid);
		return r;
	}
	*shell = made;
	return 0;
}

int shell_each(struct xc_interface_core *xch, shell_each_fn *fn, void *ctx)
{
	CLEANUP(free) xc_domaininfo_t *infos = calloc(CHUNK, sizeof(*infos));
	uint32_t first = 1;
	int n, r = 0;

	if (!infos)
		return -ENOMEM;
	do {
		n = xc_domain_getinfolist(xch, first, CHUNK, infos);
		if (n < 0)
			return -errno;
		for (int i = 0; !r && i < n; i++)
			r = fn(ctx, &infos[i]);
		if (n)
			first = infos[n - 1].domain + 1;
	} while (!r && n == CHUNK);
	return r;
}

struct search {
	const uint8_t *handle;
	uint32_t domid; /* 0: not found */
};

static int compare(void *ctx, const struct xen_domctl_getdomaininfo *info)
{
	struct search *search = ctx;

	if (memcmp(info->handle, search->handle, sizeof(info->handle)))
		return 0;
	search->domid = info->domain;
	return 1;
}

int shell_find(uint32_t *domid, struct xc_interface_core *xch, const uint8_t handle[16])
{
	struct search search = { .handle = handle };
	int r = shell_each(xch, compare, &search);

	if (r <= 0)
		return r < 0 ? r : -ESRCH;
	*domid = search.domid;
	return 0;
}

int shell_destroy(struct xc_interface_core *xch, uint32_t domid, const uint8_t handle[16])
{
	struct domaininfo info;
	int r = domaininfo_get(&info, xch, domid);

	if (r < 0)
		return r;
	if (memcmp(info.handle, handle, sizeof(info.handle)))
		return -ESRCH;
	return xc_domain_destroy(xch, domid) < 0 ? -errno : 0;
}

int shell_check(struct xc_interface_core *xch, uint32_t domid, const uint8_t handle[16])
{
	struct domaininfo info;
	int r = domaininfo_get(&info, xch, domid);

	if (r < 0)
		return r;
	if (memcmp(info.handle, handle, sizeof(info.handle)))
		return -ESRCH;
	if (info.is_dying || info.is_shutdown || info.cpu_time_ns)
		return -EBUSY;
	return info.is_paused ? 0 : -EBUSY;
}
