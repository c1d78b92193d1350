/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a config, and libxl's for the same. */
#include "actions.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

void actions_init(struct actions *actions)
{
	*actions = (struct actions){ .words = {
					     [ACTIONS_REBOOT] = "restart",
					     [ACTIONS_SOFT_RESET] = "soft_reset",
				     } };
}

const char *actions_key(enum actions_way way)
{
	static const char *const keys[N_ACTIONS_WAYS] = {
		[ACTIONS_POWEROFF] = "on_poweroff",	[ACTIONS_REBOOT] = "on_reboot",
		[ACTIONS_CRASH] = "on_crash",		[ACTIONS_WATCHDOG] = "on_watchdog",
		[ACTIONS_SOFT_RESET] = "on_soft_reset",
	};

	return keys[way];
}

int actions_set(struct actions *actions, enum actions_way way, const char *word)
{
	static const struct {
		const char *word, *saved;
	} words[] = {
		{ "destroy", NULL },
		{ "restart", "restart" },
		{ "rename-restart", "rename_restart" },
		{ "preserve", "preserve" },
		{ "coredump-destroy", "coredump_destroy" },
		{ "coredump-restart", "coredump_restart" },
		{ "soft-reset", "soft_reset" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word))
			continue;
		actions->words[way] = words[i].saved;
		return 0;
	}
	return -EINVAL;
}
