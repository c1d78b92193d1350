/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.cfg by libxlutil. Each setting that has a meaning here is a row or a few lines; the scanner of
 * keys.h then makes sure that the file says nothing else.
 */
#include "guestcfg.h"

#include <ctype.h>
#include <errno.h>
#include <libxlutil.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "log.h"
#include "settings.h"
#include "userdata.h"
#include "xlconf.h"

#define MEMORY_DEFAULT_MIB 32
#define FILE_SIZE_MAX	   (1 << 20)

/* One reading of one file. */
struct reading {
	struct log *log;
	const char *path;
	XLU_Config *cfg;
	struct guestcfg *config;
	bool hand_over; /* what is not ours may go to xl */
};

static int refuse(const struct reading *reading, int error, const char *why, const char *key)
{
	log_error(reading->log, "%s: %s: %s", reading->path, key, why);
	return error;
}

/* Not for us: the domain is xl's, or refused. */
static int hand_over(const struct reading *reading, const char *why, const char *key)
{
	if (!reading->hand_over)
		return refuse(reading, -EOPNOTSUPP, why, key);
	log_info(reading->log, "%s: %s: %s: xl will make it", reading->path, key, why);
	reading->config->handed = true;
	return 0;
}

static int check_key(const struct reading *reading, const char *key, size_t len)
{
	char name[64];
	int n_entries = -1;

	snprintf(name, sizeof(name), "%.*s", (int)len, key);
	switch (settings_owner(key, len)) {
	case SETTINGS_OURS:
		return 0;
	case SETTINGS_XL_LIST:
		if (!xlu_cfg_get_list(reading->cfg, name, NULL, &n_entries, 1) && !n_entries)
			return 0;
		return hand_over(reading, "this setting is not handled by xencreate", name);
	case SETTINGS_XL:
		return hand_over(reading, "this setting is not handled by xencreate", name);
	default:
		return refuse(reading, -EOPNOTSUPP, "there is no such setting", name);
	}
}

static int check_keys(const struct reading *reading, const char *text)
{
	const char *key;
	size_t len;

	while ((text = keys_next(text, &key, &len))) {
		int r = check_key(reading, key, len);

		if (r < 0)
			return r;
	}
	return 0;
}

static int get_string(const struct reading *reading, const char *key, char **out)
{
	const char *value;
	int r = xlu_cfg_get_string(reading->cfg, key, &value, 1);

	if (r == ESRCH)
		return 0;
	if (r)
		return refuse(reading, -EINVAL, "not a single value", key);
	free(*out);
	*out = strdup(value);
	return *out ? 0 : -ENOMEM;
}

static int get_number(const struct reading *reading, const char *key, long min, long max, long *out)
{
	long value;
	int r = xlu_cfg_get_long(reading->cfg, key, &value, 1);

	if (r == ESRCH)
		return 0;
	if (r)
		return refuse(reading, -EINVAL, "not a number", key);
	if (value < min || value > max)
		return refuse(reading, -EINVAL, "out of range", key);
	*out = value;
	return 0;
}

static int get_type(const struct reading *reading)
{
	CLEANUP(free) char *type = NULL, *builder = NULL;
	int r = get_string(reading, "type", &type);

	if (!r)
		r = get_string(reading, "builder", &builder);
	if (r < 0)
		return r;
	if (!type && builder && strcmp(builder, "generic") && strcmp(builder, "linux")) {
		reading->config->type = GUESTCFG_HVM;
		return hand_over(reading, "only PV and PVH guests are made here", "builder");
	}
	if (type && !strcmp(type, "hvm")) {
		reading->config->type = GUESTCFG_HVM;
		return hand_over(reading, "only PV and PVH guests are made here", "type");
	}
	if (type && strcmp(type, "pv") && strcmp(type, "pvh"))
		return refuse(reading, -EINVAL, "none of pv, pvh, hvm", "type");
	reading->config->type = type && !strcmp(type, "pvh") ? GUESTCFG_PVH : GUESTCFG_PV;
	return 0;
}

