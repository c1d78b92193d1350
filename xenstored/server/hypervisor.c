/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenctrl and libxengnttab. Asking for a domain gives "this one or the next above" in some
 * versions of Xen, so the number in the answer is always compared.
 */
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

#include "log.h"

#define PAGE_SIZE_BYTES 4096
/* One grant per domain, so one for every domid there can be. */
#define GRANTS_MAX 0x7ff0

struct hypervisor {
	xc_interface *xc;			   /* owned */
	xengnttab_handle *gnttab;		   /* owned */
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
	hypervisor->gnttab = xengnttab_open(log_xtl(log), 0);
	if (!hypervisor->gnttab) {
		r = -errno;
		log_error(log, "grants cannot be mapped: %s", strerror(-r));
		return r;
	}
	xengnttab_set_max_grants(hypervisor->gnttab, GRANTS_MAX);
	*out = STEAL(hypervisor);
	return 0;
}

void hypervisor_free(struct hypervisor *hypervisor)
{
	if (!hypervisor)
		return;
	if (hypervisor->gnttab)
		xengnttab_close(hypervisor->gnttab);
	if (hypervisor->xc)
		xc_interface_close(hypervisor->xc);
	free(hypervisor);
}

static void translate(const xc_domaininfo_t *info, struct hypervisor_domain *out)
{
	out->domid = info->domain;
	memcpy(out->handle, info->handle, sizeof(out->handle));
	out->is_dying = info->flags & XEN_DOMINF_dying;
	out->is_shutdown = info->flags & XEN_DOMINF_shutdown;
}

int hypervisor_find(struct hypervisor *hypervisor, uint32_t domid, struct hypervisor_domain *out)
{
	int n = xc_domain_getinfolist(hypervisor->xc, domid, 1, hypervisor->info);

	if (n < 0)
		return errno == ESRCH ? -ENOENT : -errno;
	if (n == 0 || hypervisor->info[0].domain != domid)
		return -ENOENT;
	translate(&hypervisor->info[0], out);
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

uint32_t hypervisor_peer_port(struct hypervisor *hypervisor, uint32_t local)
{
	xc_evtchn_status_t status = { .dom = DOMID_SELF, .port = local };

	if (xc_evtchn_status(hypervisor->xc, &status) < 0 ||
	    status.status != EVTCHNSTAT_interdomain)
		return 0;
	return status.u.interdomain.port;
}

int hypervisor_map_ring(struct hypervisor *hypervisor, uint32_t domid, struct ring_page **out)
{
	void *page = xengnttab_map_grant_ref(hypervisor->gnttab, domid, GNTTAB_RESERVED_XENSTORE,
					     PROT_READ | PROT_WRITE);

	if (!page)
		return -errno;
	*out = page;
	return 0;
}

void hypervisor_unmap_ring(struct hypervisor *hypervisor, struct ring_page *page)
{
	xengnttab_unmap(hypervisor->gnttab, page, 1);
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
