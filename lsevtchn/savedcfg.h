/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configurations that libxl keeps of its domains, for the caps in them. */
#ifndef SAVEDCFG_H
#define SAVEDCFG_H

struct census;

#define SAVEDCFG_FOLDER "/var/lib/xen"

/**
 * savedcfg_read() - fill in caps that are not known yet from files in @folder
 *
 * Domain 0 gets to have none. A domain without such a file, or with one that makes no sense, stays
 * as it is.
 *
 * Source: libxl's userdata-d.DOMID.UUID.libxl-json.
 */
void savedcfg_read(struct census *census, const char *folder);

#endif
