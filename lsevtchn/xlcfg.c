/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxlutil keeps to itself where in the file a value stands, but names the place when it is asked
 * for a value of the wrong kind. That is how refusals of our own get their line.
 */
#include "xlcfg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libxlutil.h>

#include "cap.h"
#include "guest.h"
#include "textfile.h"
#include "xldevice.h"

/* Xen's limits. Source: xen/include/public, MAX_VIRT_CPUS of PV; HVM_MAX_VCPUS. */
#define XLCFG_VCPUS_MAX 8192
#define XLCFG_MIB_MAX	(1l << 31)

/* Where in the file the setting @key stands: asked for as a list, libxlutil says "FILE:LINE:
 * warning: …". */
static unsigned int line_of(struct xldevice_parser *parser, const char *key)
{
	return xldevice_line(parser, key, NULL);
}

/* A number between @min and @max; @to stays if the key is absent. Return: 0, -EINVAL. */
static int read_number(struct xldevice_parser *parser, const char *key, long min, long max,
		       long *to)
{
	int r = xlu_cfg_get_bounded_long(parser->config, key, min, max, to, 0);

	return r == 0 || r == ESRCH ? 0 : -EINVAL;
}

static int read_bool(struct xldevice_parser *parser, const char *key, bool *to)
{
	long number = *to;
	int r = read_number(parser, key, 0, 1, &number);

	*to = number;
	return r;
}

static int read_string(struct xldevice_parser *parser, const char *key, const char **to)
{
	int r = xlu_cfg_get_string(parser->config, key, to, 0);

	return r == 0 || r == ESRCH ? 0 : -EINVAL;
}

static int read_type(struct xldevice_parser *parser, enum domtype *type)
{
	const char *text = NULL, *builder = NULL;

	if (read_string(parser, "type", &text) < 0 || read_string(parser, "builder", &builder) < 0)
		return -EINVAL;
	*type = DOMTYPE_PV;
	if (text && domtype_parse(type, text) < 0)
		return xldevice_refuse(parser, line_of(parser, "type"),
				       "'%s' is no type of domain: pv, pvh or hvm is meant", text);
	if (!builder)
		return 0;
	if (strcmp(builder, "hvm") != 0 && strcmp(builder, "generic") != 0)
		return xldevice_refuse(parser, line_of(parser, "builder"),
				       "'%s' is no builder: hvm or generic is meant", builder);
	if (text && (strcmp(builder, "hvm") == 0) != (*type == DOMTYPE_HVM))
		return xldevice_refuse(parser, line_of(parser, "builder"),
				       "builder contradicts type");
	*type = strcmp(builder, "hvm") == 0 ? DOMTYPE_HVM : DOMTYPE_PV;
	return 0;
}

static int read_cpus_and_memory(struct xldevice_parser *parser)
{
	struct guest *guest = parser->guest;
	long n_vcpus = 1, n_max_vcpus = 0, memory = 0, max_memory = 0, shadow = -1;
	bool hap = true;

	if (read_number(parser, "vcpus", 1, XLCFG_VCPUS_MAX, &n_vcpus) < 0 ||
	    read_number(parser, "maxvcpus", 1, XLCFG_VCPUS_MAX, &n_max_vcpus) < 0 ||
	    read_number(parser, "memory", 1, XLCFG_MIB_MAX, &memory) < 0 ||
	    read_number(parser, "maxmem", 1, XLCFG_MIB_MAX, &max_memory) < 0 ||
	    read_number(parser, "shadow_memory", 0, XLCFG_MIB_MAX, &shadow) < 0 ||
	    read_bool(parser, "hap", &hap) < 0)
		return -EINVAL;
	guest->n_vcpus = n_vcpus;
	guest->n_max_vcpus = n_max_vcpus > n_vcpus ? n_max_vcpus : n_vcpus;
	/* libxl: maxmem 32 MiB if neither is given, and each defaults to the other. */
	if (!max_memory)
		max_memory = memory ? memory : 32;
	guest->max_memory_kib = max_memory * 1024ull;
	guest->memory_kib = (memory ? memory : max_memory) * 1024ull;
	if (guest->memory_kib > guest->max_memory_kib)
		guest->max_memory_kib = guest->memory_kib;
	if (guest->type == DOMTYPE_PV)
		guest->shadow_kib = 0;
	else if (shadow >= 0)
		guest->shadow_kib = shadow * 1024ull;
	else /* libxl: 1 MiB a vCPU and a page for each MiB, another if there is no HAP */
		guest->shadow_kib = 4 * (256ull * guest->n_max_vcpus +
					 (1 + !hap) * (guest->max_memory_kib / 1024));
	return 0;
}

static int read_limits(struct xldevice_parser *parser)
{
	struct guest *guest = parser->guest;
	long cap = 0, frames = -1, version = 0;

	if (read_number(parser, "max_event_channels", -1, UINT32_MAX, &cap) < 0 ||
	    read_number(parser, "max_grant_frames", 0, INT32_MAX, &frames) < 0 ||
	    read_number(parser, "max_grant_version", 0, 2, &version) < 0 ||
	    read_bool(parser, "driver_domain", &guest->driver_domain) < 0)
		return -EINVAL;
	guest->asked_cap = cap < 0 || cap > CAP_NONE ? CAP_NONE
						     : cap; /* -1: as many as there are */
	guest->asked_cap_line = cap ? line_of(parser, "max_event_channels") : 0;
	guest->max_grant_frames = frames;
	guest->max_grant_version = version;
	return 0;
}

