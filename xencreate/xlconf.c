/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four strings of a file that libxlutil reads. */
#include "xlconf.h"

#include <errno.h>
#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static int take(char **out, const XLU_Config *cfg, const char *key)
{
	const char *value;

	if (xlu_cfg_get_string(cfg, key, &value, 1))
		value = NULL;
	*out = value ? strdup(value) : NULL;
	return value && !*out ? -ENOMEM : 0;
}

static int take_all(struct xlconf *conf, const XLU_Config *cfg)
{
	int r = take(&conf->bridge, cfg, "vif.default.bridge");

	if (!r)
		r = take(&conf->script, cfg, "vif.default.script");
	if (!r)
		r = take(&conf->gatewaydev, cfg, "vif.default.gatewaydev");
	if (!r)
		r = take(&conf->backend, cfg, "vif.default.backend");
	return r;
}

int xlconf_load(struct xlconf *conf, const char *path, struct log *log)
{
	XLU_Config *cfg = xlu_cfg_init(stderr, path);
	int r;

	*conf = (struct xlconf){ 0 };
	if (!cfg)
		return -ENOMEM;
	if (access(path, R_OK))
		r = xlu_cfg_readdata(cfg, "", 0);
	else
		r = xlu_cfg_readfile(cfg, path);
	if (r)
		log_error(log, "%s: not understood", path);
	r = r ? -EINVAL : take_all(conf, cfg);
	xlu_cfg_destroy(cfg);
	if (r < 0)
		xlconf_deinit(conf);
	return r;
}

void xlconf_deinit(struct xlconf *conf)
{
	free(conf->bridge);
	free(conf->script);
	free(conf->gatewaydev);
	free(conf->backend);
	*conf = (struct xlconf){ 0 };
}
