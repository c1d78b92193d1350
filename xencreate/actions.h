/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shall be done with a domain that has ended, by the way in which it has. It is only noted:
 * here nobody stays to do it. */
#ifndef ACTIONS_H
#define ACTIONS_H

enum actions_way {
	ACTIONS_POWEROFF,
	ACTIONS_REBOOT,
	ACTIONS_CRASH,
	ACTIONS_WATCHDOG,
	ACTIONS_SOFT_RESET,
	N_ACTIONS_WAYS,
};

/* By way: a word as libxl saves it, or NULL for its default there, which is to destroy. */
struct actions {
	const char *words[N_ACTIONS_WAYS]; /* static */
};

/** actions_init() - as xl has it if the config says nothing */
void actions_init(struct actions *actions);

/** actions_key() - the setting's name: "on_poweroff", …; libxl calls it so, too */
const char *actions_key(enum actions_way way);

/** actions_set() - take what a config says. Return: 0 or -EINVAL. Source: xl.cfg(5). */
int actions_set(struct actions *actions, enum actions_way way, const char *word);

#endif
