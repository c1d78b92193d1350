/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An xl.cfg: what is refused is refused with the file's name and a reason; what is not has a cost
 * that can be added up, and --amend gives it the cap that it was to get, whatever stands in it.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "amend.h"
#include "cap.h"
#include "cleanup.h"
#include "demand.h"
#include "guest.h"
#include "xlcfg.h"

#define SOURCE "the/guest.cfg"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libxlutil loses the values that it has read when the next one makes no sense. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libxlutil\n";
}

static void check_error(const char *error)
{
	assert(error && *error);
	assert(strncmp(error, SOURCE ":", strlen(SOURCE ":")) == 0);
}

static void check_guest(const struct guest *guest)
{
	const struct demand_facts facts = demand_facts_default(4);
	struct demand demand;

	assert(guest->name && *guest->name && guest->source);
	assert(guest->n_vcpus >= 1 && guest->n_max_vcpus >= guest->n_vcpus);
	assert(guest->memory_kib && guest->max_memory_kib >= guest->memory_kib);
	assert(guest->asked_cap <= CAP_NONE);
	for (size_t i = 0; i < guest->n_devices; i++)
		assert(guest->devices[i].kind < GUEST_N_DEVICE_KINDS);
	assert(demand_make(&demand, guest, &facts) == 0);
	assert(demand_sum(&demand, DEMAND_DOMIDS, NULL) >= 1);
	assert(demand_sum(&demand, DEMAND_MEMORY, NULL) >= guest->memory_kib);
	assert(demand_sum(&demand, DEMAND_GUEST_PORTS, NULL) >= 2);
	demand_deinit(&demand);
}

static void check_amended(const char *text, size_t len, uint32_t cap)
{
	CLEANUP(free) char *amended = NULL;
	CLEANUP(free) char *error = NULL;
	struct guest guest;

	assert(amend_text(&amended, text, len, cap) == 0);
	assert(xlcfg_parse(&guest, amended, strlen(amended), SOURCE, NULL, &error) == 0);
	assert(guest.asked_cap == cap);
	guest_deinit(&guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(free) char *error = NULL;
	struct guest guest;
	int r = xlcfg_parse(&guest, (const char *)data, size, SOURCE, NULL, &error);

	if (r < 0) {
		assert(r == -EINVAL);
		check_error(error);
		return 0;
	}
	assert(!error);
	check_guest(&guest);
	guest_deinit(&guest);
	check_amended((const char *)data, size, 77);
	return 0;
}
