/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract: a program of calls whose answers are printed, one line each, without anything that
 * may differ between two hosts that behave alike (addresses, frame numbers, free memory). Run on
 * real Xen it makes the record (answers.txt), run on simxen it must print the same.
 *
 * It wants a host on which no daemon runs and no guest was ever made.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <stdbool.h>
#include <stdint.h>

#define XC_WANT_COMPAT_MAP_FOREIGN_API 0
#include <xencall.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>

struct contract {
	xc_interface *xch;
	xencall_handle *call;
	xenevtchn_handle *evtchn;
	xengnttab_handle *gnttab;
	xenforeignmemory_handle *fmem;
	const char *section;
	const char *kernel; /* image of the test guest, or NULL */
};

/** section() - the lines that follow are about this. */
void section(struct contract *c, const char *name);

/** say() - one line. */
void say(struct contract *c, const char *probe, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** answer() - a line for a call that gives -1 and errno or a number. Returns @r. */
int answer(struct contract *c, const char *probe, int r);

/** answer_ok() - the same without the number. */
int answer_ok(struct contract *c, const char *probe, int r);

/** answer_pointer() - a line for a call that gives NULL and errno or an address. */
void *answer_pointer(struct contract *c, const char *probe, void *p);

/** domctl() - by hypercall, with the version filled in. */
int domctl(struct contract *c, uint32_t cmd, uint32_t domid, struct xen_domctl *op);

/** create() - a domain as most probes want it, or die. */
uint32_t create(struct contract *c, uint32_t max_pages);

/** say_info() - a line of what getdomaininfo says. */
void say_info(struct contract *c, const char *probe, uint32_t domid);

/** say_port() - a line of what a port's status is; ports and domids of dom0 are shown relative. */
void say_port(struct contract *c, const char *probe, uint32_t domid, uint32_t port);

/** event_op() - the event-channel hypercall @cmd; @arg, of @size bytes, is in and out. -1 and
 * errno. */
int event_op(struct contract *c, int cmd, void *arg, size_t size);

/** wait_gone() - until the domain is no longer listed; a line says whether it went. */
void wait_gone(struct contract *c, const char *probe, uint32_t domid);

/* The programs of calls, one file each. */
void contract_refusals(struct contract *c);
void contract_asked(struct contract *c);
void contract_create(struct contract *c);
void contract_domain(struct contract *c);
void contract_placement(struct contract *c);
void contract_memory(struct contract *c);
void contract_evtchn(struct contract *c);
void contract_ports(struct contract *c);
void contract_handle(struct contract *c);
void contract_gnttab(struct contract *c);
void contract_foreign(struct contract *c);
void contract_death(struct contract *c);
void contract_hvm(struct contract *c);
void contract_built(struct contract *c);

#endif
