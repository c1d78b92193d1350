/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps between a change and its arrival at the client. A test build stops at each of them in
 * turn; elsewhere they are nothing.
 */
#ifndef STEP_H
#define STEP_H

#ifdef XENSTORED_STEPS
void step_reached(const char *name);
#define STEP(name) step_reached(name)
#else
#define STEP(name) ((void)0)
#endif

#endif
