/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a config differs from domain to domain in two places only: it is made once, with a
 * control character in each. json-c writes those in six characters of its own, which no other text
 * before them holds.
 */
#include "userdata.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "guestcfg.h"
#include "plan.h"

#define FOLDER	     "/var/lib/xen"
#define HISTORY	     "/run/xen/domid-history"
#define GAP_RAW	     "\001"
#define GAP	     "\\u0001"
#define NOT_A_DOMID  4294967295 /* libxl notes a domain before it has a number */
#define REUSE_S	     60		/* LIBXL_DOMID_REUSE_TIMEOUT, as libxl has it by default */
#define PATH_MAX_LEN 160

static void number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_int64((int64_t)value));
}

static void text(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static struct json_object *identity(const struct guestcfg *config)
{
	struct json_object *object = json_object_new_object();

	text(object, "type", guestcfg_type_name(config->type));
	text(object, "name", GAP_RAW);
	number(object, "domid", NOT_A_DOMID);
	text(object, "uuid", GAP_RAW);
	text(object, "run_hotplug_scripts", "True");
	return object;
}

static void add_vcpus(struct json_object *object, const struct guestcfg *config)
{
	struct json_object *online = json_object_new_array();

	number(object, "max_vcpus", config->max_vcpus);
	for (uint32_t i = 0; i < config->vcpus; i++)
		json_object_array_add(online, json_object_new_int64(i));
	json_object_object_add(object, "avail_vcpus", online);
}

static struct json_object *set(const struct cpus *cpus)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_has(cpus, cpu))
			json_object_array_add(list, json_object_new_int64(cpu));
	return list;
}

static void add_affinity(struct json_object *object, const char *key, const struct guestcfg *config,
			 const struct guestcfg_cpus *cpus)
{
	struct json_object *lists;

	if (!cpus->n)
		return;
	lists = json_object_new_array();
	for (uint32_t i = 0; i < (cpus->for_all ? config->max_vcpus : cpus->n); i++)
		json_object_array_add(lists, set(&cpus->sets[cpus->for_all ? 0 : i]));
	json_object_object_add(object, key, lists);
}

static void add_limits(struct json_object *object, const struct guestcfg *config)
{
	if (config->max_grant_frames >= 0)
		number(object, "max_grant_frames", (uint64_t)config->max_grant_frames);
	if (config->max_maptrack_frames >= 0)
		number(object, "max_maptrack_frames", (uint64_t)config->max_maptrack_frames);
	if (config->asked_event_channels)
		number(object, "event_channels", config->asked_event_channels);
}

static struct json_object *build(const struct guestcfg *config)
{
	struct json_object *object = json_object_new_object();

	add_vcpus(object, config);
	add_affinity(object, "vcpu_hard_affinity", config, &config->cpus);
	add_affinity(object, "vcpu_soft_affinity", config, &config->cpus_soft);
	number(object, "max_memkb", config->maxmem_mib * 1024);
	number(object, "target_memkb", config->memory_mib * 1024);
	number(object, "video_memkb", 0);
	add_limits(object, config);
	json_object_object_add(object, "sched_params", json_object_new_object());
	text(object, "claim_mode", "True");
	text(object, "kernel", config->kernel_path);
	text(object, "cmdline", config->cmdline);
	if (config->ramdisk_path)
		text(object, "ramdisk", config->ramdisk_path);
	json_object_object_add(object, config->type == GUESTCFG_PVH ? "type.pvh" : "type.pv",
			       json_object_new_object());
	json_object_object_add(object, "arch_arm", json_object_new_object());
	json_object_object_add(object, "arch_x86", json_object_new_object());
	return object;
}

static void maybe_text(struct json_object *object, const char *key, const char *value)
{
	if (value)
		text(object, key, value);
}

static struct json_object *nic(const struct device *vif)
{
	struct json_object *object = json_object_new_object();

	number(object, "devid", vif->devid);
	if (vif->mtu)
		number(object, "mtu", vif->mtu);
	maybe_text(object, "model", vif->model);
	text(object, "mac", GAP_RAW);
	maybe_text(object, "ip", vif->ip);
	maybe_text(object, "bridge", vif->own_bridge ? vif->bridge : NULL);
	maybe_text(object, "ifname", vif->ifname);
	maybe_text(object, "script", vif->own_script ? vif->script : NULL);
	text(object, "nictype", "vif");
	if (vif->rate_interval_us) {
		number(object, "rate_bytes_per_interval", vif->rate_bytes);
		number(object, "rate_interval_usecs", vif->rate_interval_us);
	}
	maybe_text(object, "gatewaydev", vif->gatewaydev);
	maybe_text(object, "vlan", vif->vlan);
	if (!vif->trusted)
		text(object, "trusted", "False");
	return object;
}

static struct json_object *disk(const struct device *vbd)
{
	struct json_object *object = json_object_new_object();

	text(object, "pdev_path", vbd->path);
	text(object, "vdev", vbd->vdev);
	text(object, "format", "raw");
	if (vbd->own_script)
		text(object, "script", vbd->script);
	if (vbd->removable)
		number(object, "removable", 1);
	if (vbd->writable)
		number(object, "readwrite", 1);
	if (vbd->direct_io_safe)
		json_object_object_add(object, "direct_io_safe", json_object_new_boolean(true));
	if (vbd->discard != vbd->writable)
		text(object, "discard_enable", vbd->discard ? "True" : "False");
	if (!vbd->trusted)
		text(object, "trusted", "False");
	return object;
}

