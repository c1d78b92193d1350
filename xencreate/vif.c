/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of "vif": words with commas between them, most of which are stored as they are. */
#include <ctype.h>
#include <errno.h>
#include <libxlutil.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "xlconf.h"

#define NUMBER_MAX     32767
#define BRIDGE_DEFAULT "xenbr0"
#define SCRIPT_DEFAULT "vif-bridge"

/* One reading of one entry. */
struct reading {
	struct device *vif;
	bool has_devid;
	const char *why;
};

static int refuse(struct reading *reading, int error, const char *why)
{
	reading->why = why;
	return error;
}

static int keep(char **where, const char *value)
{
	char *copy;

	for (const char *at = value; *at; at++)
		if (iscntrl((unsigned char)*at))
			return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*where);
	*where = copy;
	return 0;
}

static int number(uint32_t *out, const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (*end || end == text || value > max)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

/* libxlutil knows the units. */
static int rate(struct reading *reading, const char *text)
{
	libxl_device_nic nic;
	XLU_Config *cfg = xlu_cfg_init(stderr, "vif");
	int r;

	if (!cfg)
		return -ENOMEM;
	memset(&nic, 0, sizeof(nic));
	r = xlu_vif_parse_rate(cfg, text, &nic);
	xlu_cfg_destroy(cfg);
	if (r)
		return refuse(reading, -EINVAL, "rate is not understood");
	reading->vif->rate_bytes = nic.rate_bytes_per_interval;
	reading->vif->rate_interval_us = nic.rate_interval_usecs;
	return 0;
}

static bool is_dom0(const char *backend)
{
	return !*backend || !strcmp(backend, "0") || !strcmp(backend, "Domain-0");
}

static int take_text(struct reading *reading, const char *key, const char *value)
{
	struct device *vif = reading->vif;
	const struct {
		const char *key;
		char **where;
	} texts[] = {
		{ "bridge", &vif->bridge },
		{ "script", &vif->script },
		{ "vifname", &vif->ifname },
		{ "ip", &vif->ip },
		{ "gatewaydev", &vif->gatewaydev },
		{ "netdev", &vif->gatewaydev },
		{ "vlan", &vif->vlan },
		{ "model", &vif->model },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].key, key))
			return keep(texts[i].where, value);
	return refuse(reading, -EOPNOTSUPP, "has a word that is not handled by xencreate");
}

static int take(struct reading *reading, const char *key, const char *value)
{
	struct device *vif = reading->vif;
	int r = 0;

	if (!strcmp(key, "type") && !strcmp(value, "ioemu"))
		return refuse(reading, -EOPNOTSUPP, "an emulated card needs a device model");
	if (!strcmp(key, "backend") && !is_dom0(value))
		return refuse(reading, -EOPNOTSUPP, "a driver domain is not handled by xencreate");
	if (!strcmp(key, "type"))
		r = strcmp(value, "vif") ? -EINVAL : 0;
	else if (!strcmp(key, "mac"))
		vif->has_mac = !(r = device_mac_parse(vif->mac, value));
	else if (!strcmp(key, "devid"))
		reading->has_devid = !(r = number(&vif->devid, value, NUMBER_MAX));
	else if (!strcmp(key, "mtu"))
		r = number(&vif->mtu, value, 65535);
	else if (!strcmp(key, "rate"))
		r = rate(reading, value);
	else if (strcmp(key, "backend"))
		r = take_text(reading, key, value);
	if (r == -EINVAL && !reading->why)
		reading->why = "one of its words is not understood";
	return r;
}

static int take_all(struct reading *reading, char *text)
{
	char *rest = text, *word;
	int r = 0;

	while (!r && (word = strsep(&rest, ","))) {
		char *equals = strchr(word += strspn(word, " "), '=');

		if (equals)
			*equals = '\0';
		if (equals)
			r = take(reading, word, equals + 1);
		else if (!strcmp(word, "trusted") || !strcmp(word, "untrusted"))
			reading->vif->trusted = *word == 't';
		else if (*word)
			r = refuse(reading, -EINVAL, "has a word without \"=\"");
	}
	return r;
}

/* Beside what was said before: the next number after the last one, as xl does it. */
static int settle_devid(const struct device_list *list, struct reading *reading)
{
	struct device *vif = reading->vif;

	if (!reading->has_devid)
		vif->devid = list->n_vifs ? list->all[list->n_vifs - 1].devid + 1 : 0;
	for (size_t i = 0; i < list->n_vifs; i++)
		if (list->all[i].devid == vif->devid)
			return refuse(reading, -EINVAL, "this devid is taken");
	return 0;
}

static int settle_texts(struct device *vif, const struct xlconf *defaults)
{
	CLEANUP(free) char *script = NULL;
	int r = 0;

	vif->own_bridge = vif->bridge || defaults->bridge;
	vif->own_script = vif->script || defaults->script;
	if (!vif->bridge)
		r = keep(&vif->bridge, defaults->bridge ? defaults->bridge : BRIDGE_DEFAULT);
	if (!r && !vif->script)
		r = keep(&vif->script, defaults->script ? defaults->script : SCRIPT_DEFAULT);
	if (!r && !vif->gatewaydev && defaults->gatewaydev)
		r = keep(&vif->gatewaydev, defaults->gatewaydev);
	if (r < 0 || *vif->script == '/')
		return r;
	script = STEAL(vif->script);
	return asprintf(&vif->script, DEVICE_SCRIPTS "/%s", script) < 0 ? -ENOMEM : 0;
}

int device_add_vif(struct device_list *list, const char *text, const struct xlconf *defaults,
		   const char **why)
{
	struct device *all = reallocarray(list->all, list->n + 1, sizeof(*all));
	CLEANUP(free) char *copy = strdup(text);
	struct reading reading = { 0 };
	int r;

	if (all)
		list->all = all;
	if (!all || !copy)
		return -ENOMEM;
	/* From here on the list owns what is read. Vifs come before disks. */
	memmove(all + list->n_vifs + 1, all + list->n_vifs,
		(list->n - list->n_vifs) * sizeof(*all));
	all[list->n_vifs] = (struct device){ .kind = DEVICE_VIF, .trusted = true };
	reading.vif = &all[list->n_vifs];
	list->n++;
	r = take_all(&reading, copy);
	if (!r)
		r = settle_devid(list, &reading);
	list->n_vifs++;
	if (!r)
		r = settle_texts(reading.vif, defaults);
	if (!r && !is_dom0(defaults->backend ? defaults->backend : ""))
		r = refuse(&reading, -EOPNOTSUPP,
			   "a driver domain (xl.conf) is not handled by xencreate");
	*why = reading.why ? reading.why : strerror(-r);
	return r;
}
