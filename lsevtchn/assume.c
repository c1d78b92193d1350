/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values are kept as written until all are known, because some defaults depend on others: queues
 * and domain 0's own ports on its vCPUs.
 */
#include "assume.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi.h"

enum key {
	KEY_DOM0,
	KEY_BASE,
	KEY_VCPUS,
	KEY_PIRQS,
	KEY_RESERVE,
	KEY_SPLIT,
	KEY_VIF_QUEUES,
	KEY_VBD_QUEUES,
	KEY_CONTROL,
	KEY_STORE,
	KEY_DOMIDS,
	KEY_MEMORY,
	KEY_MAPTRACK,
	KEY_PTYS,
	KEY_CONSOLE_FDS,
	KEY_STORE_FDS,
	KEY_BRIDGE,
	KEY_TASKS,
	KEY_GRANTS,
	N_KEYS,
};

enum form { FORM_NUMBER, FORM_SIZE, FORM_SWITCH, FORM_ABI, FORM_STORE };

static const struct {
	const char *name;
	enum form form;
	const char *value;
	const char *meaning;
} keys[N_KEYS] = {
	[KEY_DOM0] = { "dom0", FORM_ABI, "2l-32|2l-64|fifo", "interface of domain 0 (fifo)" },
	[KEY_BASE] = { "base", FORM_NUMBER, "N",
		       "ports that domain 0 uses itself (7 a vCPU + 12 + pirqs)" },
	[KEY_VCPUS] = { "vcpus", FORM_NUMBER, "N", "vCPUs of domain 0 (4)" },
	[KEY_PIRQS] = { "pirqs", FORM_NUMBER, "N", "interrupts of devices in domain 0 (16)" },
	[KEY_RESERVE] = { "reserve", FORM_NUMBER, "N", "ports of domain 0 to leave free (0)" },
	[KEY_SPLIT] = { "split", FORM_SWITCH, "on|off", "two ports for each queue of a vif (on)" },
	[KEY_VIF_QUEUES] = { "vif-queues", FORM_NUMBER, "N",
			     "most queues of a vif (vcpus, at most 8)" },
	[KEY_VBD_QUEUES] = { "vbd-queues", FORM_NUMBER, "N", "most queues of a disk (vcpus)" },
	[KEY_CONTROL] = { "control", FORM_SWITCH, "on|off",
			  "control ring for vifs of HVM guests (on)" },
	[KEY_STORE] = { "store", FORM_STORE, "dom0|stubdom", "where xenstored runs (dom0)" },
	[KEY_DOMIDS] = { "domids", FORM_NUMBER, "N", "domain numbers that are free (32751)" },
	[KEY_MEMORY] = { "memory", FORM_SIZE, "SIZE", "free memory: 512M, 16G (not judged)" },
	[KEY_MAPTRACK] = { "maptrack", FORM_NUMBER, "FRAMES", "domain 0's maptrack frames (1024)" },
	[KEY_PTYS] = { "ptys", FORM_NUMBER, "N", "pseudo terminals that are free (4095)" },
	[KEY_CONSOLE_FDS] = { "console-fds", FORM_NUMBER, "N",
			      "descriptors of xenconsoled (132008)" },
	[KEY_STORE_FDS] = { "store-fds", FORM_NUMBER, "N",
			    "descriptors of xenstored (not judged)" },
	[KEY_BRIDGE] = { "bridge", FORM_NUMBER, "N", "free ports of xenbr0 (1023)" },
	[KEY_TASKS] = { "tasks", FORM_NUMBER, "N",
			"threads and processes that are free (not judged)" },
	[KEY_GRANTS] = { "grant-frames", FORM_NUMBER, "N", "grant frames of a guest (64)" },
};

struct values {
	bool given[N_KEYS];
	uint64_t value[N_KEYS];
};

__attribute__((format(printf, 2, 3))) static int refuse(char **error, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(error, fmt, ap);
	va_end(ap);
	if (n < 0) {
		*error = NULL;
		return -ENOMEM;
	}
	return -EINVAL;
}

/* A number, or for sizes one with a unit, in KiB. */
static int parse_number(uint64_t *value, const char *text, bool is_size)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || *value > UINT64_MAX >> 32)
		return -EINVAL;
	if (!is_size)
		return *end ? -EINVAL : 0;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (!unit || end[1])
		return -EINVAL;
	*value <<= 10 * (unit - units);
	return 0;
}

static int parse_value(uint64_t *value, enum form form, const char *text)
{
	static const char *const words[][2] = {
		[FORM_SWITCH] = { "off", "on" }, [FORM_STORE] = { "dom0", "stubdom" }
	};
	enum abi_kind abi;

	switch (form) {
	case FORM_ABI:
		if (abi_parse(&abi, text) < 0)
			return -EINVAL;
		*value = abi;
		return 0;
	case FORM_SWITCH:
	case FORM_STORE:
		for (unsigned int i = 0; i < 2; i++) {
			if (strcmp(text, words[form][i]) == 0) {
				*value = i;
				return 0;
			}
		}
		return -EINVAL;
	default:
		return parse_number(value, text, form == FORM_SIZE);
	}
}

