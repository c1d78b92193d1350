/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the stages, as in events, timings and messages. */
#include "stage.h"

const char *stage_name(enum stage stage)
{
	static const char *const names[N_STAGES] = {
		[STAGE_SHELL] = "shell",     [STAGE_BUILD] = "build",
		[STAGE_STORE] = "store",     [STAGE_INTRODUCE] = "introduce",
		[STAGE_DEVICES] = "devices", [STAGE_CONSOLE] = "console",
		[STAGE_UNPAUSE] = "unpause", [STAGE_READY] = "ready",
	};

	return names[stage];
}
