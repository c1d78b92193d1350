/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages of a creation, in their order. */
#ifndef STAGE_H
#define STAGE_H

enum stage {
	STAGE_SHELL,	 /* createdomain, limits, event channels */
	STAGE_BUILD,	 /* memory, kernel, vCPU; in a worker */
	STAGE_STORE,	 /* the tree is written */
	STAGE_INTRODUCE, /* the store daemon takes the domain's ring */
	STAGE_DEVICES,	 /* backends are there, hotplug scripts have run */
	STAGE_CONSOLE,	 /* the console daemon has a terminal for it */
	STAGE_UNPAUSE,
	STAGE_READY, /* the guest says so in the store */
	N_STAGES,
};

/** stage_name() - "shell", "build", … */
const char *stage_name(enum stage stage);

#endif