/* cmdline, or root and extra put together. Source: xl.cfg(5), "cmdline". */
static int get_cmdline(const struct reading *reading)
{
	struct guestcfg *config = reading->config;
	CLEANUP(free) char *cmdline = NULL, *root = NULL, *extra = NULL;
	int r = get_string(reading, "cmdline", &cmdline);

	if (!r)
		r = get_string(reading, "root", &root);
	if (!r)
		r = get_string(reading, "extra", &extra);
	if (r < 0)
		return r;
	if (cmdline && (root || extra))
		log_warning(reading->log, "%s: root and extra are ignored, because cmdline is set",
			    reading->path);
	if (cmdline)
		config->cmdline = STEAL(cmdline);
	else if (root && asprintf(&config->cmdline, "root=%s %s", root, extra ? extra : "") < 0)
		config->cmdline = NULL;
	else if (!root)
		config->cmdline = strdup(extra ? extra : "");
	return config->cmdline ? 0 : -ENOMEM;
}

int guestcfg_uuid(uint8_t uuid[16], const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	unsigned int n_digits = 0, byte = 0;

	if (strlen(text) != sizeof(form) - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == '-') {
			if (text[i] != '-')
				return -EINVAL;
			continue;
		}
		if (!isxdigit((unsigned char)text[i]))
			return -EINVAL;
		byte = byte << 4 |
		       (unsigned int)(isdigit((unsigned char)text[i]) ? text[i] - '0'
								      : (text[i] | 32) - 'a' + 10);
		if (++n_digits % 2 == 0)
			uuid[n_digits / 2 - 1] = (uint8_t)byte;
		byte &= 15;
	}
	return 0;
}

static int get_uuid(const struct reading *reading)
{
	CLEANUP(free) char *text = NULL;
	int r = get_string(reading, "uuid", &text);

	if (r < 0 || !text)
		return r;
	if (guestcfg_uuid(reading->config->uuid, text) < 0)
		return refuse(reading, -EINVAL, "not a UUID", "uuid");
	reading->config->has_uuid = true;
	return 0;
}

static int get_numbers(const struct reading *reading)
{
	struct guestcfg *config = reading->config;
	long memory = MEMORY_DEFAULT_MIB, maxmem = 0, vcpus = 1, max_vcpus = 0, ports = 0,
	     grants = -1, maptrack = -1, version = 2;
	const struct {
		const char *key;
		long min, max, *value;
	} rows[] = {
		{ "memory", 1, INT_MAX, &memory },
		{ "maxmem", 1, INT_MAX, &maxmem },
		{ "vcpus", 1, 8192, &vcpus },
		{ "maxvcpus", 1, 8192, &max_vcpus },
		{ "max_event_channels", 0, INT_MAX, &ports },
		{ "max_grant_frames", 1, INT_MAX, &grants },
		{ "max_maptrack_frames", 0, INT_MAX, &maptrack },
		{ "max_grant_version", 1, 2, &version },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = get_number(reading, rows[i].key, rows[i].min, rows[i].max, rows[i].value);

		if (r < 0)
			return r;
	}
	if (maxmem && maxmem < memory)
		return refuse(reading, -EINVAL, "less than memory", "maxmem");
	if (max_vcpus && max_vcpus < vcpus)
		return refuse(reading, -EINVAL, "less than vcpus", "maxvcpus");
	/* 0 means the default, as in libxl; the store's and the console's port have to fit in any
	 * case. */
	if (ports && ports < 2)
		return refuse(reading, -EINVAL, "the store and the console need two",
			      "max_event_channels");
	config->memory_mib = (uint64_t)memory;
	config->maxmem_mib = (uint64_t)(maxmem ? maxmem : memory);
	config->vcpus = (uint32_t)vcpus;
	config->max_vcpus = (uint32_t)(max_vcpus ? max_vcpus : vcpus);
	config->asked_event_channels = (uint32_t)ports;
	config->max_grant_frames = (int32_t)grants;
	config->max_maptrack_frames = (int32_t)maptrack;
	config->grant_version = (uint32_t)version;
	return 0;
}

