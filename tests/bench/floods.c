/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "floods.h"

#include <string.h>
#include <xen/io/xs_wire.h>

#define N(list)	 (sizeof(list) / sizeof((list)[0]))
#define VALUE_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct flood_request node[] = { { XS_WRITE, "data/flood|" VALUE_64 } };
static const struct flood_request child[] = { { XS_WRITE, "data/many/child-%i|" } };
static const struct flood_request watch[] = { { XS_WATCH, "data/flood|token-%i|" } };

static const struct flood_request reads[] = { { XS_READ, "data/flood|" } };
static const struct flood_request writes[] = { { XS_WRITE, "data/flood|" VALUE_64 } };
static const struct flood_request lists[] = { { XS_DIRECTORY, "data/many|" } };
static const struct flood_request trees[] = {
	{ XS_WRITE, "data/a/b/c/d/e/f/g/h|" },
	{ XS_RM, "data/a|" },
};
static const struct flood_request watches[] = {
	{ XS_WATCH, "data/flood|mine|" },
	{ XS_UNWATCH, "data/flood|mine|" },
};
static const struct flood_request perms[] = {
	{ XS_SET_PERMS, "data/flood|n%d|r0|" },
	{ XS_SET_PERMS, "data/flood|n%d|" },
};
static const struct flood_request starts[] = { { XS_TRANSACTION_START, "|" } };
#define LEVELS_10 "/a/b/c/d/e/f/g/h/i/j"
#define DEEP	  LEVELS_10 LEVELS_10 LEVELS_10 LEVELS_10 LEVELS_10
#define DEEPER	  DEEP DEEP DEEP DEEP DEEP DEEP DEEP DEEP
#define VALUE_512 VALUE_64 VALUE_64 VALUE_64 VALUE_64 VALUE_64 VALUE_64 VALUE_64 VALUE_64
static const struct flood_request deep[] = {
	{ XS_WRITE, "data" DEEPER "|" },
	{ XS_RM, "data/a|" },
};
static const struct flood_request big[] = { { XS_WRITE, "data/flood|" VALUE_512 VALUE_64 } };
static const struct flood_request commits[] = {
	{ XS_TRANSACTION_START, "|" },
	{ XS_WRITE | FLOOD_IN_TXN, "data/one|" VALUE_64 },
	{ XS_WRITE | FLOOD_IN_TXN, "data/two/three|" },
	{ XS_RM | FLOOD_IN_TXN, "data/two|" },
	{ XS_TRANSACTION_END | FLOOD_IN_TXN, "T|" },
};
static const struct flood_request fights[] = {
	{ XS_TRANSACTION_START, "|" },
	{ XS_READ | FLOOD_IN_TXN, FLOOD_SHARED "|" },
	{ XS_WRITE | FLOOD_IN_TXN, FLOOD_SHARED "|" VALUE_64 },
	{ XS_TRANSACTION_END | FLOOD_IN_TXN, "T|" },
	{ XS_WRITE, FLOOD_SHARED "|mine" },
};
static const struct flood_request nonsense[] = {
	{ 77, "?" },
	{ XS_READ, "//|" },
	{ XS_INTRODUCE, "1|2|3|" },
	{ XS_TRANSACTION_END, "X|" },
};

#define SETUP(list, n) .setup = (list), .n_setup = N(list), .setup_times = (n)
#define REQUESTS(list) .requests = (list), .n_requests = N(list)

const struct flood floods[] = {
	{ .name = "read", .what = "READ of one node", SETUP(node, 1), REQUESTS(reads) },
	{ .name = "write", .what = "WRITE of one node", SETUP(node, 1), REQUESTS(writes) },
	{ .name = "list", .what = "DIRECTORY of 200 children", SETUP(child, 200), REQUESTS(lists) },
	{ .name = "tree",
	  .what = "eight levels made and removed",
	  SETUP(node, 1),
	  REQUESTS(trees) },
	{ .name = "watch", .what = "WATCH and UNWATCH", SETUP(node, 1), REQUESTS(watches) },
	{ .name = "event",
	  .what = "a write that fires 60 watches",
	  SETUP(watch, 60),
	  REQUESTS(writes) },
	{ .name = "perms", .what = "SET_PERMS there and back", SETUP(node, 1), REQUESTS(perms) },
	{ .name = "txn", .what = "transactions begun and left", SETUP(node, 1), REQUESTS(starts) },
	{ .name = "deep", .what = "400 levels made and removed", SETUP(node, 1), REQUESTS(deep) },
	{ .name = "big", .what = "WRITE of 576 bytes", SETUP(node, 1), REQUESTS(big) },
	{ .name = "commit",
	  .what = "transactions that change something",
	  SETUP(node, 1),
	  REQUESTS(commits) },
	{ .name = "fight",
	  .what = "transactions on one and the same node",
	  SETUP(node, 1),
	  REQUESTS(fights) },
	{ .name = "mute",
	  .what = "a write that fires 60 watches, and nothing is read",
	  SETUP(watch, 60),
	  REQUESTS(writes),
	  .ways = FLOOD_MUTE | FLOOD_KICKS },
	{ .name = "kick", .what = "events for nothing", SETUP(node, 1), .ways = FLOOD_KICKS },
	{ .name = "crumbs",
	  .what = "requests a byte at a time",
	  SETUP(node, 1),
	  REQUESTS(reads),
	  .ways = FLOOD_CRUMBS },
	{ .name = "anew", .what = "its ring begins anew", SETUP(node, 1), .ways = FLOOD_ANEW },
	{ .name = "broken",
	  .what = "a broken ring, and events",
	  SETUP(node, 1),
	  .ways = FLOOD_BREAKS | FLOOD_KICKS },
	{ .name = "nonsense",
	  .what = "requests that are refused",
	  SETUP(node, 1),
	  REQUESTS(nonsense) },
};
const size_t floods_n = N(floods);

const struct flood *floods_get(const char *name)
{
	for (size_t i = 0; i < floods_n; i++)
		if (!strcmp(floods[i].name, name))
			return &floods[i];
	return NULL;
}
