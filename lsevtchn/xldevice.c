/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each list is an array of specifications, "key=value,key=value". What a device costs depends on
 * who serves it (backend=) and for a few kinds on one more key; the rest is let pass, as long as it
 * has that form.
 */
#include "xldevice.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "guest.h"
#include "xlcfg.h"

/* The keys of one specification that count; borrowed from the copy that was cut up. */
struct spec {
	const char *backend;
	const char *bridge;
	const char *script;
	const char *connectors;
	const char *type;
};

/* What libxlutil has said since @before, taken back from the report. Owned by the caller; NULL:
 * nothing, or no memory. */
static char *take_back(struct xldevice_parser *parser, long before)
{
	char *said;

	fflush(parser->report);
	said = before >= 0 ? strdup(*parser->said + before) : NULL;
	fseek(parser->report, before, SEEK_SET);
	return said;
}

unsigned int xldevice_line(struct xldevice_parser *parser, const char *key, XLU_ConfigValue *value)
{
	long before = ftell(parser->report);
	size_t len = strlen(parser->source);
	XLU_ConfigList *list;
	const char *string;
	CLEANUP(free) char *said = NULL;

	if (value && xlu_cfg_value_type(value) == XLU_LIST)
		xlu_cfg_value_get_string(parser->config, value, (char **)&string, 0);
	else if (value)
		xlu_cfg_value_get_list(parser->config, value, &list, 0);
	else if (xlu_cfg_get_list(parser->config, key, &list, NULL, 0) == 0)
		xlu_cfg_get_string(parser->config, key, &string, 0);
	said = take_back(parser, before);
	if (!said || strncmp(said, parser->source, len) != 0 || said[len] != ':')
		return 0;
	return strtoul(said + len + 1, NULL, 10);
}

int xldevice_refuse(struct xldevice_parser *parser, unsigned int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(parser->report, "%s:", parser->source);
	if (line)
		fprintf(parser->report, "%u:", line);
	fputc(' ', parser->report);
	va_start(ap, fmt);
	vfprintf(parser->report, fmt, ap);
	va_end(ap);
	fputc('\n', parser->report);
	return -EINVAL;
}

int xldevice_count(struct xldevice_parser *parser, const char *key, uint32_t *n)
{
	XLU_ConfigList *list;
	const char *string;
	int n_entries = 0;

	*n = 0;
	switch (xlu_cfg_get_list(parser->config, key, &list, &n_entries, 1)) {
	case 0:
		*n = n_entries;
		return 0;
	case ESRCH:
		return 0;
	default:
		if (xlu_cfg_get_string(parser->config, key, &string, 0))
			return -EINVAL;
		*n = strcmp(string, "none") != 0 && *string;
		return 0;
	}
}

/* xl takes these two words without a value. */
static bool is_flag(const char *word)
{
	return strcmp(word, "trusted") == 0 || strcmp(word, "untrusted") == 0;
}

/* Cuts "k=v,k=v" up in place. Return: 0, or -EINVAL with the word that has no such form in @bad. */
static int parse_spec(struct spec *spec, char *text, const char **bad)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		char *value;

		while (isspace((unsigned char)*word))
			word++;
		if (is_flag(word))
			continue;
		value = strchr(word, '=');
		if (!value) {
			*bad = word;
			return -EINVAL;
		}
		*value++ = '\0';
		if (strcmp(word, "backend") == 0)
			spec->backend = value;
		else if (strcmp(word, "bridge") == 0)
			spec->bridge = value;
		else if (strcmp(word, "script") == 0)
			spec->script = value;
		else if (strcmp(word, "connectors") == 0)
			spec->connectors = value;
		else if (strcmp(word, "type") == 0)
			spec->type = value;
	}
	return 0;
}

static bool uses_bridge(const char *script)
{
	const char *name = strrchr(script, '/');

	return strcmp(name ? name + 1 : script, "vif-bridge") == 0;
}

static uint32_t count_parts(const char *text, char separator)
{
	uint32_t n = 1;

	for (; *text; text++)
		n += *text == separator;
	return n;
}

/* How a configuration may name domain 0. */
static const char *other_than_dom0(const char *backend)
{
	return backend && strcmp(backend, "0") != 0 && strcmp(backend, "Domain-0") != 0 ? backend
											: NULL;
}

