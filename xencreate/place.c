/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hard affinity is where a vCPU may run, soft affinity where it would like to. */
#include "place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#include "cleanup.h"
#include "guestcfg.h"

static const char *const modes[] = {
	[PLACE_FREE] = "free",
	[PLACE_PIN] = "pin",
	[PLACE_SPREAD] = "spread",
};

int place_mode_of(enum place_mode *mode, const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i], name) != 0)
			continue;
		*mode = (enum place_mode)i;
		return 0;
	}
	return -EINVAL;
}

const char *place_mode_name(enum place_mode mode)
{
	return modes[mode];
}

/* What the config says of this vCPU, or NULL. Source: xl.cfg(5), "cpus": a string is for all, a
 * list for one each. */
static const struct cpus *asked(const struct guestcfg_cpus *list, uint32_t vcpu)
{
	if (list->for_all)
		return &list->sets[0];
	return vcpu < list->n ? &list->sets[vcpu] : NULL;
}

static void intersect(struct cpus *cpus, const struct cpus *with)
{
	for (size_t i = 0; i < sizeof(cpus->bits); i++)
		cpus->bits[i] &= with->bits[i];
}

static void only(struct cpus *cpus, unsigned int n)
{
	unsigned int cpu = cpus_nth(cpus, n % cpus_count(cpus));

	memset(cpus, 0, sizeof(*cpus));
	cpus_add(cpus, cpu);
}

int place_decide(const struct place *place, const struct cpus *host, const struct guestcfg *config,
		 uint32_t vcpu, uint32_t first_vcpu, struct cpus *hard, struct cpus *soft)
{
	const struct cpus *own_hard = asked(&config->cpus, vcpu),
			  *own_soft = asked(&config->cpus_soft, vcpu);

	*hard = *host;
	if (own_hard)
		intersect(hard, own_hard);
	for (size_t i = 0; i < sizeof(hard->bits); i++)
		hard->bits[i] &= (uint8_t)~place->keep_free.bits[i];
	if (!cpus_count(hard))
		return -EINVAL;
	*soft = *host;
	if (own_soft) {
		*soft = *own_soft;
	} else if (place->mode == PLACE_SPREAD) {
		*soft = *hard;
		only(soft, first_vcpu + vcpu);
	}
	if (place->mode == PLACE_PIN && !own_hard)
		only(hard, first_vcpu + vcpu);
	return 0;
}

static int pool_cpus(struct cpus *cpus, xc_interface *xch, uint32_t pool)
{
	xc_cpupoolinfo_t *info = xc_cpupool_getinfo(xch, pool);
	int n = xc_get_max_cpus(xch);

	memset(cpus, 0, sizeof(*cpus));
	if (!info)
		return -errno;
	if (info->cpupool_id != pool || n < 0) {
		xc_cpupool_infofree(xch, info);
		return -ESRCH;
	}
	for (int cpu = 0; cpu < n && cpu < CPUS_MAX; cpu++)
		if (info->cpumap[cpu / 8] & 1U << cpu % 8)
			cpus_add(cpus, (unsigned int)cpu);
	xc_cpupool_infofree(xch, info);
	return 0;
}

static int set_affinity(xc_interface *xch, uint32_t domid, uint32_t vcpu, const struct cpus *hard,
			const struct cpus *soft)
{
	CLEANUP(free) xc_cpumap_t hard_map = xc_cpumap_alloc(xch);
	CLEANUP(free) xc_cpumap_t soft_map = xc_cpumap_alloc(xch);
	int size = xc_get_cpumap_size(xch);

	if (!hard_map || !soft_map || size < 0)
		return -ENOMEM;
	memcpy(hard_map, hard->bits,
	       (size_t)size < sizeof(hard->bits) ? (size_t)size : sizeof(hard->bits));
	memcpy(soft_map, soft->bits,
	       (size_t)size < sizeof(soft->bits) ? (size_t)size : sizeof(soft->bits));
	if (xc_vcpu_setaffinity(xch, domid, (int)vcpu, hard_map, soft_map,
				XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT) < 0)
		return -errno;
	return 0;
}

int place_apply(const struct place *place, struct xc_interface_core *xch, uint32_t domid,
		const struct guestcfg *config, uint32_t first_vcpu)
{
	struct cpus host, hard, soft;
	int r;

	if (place->mode == PLACE_FREE && !cpus_count(&place->keep_free) && !config->cpus.n &&
	    !config->cpus_soft.n)
		return 0;
	r = pool_cpus(&host, xch, config->pool);
	for (uint32_t vcpu = 0; !r && vcpu < config->max_vcpus; vcpu++) {
		r = place_decide(place, &host, config, vcpu, first_vcpu, &hard, &soft);
		if (!r)
			r = set_affinity(xch, domid, vcpu, &hard, &soft);
	}
	return r;
}