static int add_cpus(const struct reading *reading, const char *key, struct guestcfg_cpus *list,
		    const char *text)
{
	struct cpus *sets = reallocarray(list->sets, list->n + 1, sizeof(*sets));
	int r;

	if (!sets)
		return -ENOMEM;
	list->sets = sets;
	r = cpus_parse(&sets[list->n], text);
	if (r == -EOPNOTSUPP)
		return hand_over(reading, "NUMA nodes are not handled by xencreate", key);
	if (r < 0)
		return refuse(reading, r, "not a set of CPUs", key);
	list->n++;
	return 0;
}

/* A string or a number for all vCPUs, or a list with one for each. */
static int get_cpus(const struct reading *reading, const char *key, struct guestcfg_cpus *list)
{
	CLEANUP(free) char *text = NULL;
	XLU_ConfigList *entries;
	int n = 0, r = 0;

	if (!xlu_cfg_get_list(reading->cfg, key, &entries, &n, 1)) {
		for (int i = 0; !r && i < n; i++)
			r = add_cpus(reading, key, list, xlu_cfg_get_listitem(entries, i));
		return r;
	}
	r = get_string(reading, key, &text);
	if (r < 0 || !text)
		return r;
	list->for_all = true;
	return add_cpus(reading, key, list, text);
}

static int get_placement(const struct reading *reading)
{
	struct guestcfg *config = reading->config;
	CLEANUP(free) char *pool = NULL;
	char *end;
	int r = get_cpus(reading, "cpus", &config->cpus);

	if (!r)
		r = get_cpus(reading, "cpus_soft", &config->cpus_soft);
	if (!r)
		r = get_string(reading, "pool", &pool);
	if (r < 0 || !pool || !strcmp(pool, "Pool-0"))
		return r;
	config->pool = (uint32_t)strtoul(pool, &end, 10);
	if (*end || end == pool)
		return hand_over(reading, "only a number, or Pool-0, is handled by xencreate",
				 "pool");
	return 0;
}

/* Each entry of a list of devices. */
static int get_entries(const struct reading *reading, const char *key, const struct xlconf *xlconf)
{
	struct device_list *devices = &reading->config->devices;
	XLU_ConfigList *entries;
	int n = 0, r = xlu_cfg_get_list(reading->cfg, key, &entries, &n, 0);

	if (r)
		return r == ESRCH ? 0 : -EINVAL;
	for (int i = 0; !r && i < n; i++) {
		const char *text = xlu_cfg_get_listitem(entries, i), *why = "not a text";

		if (!text)
			r = -EINVAL;
		else if (xlconf)
			r = device_add_vif(devices, text, xlconf, &why);
		else
			r = device_add_disk(devices, text, &why);
		if (r == -EOPNOTSUPP)
			return hand_over(reading, why, key);
		if (r < 0)
			log_error(reading->log, "%s: %s: \"%s\": %s", reading->path, key,
				  text ? text : "", why);
	}
	return r;
}

static int get_devices(const struct reading *reading)
{
	struct xlconf xlconf;
	int r = xlconf_load(&xlconf, XLCONF_PATH, reading->log);

	if (r < 0)
		return r;
	r = get_entries(reading, "vif", &xlconf);
	if (!r)
		r = get_entries(reading, "disk", NULL);
	xlconf_deinit(&xlconf);
	return r;
}