static int add_from_spec(struct xldevice_parser *parser, enum guest_device_kind kind,
			 XLU_ConfigValue *value, const struct spec *spec)
{
	const struct xlcfg_defaults *defaults = parser->defaults;
	const char *script = spec->script	? spec->script
			     : defaults->script ? defaults->script
						: "vif-bridge";
	const char *bridge = NULL;
	uint32_t n = 1;

	if (kind == GUEST_NIC && uses_bridge(script))
		bridge = spec->bridge	    ? spec->bridge
			 : defaults->bridge ? defaults->bridge
					    : "xenbr0";
	if (kind == GUEST_VDISPL) {
		if (!spec->connectors || !*spec->connectors)
			return xldevice_refuse(parser, xldevice_line(parser, NULL, value),
					       "a vdispl needs connectors=");
		n = count_parts(spec->connectors, ';');
	}
	if (kind == GUEST_VTPM && !spec->backend)
		return xldevice_refuse(parser, xldevice_line(parser, NULL, value),
				       "a vtpm needs backend=");
	/* One that the device model emulates has no ring. */
	if (kind == GUEST_USBCTRL &&
	    (spec->type && strcmp(spec->type, "auto") != 0 ? strcmp(spec->type, "devicemodel") == 0
							   : parser->guest->type == DOMTYPE_HVM))
		return 0;
	return guest_add_device(parser->guest, kind, other_than_dom0(spec->backend), bridge, n);
}

/* One entry of a list of specifications. */
static int read_spec(struct xldevice_parser *parser, enum guest_device_kind kind,
		     XLU_ConfigValue *value)
{
	CLEANUP(free) char *text = NULL;
	struct spec spec = { 0 };
	const char *bad;
	char *string;

	if (xlu_cfg_value_get_string(parser->config, value, &string, 0))
		return -EINVAL;
	text = strdup(string);
	if (!text)
		return -ENOMEM;
	if (parse_spec(&spec, text, &bad) < 0)
		return xldevice_refuse(parser, xldevice_line(parser, NULL, value),
				       "'%s' in a %s is not of the form key=value", bad,
				       guest_device_name(kind));
	return add_from_spec(parser, kind, value, &spec);
}

/* libxlutil names the file and the reason, but not the line. */
static int refuse_disk(struct xldevice_parser *parser, XLU_ConfigValue *value, long before)
{
	static const char preamble[] = "disk specification: ";
	CLEANUP(free) char *said = take_back(parser, before);
	char *reason = said ? strstr(said, preamble) : NULL;

	reason = reason ? reason + strlen(preamble) : said;
	if (reason)
		reason[strcspn(reason, "\n")] = '\0';
	return xldevice_refuse(parser, xldevice_line(parser, NULL, value), "%s",
			       reason && *reason ? reason : "this disk is not understood");
}

static int read_disk(struct xldevice_parser *parser, enum guest_device_kind kind,
		     XLU_ConfigValue *value)
{
	libxl_device_disk disk;
	enum guest_device_kind served = GUEST_DISK_QEMU;
	long before = ftell(parser->report);
	char *string;
	int r;

	(void)kind;
	if (xlu_cfg_value_get_string(parser->config, value, &string, 0))
		return -EINVAL;
	libxl_device_disk_init(&disk);
	r = xlu_disk_parse(parser->config, 1, (const char *const *)&string, &disk);
	if (r) {
		libxl_device_disk_dispose(&disk);
		return r == ENOMEM ? -ENOMEM : refuse_disk(parser, value, before);
	}
	/* libxl serves raw images and block devices from the kernel unless told otherwise. */
	if (disk.backend == LIBXL_DISK_BACKEND_PHY ||
	    (disk.backend == LIBXL_DISK_BACKEND_UNKNOWN && disk.format == LIBXL_DISK_FORMAT_RAW))
		served = GUEST_DISK;
	r = guest_add_device(parser->guest, served, other_than_dom0(disk.backend_domname), NULL, 1);
	if (r == 0)
		parser->guest->devices[parser->guest->n_devices - 1].cdrom = disk.is_cdrom;
	libxl_device_disk_dispose(&disk);
	return r;
}

