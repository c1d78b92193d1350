/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guestcfg.h"

#include <errno.h>

#include "log.h"
#include "unit.h"

/* Reads @text; what is wrong with it goes nowhere. */
static int parse(struct guestcfg **out, const char *text)
{
	CLEANUP(log_free) struct log *log = NULL;

	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	return guestcfg_parse(out, "/etc/xen/web.cfg", text, false, log);
}

static int refused(const char *text)
{
	struct guestcfg *config = NULL;
	int r = parse(&config, text);

	CHECK(!config);
	return r;
}

TEST(a_small_config_gets_the_defaults_of_xl)
{
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;

	CHECK_EQ(parse(&config, "kernel = \"/boot/k\"\n"), 0);
	CHECK_STR_EQ(config->name, "web");
	CHECK_EQ(config->type, GUESTCFG_PV);
	CHECK_STR_EQ(config->kernel_path, "/boot/k");
	CHECK(!config->ramdisk_path);
	CHECK_STR_EQ(config->cmdline, "");
	CHECK_EQ(config->memory_mib, 32);
	CHECK_EQ(config->maxmem_mib, 32);
	CHECK_EQ(config->vcpus, 1);
	CHECK_EQ(config->max_vcpus, 1);
	CHECK_EQ(config->asked_event_channels, 0);
	CHECK_EQ(config->max_grant_frames, -1);
	CHECK_EQ(config->max_maptrack_frames, -1);
	CHECK_EQ(config->grant_version, 2);
	CHECK(!config->has_uuid);
}

TEST(every_setting_arrives)
{
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;

	CHECK_EQ(
		parse(&config,
		      "name='n'\ntype='pvh'\nkernel='k'\nramdisk='r'\nmemory=4\nmaxmem=8\nvcpus=2\n"
		      "maxvcpus=4\nmax_event_channels=10\nmax_grant_frames=4\nmax_maptrack_frames=0\n"
		      "max_grant_version=1\nuuid='12345678-9abc-def0-1234-56789ABCDEF0'\n"
		      "on_crash='preserve'\ndisk=[]\nvif=[ ]\n"),
		0);
	CHECK_STR_EQ(config->name, "n");
	CHECK_EQ(config->type, GUESTCFG_PVH);
	CHECK_STR_EQ(config->ramdisk_path, "r");
	CHECK_EQ(config->memory_mib, 4);
	CHECK_EQ(config->maxmem_mib, 8);
	CHECK_EQ(config->vcpus, 2);
	CHECK_EQ(config->max_vcpus, 4);
	CHECK_EQ(config->asked_event_channels, 10);
	CHECK_EQ(config->max_grant_frames, 4);
	CHECK_EQ(config->max_maptrack_frames, 0);
	CHECK_EQ(config->grant_version, 1);
	CHECK(config->has_uuid);
	CHECK_MEM_EQ(config->uuid,
		     "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34\x56\x78\x9a\xbc\xde\xf0", 16);
}

static const char *cmdline_of(const char *text)
{
	static char copy[128];
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;

	CHECK_EQ(parse(&config, text), 0);
	strcpy(copy, config->cmdline);
	return copy;
}

TEST(the_command_line_is_put_together_as_xl_does)
{
	CHECK_STR_EQ(cmdline_of("kernel='k'\ncmdline='a b'"), "a b");
	CHECK_STR_EQ(cmdline_of("kernel='k'\nextra='x y'"), "x y");
	CHECK_STR_EQ(cmdline_of("kernel='k'\nroot='/dev/xvda'\nextra='ro'"), "root=/dev/xvda ro");
	CHECK_STR_EQ(cmdline_of("kernel='k'\nroot='/dev/xvda'"), "root=/dev/xvda ");
	CHECK_STR_EQ(cmdline_of("kernel='k'\ncmdline='c'\nroot='r'\nextra='e'"), "c");
}

TEST(a_setting_that_is_not_handled_is_refused_and_not_ignored)
{
	CHECK_EQ(refused("kernel='k'\nfirmware='uefi'"), -EOPNOTSUPP);
	CHECK_EQ(refused("kernel='k'\nvif=['type=ioemu']"), -EOPNOTSUPP);
	CHECK_EQ(refused("kernel='k'\nvfb=['vnc=1']"), -EOPNOTSUPP);
	CHECK_EQ(refused("kernel='k'\ndisk=['/nowhere,raw,xvda,w']"), -ENOENT);
	CHECK_EQ(refused("kernel='k'\ntype='hvm'"), -EOPNOTSUPP);
	CHECK_EQ(refused("kernel='k'\nbuilder='hvm'"), -EOPNOTSUPP);
	CHECK_EQ(refused("kernel='k'\nmemroy=4"), -EOPNOTSUPP);
}

