/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel that we run under says of itself: evidence for the interface it speaks. */
#ifndef SELFINFO_H
#define SELFINFO_H

#include <stddef.h>

struct abi_evidence;

/** selfinfo_evidence() - add what kernel log, journal, command line and version say; whatever is
 * not to be had is left. */
void selfinfo_evidence(struct abi_evidence *evidence);

/** selfinfo_from_log(), selfinfo_from_cmdline(), selfinfo_from_release() - the same of one text. */
void selfinfo_from_log(struct abi_evidence *evidence, const char *text, size_t len);
void selfinfo_from_cmdline(struct abi_evidence *evidence, const char *text);
void selfinfo_from_release(struct abi_evidence *evidence, const char *release, const char *machine);

#endif