static int get_actions(const struct reading *reading)
{
	actions_init(&reading->config->actions);
	for (unsigned int way = 0; way < N_ACTIONS_WAYS; way++) {
		const char *key = actions_key((enum actions_way)way);
		CLEANUP(free) char *word = NULL;
		int r = get_string(reading, key, &word);

		if (!r && word &&
		    actions_set(&reading->config->actions, (enum actions_way)way, word) < 0)
			return refuse(reading, -EINVAL, "there is no such action", key);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A config without a name is called like its file, without the ending. */
static int default_name(struct guestcfg *config)
{
	const char *slash = strrchr(config->path, '/'), *start = slash ? slash + 1 : config->path;
	const char *dot = strrchr(start, '.');

	if (config->name)
		return 0;
	config->name = strndup(start, dot && dot != start ? (size_t)(dot - start) : strlen(start));
	return config->name ? 0 : -ENOMEM;
}

static int interpret(const struct reading *reading, const char *text)
{
	struct guestcfg *config = reading->config;
	int r = check_keys(reading, text);

	if (!r)
		r = get_type(reading);
	if (!r)
		r = get_string(reading, "name", &config->name);
	if (!r)
		r = default_name(config);
	if (!r)
		r = get_string(reading, "kernel", &config->kernel_path);
	if (!r)
		r = get_string(reading, "ramdisk", &config->ramdisk_path);
	if (!r)
		r = get_cmdline(reading);
	if (!r)
		r = get_uuid(reading);
	if (!r)
		r = get_numbers(reading);
	if (!r)
		r = get_placement(reading);
	if (!r)
		r = get_actions(reading);
	if (!r && !config->handed)
		r = get_devices(reading);
	if (r < 0 || config->handed) {
		device_list_deinit(&config->devices); /* xl's, then */
		return r;
	}
	if (!config->kernel_path)
		return refuse(reading, -EINVAL, "missing", "kernel");
	return userdata_form(&config->userdata_form, config);
}

int guestcfg_parse(struct guestcfg **out, const char *path, const char *text, bool hand_over,
		   struct log *log)
{
	CLEANUP(guestcfg_free) struct guestcfg *config = calloc(1, sizeof(*config));
	struct reading reading = {
		.log = log, .path = path, .config = config, .hand_over = hand_over
	};
	int r;

	if (!config)
		return -ENOMEM;
	config->path = strdup(path);
	if (!config->path)
		return -ENOMEM;
	reading.cfg = xlu_cfg_init(stderr, path);
	if (!reading.cfg)
		return -ENOMEM;
	r = xlu_cfg_readdata(reading.cfg, text, (int)strlen(text));
	r = r ? -EINVAL : interpret(&reading, text);
	xlu_cfg_destroy(reading.cfg);
	if (r < 0)
		return r;
	*out = STEAL(config);
	return 0;
}

static int read_text(char **out, const char *path)
{
	CLEANUP(free) char *text = malloc(FILE_SIZE_MAX + 1);
	FILE *file;
	size_t n;

	if (!text)
		return -ENOMEM;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	n = fread(text, 1, FILE_SIZE_MAX + 1, file);
	if (ferror(file)) {
		int r = -errno;

		fclose(file);
		return r;
	}
	fclose(file);
	if (n > FILE_SIZE_MAX || memchr(text, '\0', n))
		return -EINVAL;
	text[n] = '\0';
	*out = STEAL(text);
	return 0;
}

int guestcfg_read(struct guestcfg **out, const char *path, bool hand_over, struct log *log)
{
	CLEANUP(free) char *text = NULL;
	int r = read_text(&text, path);

	if (r < 0) {
		log_error(log, "%s: %s", path, strerror(-r));
		return r;
	}
	return guestcfg_parse(out, path, text, hand_over, log);
}

void guestcfg_free(struct guestcfg *config)
{
	if (!config)
		return;
	free(config->path);
	free(config->name);
	free(config->kernel_path);
	free(config->ramdisk_path);
	free(config->cmdline);
	free(config->userdata_form);
	free(config->cpus.sets);
	free(config->cpus_soft.sets);
	device_list_deinit(&config->devices);
	free(config);
}

const char *guestcfg_type_name(enum guestcfg_type type)
{
	return type == GUESTCFG_PVH ? "pvh" : type == GUESTCFG_HVM ? "hvm" : "pv";
}