/* What only a domain with a device model has. */
static int read_model(struct xldevice_parser *parser)
{
	struct guest *guest = parser->guest;
	const char *version = NULL, *vga = NULL;
	bool stubdom = false, vkb = true, vnc = true, sdl = false, spice = false;
	long video = -1, stubdom_memory = -1;

	if (guest->type != DOMTYPE_HVM)
		return 0;
	if (read_bool(parser, "device_model_stubdomain_override", &stubdom) < 0 ||
	    read_string(parser, "device_model_version", &version) < 0 ||
	    read_bool(parser, "vkb_device", &vkb) < 0 || read_bool(parser, "vnc", &vnc) < 0 ||
	    read_bool(parser, "sdl", &sdl) < 0 || read_bool(parser, "spice", &spice) < 0 ||
	    read_string(parser, "vga", &vga) < 0 ||
	    read_number(parser, "videoram", 0, XLCFG_MIB_MAX, &video) < 0 ||
	    read_number(parser, "stubdomain_memory", 1, XLCFG_MIB_MAX, &stubdom_memory) < 0 ||
	    xldevice_count(parser, "serial", &guest->n_serial) < 0)
		return -EINVAL;
	if (video < 0)
		video = !vga			     ? 8
			: strcmp(vga, "none") == 0   ? 0
			: strcmp(vga, "qxl") == 0    ? 128
			: strcmp(vga, "stdvga") == 0 ? 16
						     : 8;
	guest->video_kib = video * 1024ull;
	if (stubdom) {
		bool is_linux = version && strcmp(version, "qemu-xen") == 0;

		if (stubdom_memory < 0)
			stubdom_memory = is_linux ? 128 : 28;
		guest->stubdom_kib = stubdom_memory * 1024ull + guest->video_kib;
		guest->stubdom_graphics = vnc || sdl || spice;
	}
	return vkb ? guest_add_device(guest, GUEST_VKB, NULL, NULL, 1) : 0;
}

static int read_all(struct xldevice_parser *parser)
{
	const char *name = NULL;
	int r = read_type(parser, &parser->guest->type);

	if (r < 0 || read_string(parser, "name", &name) < 0)
		return -EINVAL;
	if (!name || !*name)
		return xldevice_refuse(parser, 0, "a domain needs a name");
	parser->guest->name = strdup(name);
	if (!parser->guest->name)
		return -ENOMEM;
	r = read_cpus_and_memory(parser);
	if (r == 0)
		r = read_limits(parser);
	if (r == 0)
		r = read_model(parser);
	if (r == 0)
		r = xldevice_read(parser);
	return r;
}

/* What libxlutil and we have said, without the last newline; words that call an error a warning are
 * taken out. */
static char *tidy(char *text)
{
	static const char noise[] = "warning: ";
	size_t len;
	char *at;

	while ((at = strstr(text, noise)))
		memmove(at, at + strlen(noise), strlen(at + strlen(noise)) + 1);
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

/* libxlutil overlooks what makes no sense in a last line that has no end: it gets one. */
static int read_text(struct xldevice_parser *parser, const char *text, size_t len)
{
	CLEANUP(free) char *whole = malloc(len + 1);

	if (!whole)
		return -ENOMEM;
	if (memchr(text, '\0', len))
		return xldevice_refuse(parser, 0, "this is no text");
	memcpy(whole, text, len);
	if (len && text[len - 1] != '\n')
		whole[len++] = '\n';
	return xlu_cfg_readdata(parser->config, whole, len) ? -EINVAL : 0;
}

int xlcfg_parse(struct guest *guest, const char *text, size_t len, const char *source,
		const struct xlcfg_defaults *defaults, char **error)
{
	static const struct xlcfg_defaults none;
	char *said = NULL;
	size_t said_len = 0;
	struct guest found = { 0 };
	struct xldevice_parser parser = { .guest = &found,
					  .said = &said,
					  .source = source,
					  .defaults = defaults ? defaults : &none };
	int r;

	parser.report = open_memstream(&said, &said_len);
	if (!parser.report)
		return -ENOMEM;
	parser.config = xlu_cfg_init(parser.report, source);
	found.source = strdup(source);
	r = parser.config && found.source ? 0 : -ENOMEM;
	if (r == 0)
		r = read_text(&parser, text, len);
	if (r == 0)
		r = read_all(&parser);
	if (parser.config)
		xlu_cfg_destroy(parser.config);
	if (fclose(parser.report) == EOF && r == 0)
		r = -ENOMEM;
	if (r == 0) {
		free(said);
		*guest = found;
		return 0;
	}
	guest_deinit(&found);
	if (r == -EINVAL)
		*error = tidy(said);
	else
		free(said);
	return r;
}

int xlcfg_load(struct guest *guest, const char *path, const struct xlcfg_defaults *defaults,
	       char **error)
{
	CLEANUP(free) char *text = NULL;
	size_t len;
	int r = textfile_read(&text, &len, path);

	return r < 0 ? r : xlcfg_parse(guest, text, len, path, defaults, error);
}