TEST(what_shall_happen_at_the_end_is_noted_in_libxls_words)
{
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;

	CHECK_EQ(parse(&config, "kernel='k'\non_reboot='rename-restart'\non_crash='preserve'\n"
				"on_soft_reset='destroy'"),
		 0);
	CHECK(!config->actions.words[ACTIONS_POWEROFF]);
	CHECK_STR_EQ(config->actions.words[ACTIONS_REBOOT], "rename_restart");
	CHECK_STR_EQ(config->actions.words[ACTIONS_CRASH], "preserve");
	CHECK(!config->actions.words[ACTIONS_SOFT_RESET]);
	CHECK(strstr(config->userdata_form, "\"on_reboot\":\"rename_restart\"") != NULL);
	CHECK_EQ(refused("kernel='k'\non_reboot='again'"), -EINVAL);
}

TEST(what_makes_no_sense_is_refused)
{
	CHECK_EQ(refused("memory=4"), -EINVAL);
	CHECK_EQ(refused("kernel='k'\nmemory=0"), -EINVAL);
	CHECK_EQ(refused("kernel='k'\nmemory=8\nmaxmem=4"), -EINVAL);
	CHECK_EQ(refused("kernel='k'\nvcpus=4\nmaxvcpus=2"), -EINVAL);
	CHECK_EQ(refused("kernel='k'\nmax_event_channels=1"), -EINVAL);
	CHECK_EQ(refused("kernel='k'\nmax_grant_version=3"), -EINVAL);
	CHECK_EQ(refused("kernel='k'\nuuid='1234'"), -EINVAL);
}

TEST(a_uuid_has_one_form)
{
	uint8_t uuid[16];

	CHECK_EQ(guestcfg_uuid(uuid, "00000000-0000-0000-0000-00000000000f"), 0);
	CHECK_EQ(uuid[15], 15);
	CHECK_EQ(guestcfg_uuid(uuid, "00000000-0000-0000-0000-00000000000"), -EINVAL);
	CHECK_EQ(guestcfg_uuid(uuid, "00000000-0000-0000-0000-00000000000g"), -EINVAL);
	CHECK_EQ(guestcfg_uuid(uuid, "000000000000-0000-0000-0000-00000000"), -EINVAL);
}

static bool handed(const char *text)
{
	CLEANUP(guestcfg_free) struct guestcfg *config = NULL;
	CLEANUP(log_free) struct log *log = NULL;

	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	CHECK_EQ(guestcfg_parse(&config, "/etc/xen/web.cfg", text, true, log), 0);
	return config->handed;
}

TEST(what_only_xl_does_is_handed_to_it_if_that_is_wanted)
{
	CHECK(!handed("kernel='k'\nvif=[]\nvfb=[]"));
	CHECK(handed("type='hvm'\nmemory=32\nvga='none'"));
	CHECK(handed("builder='hvm'"));
	CHECK(handed("kernel='k'\ncpu_weight=512"));
	CHECK(handed("kernel='k'\nvfb=['vnc=1']"));
	CHECK(handed("kernel='k'\ndisk=['/img,qcow2,xvda,w']"));
	CHECK(handed("kernel='k'\nvif=['backend=netdom']"));
	CHECK(handed("kernel='k'\npool='fast'"));
	CHECK(handed("kernel='k'\ncpus='node:0'"));
}

TEST(what_nobody_knows_is_not_handed_to_xl_which_would_ignore_it)
{
	CLEANUP(log_free) struct log *log = NULL;
	struct guestcfg *config = NULL;

	CHECK_EQ(log_new(&log, "test", LOG_LEVEL_ERROR, 0), 0);
	CHECK_EQ(guestcfg_parse(&config, "c", "type='hvm'\nmemroy=4", true, log), -EOPNOTSUPP);
	CHECK_EQ(guestcfg_parse(&config, "c", "kernel='k'\ntype='xvm'", true, log), -EINVAL);
	CHECK_EQ(guestcfg_parse(&config, "c", "kernel='k'\nvif=['mac=1']", true, log), -EINVAL);
	CHECK(!config);
}