static void add_nics(struct json_object *object, const struct device_list *devices)
{
	struct json_object *nics;

	if (!devices->n_vifs)
		return;
	nics = json_object_new_array();
	for (size_t i = 0; i < devices->n_vifs; i++)
		json_object_array_add(nics, nic(&devices->all[i]));
	json_object_object_add(object, "nics", nics);
}

static void add_disks(struct json_object *object, const struct device_list *devices)
{
	struct json_object *disks;

	if (devices->n == devices->n_vifs)
		return;
	disks = json_object_new_array();
	for (size_t i = devices->n_vifs; i < devices->n; i++)
		json_object_array_add(disks, disk(&devices->all[i]));
	json_object_object_add(object, "disks", disks);
}

int userdata_form(char **out, const struct guestcfg *config)
{
	struct json_object *object = json_object_new_object();
	const char *form;

	if (!object)
		return -ENOMEM;
	json_object_object_add(object, "c_info", identity(config));
	/* Before the command line, which may hold what a gap is known by. */
	add_nics(object, &config->devices);
	json_object_object_add(object, "b_info", build(config));
	add_disks(object, &config->devices);
	for (unsigned int way = 0; way < N_ACTIONS_WAYS; way++)
		maybe_text(object, actions_key((enum actions_way)way), config->actions.words[way]);
	form = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	*out = form ? strdup(form) : NULL;
	json_object_put(object);
	return *out ? 0 : -ENOMEM;
}

/* A name is printable: only these two need a backslash. */
static void put_escaped(FILE *file, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', file);
		fputc(*value, file);
	}
}

/* What belongs into the gaps, in their order: the address of a vif is made here. */
static const char *value_of_gap(const struct plan_domain *plan, size_t i, char mac[18])
{
	if (i < 2)
		return i ? plan->uuid_text : plan->name;
	device_mac_text(mac, plan->macs[i - 2]);
	return mac;
}

int userdata_text(char **out, size_t *len, const char *form, const struct plan_domain *plan)
{
	CLEANUP(free) char *made = NULL;
	FILE *file = open_memstream(&made, len);
	char mac[18];

	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < 2 + plan->config->devices.n_vifs; i++) {
		const char *gap = strstr(form, GAP);

		fwrite(form, 1, (size_t)(gap - form), file);
		put_escaped(file, value_of_gap(plan, i, mac));
		form = gap + strlen(GAP);
	}
	fwrite(form, 1, strlen(form) + 1, file);
	if (fclose(file))
		return -ENOMEM;
	*out = STEAL(made);
	return 0;
}

static void file_path(char path[PATH_MAX_LEN], const char *kind, uint32_t domid,
		      const char *uuid_text, const char *use)
{
	snprintf(path, PATH_MAX_LEN, FOLDER "/userdata-%s.%" PRIu32 ".%s.%s", kind, domid,
		 uuid_text, use);
}

/* The folder is the package's; a host without it gets it. */
static int create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENOENT && !mkdir(FOLDER, 0755))
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n = write(fd, data, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

int userdata_write(uint32_t domid, const struct plan_domain *plan)
{
	CLEANUP(free) char *data = NULL;
	char path[PATH_MAX_LEN];
	size_t len;
	int r = userdata_text(&data, &len, plan->config->userdata_form, plan), fd;

	if (r < 0)
		return r;
	file_path(path, "d", domid, plan->uuid_text, "libxl-json");
	fd = create(path);
	if (fd < 0)
		return fd;
	r = write_all(fd, data, len);
	close(fd);
	if (r < 0)
		unlink(path);
	return r;
}

void userdata_remove(uint32_t domid, const char *uuid_text)
{
	static const char *const kinds[] = { "d", "d", "l" };
	static const char *const uses[] = { "libxl-json", "xl", "domain-userdata-lock" };
	char path[PATH_MAX_LEN];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		file_path(path, kinds[i], domid, uuid_text, uses[i]);
		unlink(path); /* most of them are not there */
	}
}

/* --- numbers that were in use --- */

/* As libxl does it: the lock's file goes with the lock, so one that was locked may not be the one
 * that is there. */
static int lock_history(void)
{
	static const char path[] = HISTORY ".lock";
	struct stat here, there;

	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), r = 0;

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX) < 0 || fstat(fd, &here) < 0)
			r = -errno;
		else if (!stat(path, &there) && here.st_dev == there.st_dev &&
			 here.st_ino == there.st_ino)
			return fd;
		close(fd);
		if (r < 0 && r != -EINTR)
			return r;
	}
}

static void unlock_history(int fd)
{
	unlink(HISTORY ".lock");
	close(fd);
}

/* What is still of interest in the old file, then the new numbers. */
static int rewrite_history(const uint32_t *domids, size_t n)
{
	FILE *old, *new = fopen(HISTORY ".new", "we");
	struct timespec ts;
	unsigned long second;
	uint32_t domid;

	if (!new)
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	old = fopen(HISTORY, "re");
	while (old && fscanf(old, "%lu %" SCNu32, &second, &domid) == 2)
		if ((unsigned long)ts.tv_sec - second <= REUSE_S)
			fprintf(new, "%lu %" PRIu32 "\n", second, domid);
	if (old)
		fclose(old);
	for (size_t i = 0; i < n; i++)
		fprintf(new, "%lu %" PRIu32 "\n", (unsigned long)ts.tv_sec, domids[i]);
	if (fclose(new) || rename(HISTORY ".new", HISTORY) < 0) {
		int r = -errno;

		unlink(HISTORY ".new");
		return r;
	}
	return 0;
}

int userdata_mark_recent(const uint32_t *domids, size_t n)
{
	int fd, r;

	if (!n)
		return 0;
	fd = lock_history();
	if (fd < 0)
		return fd;
	r = rewrite_history(domids, n);
	unlock_history(fd);
	return r;
}