/* A sound card is a list of its own: each "STREAM…" entry of it is a stream. */
static int read_sound(struct xldevice_parser *parser, enum guest_device_kind kind,
		      XLU_ConfigValue *value)
{
	XLU_ConfigList *card;
	XLU_ConfigValue *item;
	CLEANUP(free) char *backend = NULL;
	uint32_t n = 0;

	if (xlu_cfg_value_get_list(parser->config, value, &card, 0))
		return -EINVAL;
	for (int i = 0; (item = xlu_cfg_get_listitem2(card, i)); i++) {
		char *text;

		if (xlu_cfg_value_get_string(parser->config, item, &text, 0))
			return -EINVAL;
		while (isspace((unsigned char)*text))
			text++;
		if (strncasecmp(text, "stream", strlen("stream")) == 0)
			n++;
		if (strncmp(text, "CARD", 4) == 0 && strstr(text, "backend=") && !backend) {
			backend = strdup(strstr(text, "backend=") + strlen("backend="));
			if (!backend)
				return -ENOMEM;
			backend[strcspn(backend, ", ")] = '\0';
		}
	}
	return guest_add_device(parser->guest, kind, other_than_dom0(backend), NULL, n);
}

static int read_list(struct xldevice_parser *parser, const char *key, enum guest_device_kind kind,
		     int (*read_one)(struct xldevice_parser *, enum guest_device_kind,
				     XLU_ConfigValue *))
{
	XLU_ConfigList *list;
	XLU_ConfigValue *value;
	int r = xlu_cfg_get_list(parser->config, key, &list, NULL, 0);

	if (r)
		return r == ESRCH ? 0 : -EINVAL;
	for (int i = 0; (value = xlu_cfg_get_listitem2(list, i)); i++) {
		r = read_one(parser, kind, value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A framebuffer comes with a keyboard; vnc=1 at top level means the same for a PV domain. */
static int read_graphics(struct xldevice_parser *parser)
{
	struct guest *guest = parser->guest;
	size_t n_before = guest->n_devices;
	long vnc = 0;
	int r;

	if (guest->type == DOMTYPE_HVM)
		return 0; /* its screen is the device model's */
	r = read_list(parser, "vfb", GUEST_VFB, read_spec);
	if (r < 0)
		return r;
	for (size_t i = guest->n_devices; r == 0 && i > n_before; i--)
		r = guest_add_device(guest, GUEST_VKB, NULL, NULL, 1);
	if (r < 0 || guest->type != DOMTYPE_PV || guest->n_devices != n_before)
		return r;
	r = xlu_cfg_get_long(parser->config, "vnc", &vnc, 0);
	if (r && r != ESRCH)
		return -EINVAL;
	if (!vnc)
		return 0;
	r = guest_add_device(guest, GUEST_VFB, NULL, NULL, 1);
	return r < 0 ? r : guest_add_device(guest, GUEST_VKB, NULL, NULL, 1);
}

/* Devices of a kind of which libxl makes one if something needs it. */
static int read_usb_and_pci(struct xldevice_parser *parser)
{
	struct guest *guest = parser->guest;
	size_t n_before = guest->n_devices;
	uint32_t n_usb, n_pci;
	int r = read_list(parser, "usbctrl", GUEST_USBCTRL, read_spec);

	if (r == 0)
		r = xldevice_count(parser, "usbdev", &n_usb);
	if (r == 0 && n_usb && guest->n_devices == n_before && guest->type != DOMTYPE_HVM)
		r = guest_add_device(guest, GUEST_USBCTRL, NULL, NULL, 1);
	if (r == 0)
		r = xldevice_count(parser, "pci", &n_pci);
	/* All devices of a PV domain are behind one bus of its own. */
	if (r == 0 && n_pci && guest->type == DOMTYPE_PV)
		r = guest_add_device(guest, GUEST_PCI, NULL, NULL, n_pci);
	return r;
}

int xldevice_read(struct xldevice_parser *parser)
{
	static const struct {
		const char *key;
		enum guest_device_kind kind;
		int (*read_one)(struct xldevice_parser *, enum guest_device_kind,
				XLU_ConfigValue *);
	} lists[] = {
		{ "disk", GUEST_DISK, read_disk },	 { "vif", GUEST_NIC, read_spec },
		{ "vkb", GUEST_VKB, read_spec },	 { "vdispl", GUEST_VDISPL, read_spec },
		{ "vsnd", GUEST_VSND, read_sound },	 { "p9", GUEST_P9, read_spec },
		{ "pvcalls", GUEST_PVCALLS, read_spec }, { "channel", GUEST_CHANNEL, read_spec },
		{ "vtpm", GUEST_VTPM, read_spec },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		r = read_list(parser, lists[i].key, lists[i].kind, lists[i].read_one);
	if (r == 0)
		r = read_graphics(parser);
	if (r == 0)
		r = read_usb_and_pci(parser);
	return r;
}
