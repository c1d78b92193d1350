/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The measured part of a case. */
#ifndef RUN_H
#define RUN_H

#include "load.h"

/**
 * run_case() - warm up, then measure; load->result says what was seen
 *
 * The case's setup is done. Daemon CPU is what it used from the first request to the time it sleeps
 * again after the last answer, without what before() and after() made it do.
 */
void run_case(struct load *load);

#endif
