/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xlconf.h"

#include <errno.h>
#include <string.h>

#include <libxlutil.h>

#include "cleanup.h"
#include "textfile.h"

int xlconf_load(struct xlconf *conf, const char *path)
{
	CLEANUP(free) char *text = NULL;
	XLU_Config *config;
	FILE *nowhere;
	size_t len;
	int r = textfile_read(&text, &len, path);

	*conf = (struct xlconf){ 0 };
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	nowhere = fopen("/dev/null", "we");
	config = nowhere ? xlu_cfg_init(nowhere, path) : NULL;
	r = config ? 0 : -ENOMEM;
	if (r == 0 && xlu_cfg_readdata(config, text, len))
		r = -EINVAL;
	if (r == 0) {
		xlu_cfg_replace_string(config, "vif.default.bridge", &conf->bridge, 1);
		xlu_cfg_replace_string(config, "vif.default.script", &conf->script, 1);
		conf->defaults =
			(struct xlcfg_defaults){ .bridge = conf->bridge, .script = conf->script };
	}
	if (config)
		xlu_cfg_destroy(config);
	if (nowhere)
		fclose(nowhere);
	return r;
}

void xlconf_deinit(struct xlconf *conf)
{
	free(conf->bridge);
	free(conf->script);
}
