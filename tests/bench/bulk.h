/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Set-up and clearing away, many requests in flight: 150,000 nodes are there in a second. Not
 * measured. */
#ifndef BULK_H
#define BULK_H

#include <stdint.h>

#include "load.h"

struct bulk {
	struct load *load;
	uint64_t n_missing;	 /* answers and events not yet there */
	const struct step *step; /* the one sent last, for messages */
};

void bulk_init(struct bulk *bulk, struct load *load);

/** bulk_send() - send @step on connection @wire; does nothing if the daemon is the floor. */
void bulk_send(struct bulk *bulk, uint32_t wire, const struct step *step,
	       const struct step_vars *vars);

/** bulk_wait() - wait until everything is answered; an error answer ends the program. */
void bulk_wait(struct bulk *bulk);

#endif