static int parse_word(struct values *values, char *word, char **error)
{
	char *value = strchr(word, '=');

	if (!value)
		return refuse(error, "'%s' is not of the form key=value", word);
	*value++ = '\0';
	for (unsigned int key = 0; key < N_KEYS; key++) {
		if (strcmp(word, keys[key].name) != 0)
			continue;
		if (values->given[key])
			return refuse(error, "'%s' is assumed twice", word);
		if (parse_value(&values->value[key], keys[key].form, value) < 0)
			return refuse(error, "%s='%s': %s is meant", word, value, keys[key].value);
		values->given[key] = true;
		return 0;
	}
	return refuse(error, "nothing is known about '%s'", word);
}

static uint64_t value_or(const struct values *values, enum key key, uint64_t otherwise)
{
	return values->given[key] ? values->value[key] : otherwise;
}

static int set(struct capacity *capacity, const struct values *values, enum key key,
	       enum demand_resource resource, char *where, uint64_t limit)
{
	const struct capacity_limit entry = {
		.resource = resource,
		.where = where,
		.limit = limit,
		.maybe = limit,
		.certainty = values->given[key] ? CAPACITY_MEASURED : CAPACITY_ASSUMED,
	};

	return capacity_set(capacity, &entry, values->given[key] ? "as you assume" : "usual");
}

static int set_ports(struct capacity *capacity, const struct values *values, uint64_t n_vcpus)
{
	enum abi_kind abi = value_or(values, KEY_DOM0, ABI_FIFO);
	const struct capacity_limit entry = {
		.resource = DEMAND_PORTS,
		.limit = abi_ports(abi) - 1,
		.maybe = abi_ports(abi) - 1,
		.used = value_or(values, KEY_BASE,
				 7 * n_vcpus + 12 + value_or(values, KEY_PIRQS, 16)),
		.reserve = value_or(values, KEY_RESERVE, 0),
		.certainty = CAPACITY_MEASURED,
	};

	return capacity_set(capacity, &entry, "domain 0 speaks %s%s", abi_name(abi),
			    values->given[KEY_DOM0] ? ", as you assume" : ", as is usual");
}

static int set_all(struct capacity *capacity, const struct values *values, uint64_t n_vcpus)
{
	static char bridge[] = "xenbr0";
	const struct {
		enum key key;
		enum demand_resource resource;
		char *where;
		uint64_t unit;
		uint64_t usual; /* 0: not judged if not assumed */
	} rows[] = {
		{ KEY_DOMIDS, DEMAND_DOMIDS, NULL, 1, 32751 },
		{ KEY_MEMORY, DEMAND_MEMORY, NULL, 1, 0 },
		{ KEY_MAPTRACK, DEMAND_MAPTRACK, NULL, 256, 1024 },
		{ KEY_MAPTRACK, DEMAND_MAPTRACK_BUSY, NULL, 256, 1024 },
		{ KEY_PTYS, DEMAND_PTYS, NULL, 1, 4095 },
		{ KEY_CONSOLE_FDS, DEMAND_CONSOLE_FDS, NULL, 1, 132008 },
		{ KEY_STORE_FDS, DEMAND_STORE_FDS, NULL, 1, 0 },
		{ KEY_BRIDGE, DEMAND_BRIDGE_PORTS, bridge, 1, 1023 },
		{ KEY_TASKS, DEMAND_TASKS, NULL, 1, 0 },
		{ KEY_GRANTS, DEMAND_GUEST_GRANTS, NULL, 512, 64 },
	};
	int r = set_ports(capacity, values, n_vcpus);

	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (values->given[rows[i].key] || rows[i].usual)
			r = set(capacity, values, rows[i].key, rows[i].resource, rows[i].where,
				rows[i].unit * value_or(values, rows[i].key, rows[i].usual));
	return r;
}

int assume_parse(struct capacity *capacity, struct demand_facts *facts, const char *text,
		 char **error)
{
	CLEANUP(free) char *copy = strdup(text);
	struct values values = { 0 };
	uint64_t n_vcpus;
	char *rest = NULL;
	int r;

	if (!copy)
		return -ENOMEM;
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		r = parse_word(&values, word, error);
		if (r < 0)
			return r;
	}
	n_vcpus = value_or(&values, KEY_VCPUS, 4);
	*facts = demand_facts_default(n_vcpus);
	facts->vif_max_queues = value_or(&values, KEY_VIF_QUEUES, facts->vif_max_queues);
	facts->vbd_max_queues = value_or(&values, KEY_VBD_QUEUES, facts->vbd_max_queues);
	facts->split = value_or(&values, KEY_SPLIT, facts->split);
	facts->control_ring = value_or(&values, KEY_CONTROL, facts->control_ring);
	facts->store_elsewhere = value_or(&values, KEY_STORE, facts->store_elsewhere);
	r = set_all(capacity, &values, n_vcpus);
	if (r < 0)
		capacity_deinit(capacity);
	return r;
}

const char *assume_key(size_t i, const char **value, const char **meaning)
{
	if (i >= N_KEYS)
		return NULL;
	*value = keys[i].value;
	*meaning = keys[i].meaning;
	return keys[i].name;
}
