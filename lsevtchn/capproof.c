/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capproof.h"

#include <errno.h>

#include "abi.h"
#include "cap.h"

/* Takes ports until one is refused. Return: 0 if that was for want of room, or the refusal. */
static int take_all(const struct capproof_taker *taker, uint32_t domid, uint32_t most,
		    uint32_t *highest)
{
	int64_t ports[CAPPROOF_BATCH];
	uint32_t n_taken = 0;

	*highest = 0;
	/* One more than there may be, so that the refusal is seen too. */
	while (n_taken <= most) {
		uint32_t left = most + 1 - n_taken;
		int got = taker->take(taker->ctx, domid,
				      left < CAPPROOF_BATCH ? left : CAPPROOF_BATCH, ports);

		if (got < 0)
			return got;
		for (int i = 0; i < got; i++) {
			if (ports[i] < 0)
				return ports[i] == -ENOSPC ? 0 : (int)ports[i];
			if (ports[i] > *highest)
				*highest = ports[i];
			n_taken++;
		}
	}
	return 0; /* beyond the cap, and no refusal: the caller sees it by the highest */
}

int capproof_run(const struct capproof_taker *taker, uint32_t domid, uint32_t cap,
		 uint32_t *highest)
{
	uint32_t most = cap_usable(cap, abi_ports(ABI_2L_64));
	int r = take_all(taker, domid, most, highest);
	int r_back = taker->give_back(taker->ctx, domid);

	if (r < 0)
		return r;
	if (r_back < 0)
		return r_back;
	return *highest == most ? 0 : -EPROTO;
}
