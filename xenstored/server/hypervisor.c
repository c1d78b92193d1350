/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenctrl and libxengnttab, and what domstate.h adds from Xen 4.21 on. */
#include "server/hypervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xengnttab.h>

#include "domaininfo.h"
#include "grants.h"
#include "log.h"
#include "server/domstate.h"

#define PAGE_SIZE_BYTES 4096

struct hypervisor {
	xc_interface *xc;			   /* owned */
	struct grants *grants;			   /* owned */
	struct domstate *domstate;		   /* owned; NULL: Xen does not tell */
	xc_domaininfo_t info[HYPERVISOR_LIST_MAX]; /* scratch */
};

int hypervisor_new(struct hypervisor **out, struct log *log)
{
	CLEANUP(hypervisor_free) struct hypervisor *hypervisor = calloc(1, sizeof(*hypervisor));
	int r;

	if (!hypervisor)
		return -ENOMEM;
	hypervisor->xc = xc_interface_open(log_xtl(log), log_xtl(log), 0);
	if (!hypervisor->xc) {
		r = -errno;
		log_error(log, "the hypervisor cannot be asked: %s (is this dom0 of a Xen host?)",
			  strerror(-r));
		return r;
	}
	r = grants_new(&hypervisor->grants, log_xtl(log));
	if (r < 0) {
		log_error(log, "grants cannot be mapped: %s", strerror(-r));
		return r;
	}
	r = domstate_new(&hypervisor->domstate, log);
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	*out = STEAL(hypervisor);
	return 0;
}

void hypervisor_free(struct hypervisor *hypervisor)
{
	if (!hypervisor)
		return;
	domstate_free(hypervisor->domstate);
	grants_free(hypervisor->grants);
	if (hypervisor->xc)
		xc_interface_close(hypervisor->xc);
	free(hypervisor);
}

static void translate(const xc_domaininfo_t *info, struct hypervisor_domain *out)
{
	out->domid = info->domain;
	memcpy(out->handle, info->handle, sizeof(out->handle));
	out->unique_id = 0;
	out->is_dying = info->flags & XEN_DOMINF_dying;
	out->is_shutdown = info->flags & XEN_DOMINF_shutdown;
}

int hypervisor_find(struct hypervisor *hypervisor, uint32_t domid, struct hypervisor_domain *out)
{
	struct domaininfo info;
	int r = domaininfo_get(&info, hypervisor->xc, domid);

	if (r < 0)
		return r == -ESRCH ? -ENOENT : r;
	out->domid = domid;
	memcpy(out->handle, info.handle, sizeof(out->handle));
	out->unique_id = hypervisor_unique_id(hypervisor, domid);
	out->is_dying = info.is_dying;
	out->is_shutdown = info.is_shutdown;
	return 0;
}

uint64_t hypervisor_unique_id(struct hypervisor *hypervisor, uint32_t domid)
{
	struct domstate_info info;

	if (!hypervisor->domstate || domstate_get(hypervisor->domstate, domid, &info) < 0)
		return 0;
	return info.unique_id;
}

int hypervisor_next_changed(struct hypervisor *hypervisor, struct hypervisor_domain *out)
{
	struct domstate_info info;
	int r;

	if (!hypervisor->domstate)
		return -EOPNOTSUPP;
	r = domstate_next(hypervisor->domstate, &info);
	if (r < 0)
		return r;
	*out = (struct hypervisor_domain){
		.domid = info.domid,
		.unique_id = info.unique_id,
		.is_dying = info.is_dying,
		.is_shutdown = info.is_shutdown,
	};
	return 0;
}

int hypervisor_list(struct hypervisor *hypervisor, uint32_t first, struct hypervisor_domain *out)
{
	int n = xc_domain_getinfolist(hypervisor->xc, first, HYPERVISOR_LIST_MAX, hypervisor->info);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++)
		translate(&hypervisor->info[i], &out[i]);
	return n;
}

/* False: it is not connected. */
static bool find_peer(struct hypervisor *hypervisor, uint32_t local, xc_evtchn_status_t *status)
{
	*status = (xc_evtchn_status_t){ .dom = DOMID_SELF, .port = local };
	return xc_evtchn_status(hypervisor->xc, status) == 0 &&
	       status->status == EVTCHNSTAT_interdomain;
}

bool hypervisor_is_connected(struct hypervisor *hypervisor, uint32_t local, uint32_t domid)
{
	xc_evtchn_status_t status;

	return find_peer(hypervisor, local, &status) && status.u.interdomain.dom == domid;
}

uint32_t hypervisor_peer_port(struct hypervisor *hypervisor, uint32_t local)
{
	xc_evtchn_status_t status;

	return find_peer(hypervisor, local, &status) ? status.u.interdomain.port : 0;
}

int hypervisor_map_ring(struct hypervisor *hypervisor, uint32_t domid, struct ring_page **out)
{
	void *page = xengnttab_map_grant_ref(grants_of(hypervisor->grants, domid), domid,
					     GNTTAB_RESERVED_XENSTORE, PROT_READ | PROT_WRITE);

	if (!page)
		return -errno;
	*out = page;
	return 0;
}

void hypervisor_unmap_ring(struct hypervisor *hypervisor, uint32_t domid, struct ring_page *page)
{
	xengnttab_unmap(grants_of(hypervisor->grants, domid), page, 1);
}

static int read_port(const char *path, uint32_t *port)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[20];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	*port = (uint32_t)strtoul(text, NULL, 10);
	return *port ? 0 : -EINVAL;
}

int hypervisor_map_own_ring(const char *kva_path, const char *port_path, struct ring_page **out,
			    uint32_t *port)
{
	CLEANUP(close_fd) int fd = open(kva_path, O_RDWR | O_CLOEXEC);
	void *page;
	int r;

	if (fd < 0)
		return -errno;
	r = read_port(port_path, port);
	if (r < 0)
		return r;
	page = mmap(NULL, PAGE_SIZE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	*out = page;
	return 0;
}

void hypervisor_unmap_own_ring(struct ring_page *page)
{
	munmap(page, PAGE_SIZE_BYTES);
}
