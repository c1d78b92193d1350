/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files are known by device, inode, size and time: one that was replaced is another one even if it
 * has the old name. Two configs are alike if libxl would save the same for both, but for the name.
 */
#include "pool/generation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guestcfg.h"
#include "image.h"
#include "log.h"
#include "lsevtchn/policy.h"
#include "plan.h"

#define N_FILES 4

struct file {
	const char *path; /* borrowed from the config, or the caller's; NULL: there is none */
	struct stat st;
};

struct whole {
	struct generation generation; /* first: what the caller sees */
	struct image_set *images;     /* owned */
	struct policy *policy;	      /* owned; or NULL */
	char *config_path;	      /* owned, like the next */
	char *policy_path;
	struct file files[N_FILES];
};

static const struct whole *whole_of(const struct generation *generation)
{
	return (const struct whole *)generation;
}

/* A file that is not there is one, too: it may come. */
static void look(struct stat *st, const char *path)
{
	if (!path || stat(path, st) < 0)
		memset(st, 0, sizeof(*st));
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool generation_is_current(const struct generation *generation)
{
	const struct whole *whole = whole_of(generation);
	struct stat st;

	for (size_t i = 0; i < N_FILES; i++) {
		look(&st, whole->files[i].path);
		if (!same_file(&st, &whole->files[i].st))
			return false;
	}
	return true;
}

static uint32_t cap_for(const struct whole *whole, const char *name)
{
	const struct guestcfg *config = whole->generation.config;
	const struct policy_subject subject = {
		.name = name,
		.type = config->type == GUESTCFG_PVH ? DOMTYPE_PVH : DOMTYPE_PV,
	};
	const struct policy_rule rule = policy_rule(whole->policy, &subject);

	return policy_cap(&rule, config->asked_event_channels);
}

/* Of what the text that libxl saves does not show. */
static bool same_otherwise(const struct guestcfg *a, const struct guestcfg *b)
{
	return a->grant_version == b->grant_version && a->pool == b->pool;
}

bool generation_serves(const struct generation *generation, const struct guestcfg *config,
		       const char *name, const char **why)
{
	const struct guestcfg *ours = generation->config;

	if (config && config->has_uuid)
		*why = "the config has a UUID of its own";
	else if (config && (strcmp(config->userdata_form, ours->userdata_form) ||
			    !same_otherwise(config, ours)))
		*why = "the pool's domains are made by another config";
	else if (cap_for(whole_of(generation), name) != generation->cap)
		*why = "the policy gives this name another limit on event channels";
	else
		return true;
	return false;
}

static int check(const struct guestcfg *config, uint32_t cap, struct log *log)
{
	const char *why = NULL;

	if (config->devices.n)
		why = "a pool does not serve configs with devices";
	else if (config->has_uuid)
		why = "a config with a UUID is for one domain only";
	else if (config->kernel_path[0] != '/' ||
		 (config->ramdisk_path && config->ramdisk_path[0] != '/'))
		why = "a pool wants full paths of kernel and ramdisk";
	else if (cap < 2)
		why = "the limit on event channels leaves no room for the store and the console";
	if (!why)
		return 0;
	log_error(log, "%s: %s", config->path, why);
	return -EOPNOTSUPP;
}

static void add(uint64_t *hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		*hash = (*hash ^ bytes[i]) * UINT64_C(1099511628211);
}

static uint64_t form_of(const struct whole *whole)
{
	const struct guestcfg *config = whole->generation.config;
	uint64_t hash = UINT64_C(14695981039346656037);

	add(&hash, config->userdata_form, strlen(config->userdata_form));
	add(&hash, &config->grant_version, sizeof(config->grant_version));
	add(&hash, &config->pool, sizeof(config->pool));
	add(&hash, &whole->generation.cap, sizeof(whole->generation.cap));
	/* Kernel and ramdisk: the config and the policy are in what was added. */
	for (size_t i = 2; i < N_FILES; i++) {
		const struct stat *st = &whole->files[i].st;

		add(&hash, &st->st_dev, sizeof(st->st_dev));
		add(&hash, &st->st_ino, sizeof(st->st_ino));
		add(&hash, &st->st_size, sizeof(st->st_size));
		add(&hash, &st->st_mtim, sizeof(st->st_mtim));
	}
	return hash;
}

static int load_policy(struct whole *whole, bool must_be_there, struct log *log)
{
	CLEANUP(free) char *error = NULL;
	int r = policy_load(&whole->policy, whole->policy_path, &error);

	if (r == -ENOENT && !must_be_there)
		return 0;
	if (r < 0)
		log_error(log, "%s: %s", whole->policy_path, error ? error : strerror(-r));
	return r;
}

/* Looked at before it is read: what changes meanwhile is seen later. */
static void know(struct whole *whole, size_t i, const char *path)
{
	whole->files[i].path = path;
	look(&whole->files[i].st, path);
}

int generation_load(struct generation **out, const char *config_path, const char *policy_path,
		    struct xc_interface_core *xch, struct log *log)
{
	CLEANUP(generation_free) struct generation *generation = NULL;
	struct whole *whole = calloc(1, sizeof(*whole));
	int r;

	if (!whole)
		return -ENOMEM;
	generation = &whole->generation;
	whole->config_path = strdup(config_path);
	whole->policy_path = strdup(policy_path ? policy_path : POLICY_PATH);
	if (!whole->config_path || !whole->policy_path)
		return -ENOMEM;
	know(whole, 0, whole->config_path);
	know(whole, 1, whole->policy_path);
	r = guestcfg_read(&generation->config, config_path, false, log);
	if (!r)
		r = load_policy(whole, policy_path, log);
	if (r < 0)
		return r;
	generation->cap = cap_for(whole, generation->config->name);
	r = check(generation->config, generation->cap, log);
	know(whole, 2, generation->config->kernel_path);
	know(whole, 3, generation->config->ramdisk_path);
	if (!r)
		r = image_set_load(&whole->images, &generation->config, 1, xch, log);
	if (r < 0)
		return r;
	generation->form = form_of(whole);
	*out = STEAL(generation);
	return 0;
}

void generation_free(struct generation *generation)
{
	struct whole *whole = (struct whole *)generation;

	if (!generation)
		return;
	guestcfg_free(generation->config);
	image_set_free(whole->images);
	policy_free(whole->policy);
	free(whole->config_path);
	free(whole->policy_path);
	free(whole);
}
