/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files by which libxl remembers a domain, so that "xl list -l" and device hotplug know ours.
 */
#ifndef USERDATA_H
#define USERDATA_H

#include <stddef.h>
#include <stdint.h>

struct guestcfg;
struct plan_domain;

/**
 * userdata_form() - a config as libxl saves it, with gaps for name, UUID and the vifs' addresses
 * @out: owned by the caller
 *
 * Made once per config. Return: 0 or -ENOMEM.
 * Source: libxl, libxl_domain_config_gen_json(): what is not the default.
 */
int userdata_form(char **out, const struct guestcfg *config);

/**
 * userdata_text() - the form with the gaps filled
 * @out: owned by the caller; @len: with the NUL that libxl wants in the file
 *
 * Return: 0 or -ENOMEM.
 */
int userdata_text(char **out, size_t *len, const char *form, const struct plan_domain *plan);

/**
 * userdata_write() - remember a domain
 * Return: 0, -ENOMEM, or what writing below /var/lib/xen says; then no file is left.
 */
int userdata_write(uint32_t domid, const struct plan_domain *plan);

/** userdata_remove() - forget it, with what libxl may have added. */
void userdata_remove(uint32_t domid, const char *uuid_text);

/**
 * userdata_mark_recent() - tell libxl that these domain numbers were in use until now
 *
 * It does not give them to a new domain for a minute, so that nobody who still believes in the old
 * one meets the new one. One rewrite of the file for all. Return: 0, -ENOMEM, or what the files
 * below /run/xen say. Source: libxl, libxl__mark_domid_recent().
 */
int userdata_mark_recent(const uint32_t *domids, size_t n);

#endif
