/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "userdata.h"

#include <stdlib.h>

#include "guestcfg.h"
#include "plan.h"
#include "unit.h"

static const struct guestcfg config = {
	.kernel_path = (char *)"/boot/k",
	.cmdline = (char *)"a \"b\"",
	.memory_mib = 4,
	.maxmem_mib = 8,
	.vcpus = 1,
	.max_vcpus = 2,
	.max_grant_frames = -1,
	.max_maptrack_frames = 0,
};

static int fill(char **text, size_t *len, const char *form, const char *name, const char *uuid)
{
	struct plan_domain plan = { .config = &config };

	strcpy(plan.name, name);
	strcpy(plan.uuid_text, uuid);
	return userdata_text(text, len, form, &plan);
}

TEST(libxl_finds_the_domain_as_it_would_have_saved_it)
{
	char *form = NULL, *text = NULL;
	size_t len = 0;

	CHECK_EQ(userdata_form(&form, &config), 0);
	CHECK_EQ(fill(&text, &len, form, "web-1", "u-u-i-d"), 0);
	CHECK_STR_EQ(
		text,
		"{\"c_info\":{\"type\":\"pv\",\"name\":\"web-1\",\"domid\":4294967295,\"uuid\":\"u-u-i-d\","
		"\"run_hotplug_scripts\":\"True\"},\"b_info\":{\"max_vcpus\":2,\"avail_vcpus\":[0],"
		"\"max_memkb\":8192,\"target_memkb\":4096,\"video_memkb\":0,\"max_maptrack_frames\":0,"
		"\"sched_params\":{},\"claim_mode\":\"True\",\"kernel\":\"/boot/k\",\"cmdline\":\"a \\\"b\\\"\","
		"\"type.pv\":{},\"arch_arm\":{},\"arch_x86\":{}}}");
	free(form);
	free(text);
}

TEST(the_files_last_byte_is_a_nul)
{
	char *form = NULL, *text = NULL;
	size_t len = 0;

	CHECK_EQ(userdata_form(&form, &config), 0);
	CHECK_EQ(fill(&text, &len, form, "n", "u"), 0);
	CHECK_EQ(len, strlen(text) + 1);
	free(form);
	free(text);
}

TEST(a_name_cannot_end_its_string)
{
	char *form = NULL, *text = NULL;
	size_t len = 0;

	CHECK_EQ(userdata_form(&form, &config), 0);
	CHECK_EQ(fill(&text, &len, form, "a\"b\\c", "u"), 0);
	CHECK(strstr(text, "\"name\":\"a\\\"b\\\\c\",") != NULL);
	free(form);
	free(text);
}

TEST(a_gap_in_a_command_line_is_none)
{
	struct guestcfg odd = config;
	char *form = NULL, *text = NULL;
	size_t len = 0;

	odd.cmdline = (char *)"x\001y";
	CHECK_EQ(userdata_form(&form, &odd), 0);
	CHECK_EQ(fill(&text, &len, form, "n", "u"), 0);
	CHECK(strstr(text, "\"cmdline\":\"x\\u0001y\"") != NULL);
	free(form);
	free(text);
}

TEST(devices_stand_there_as_libxl_saves_them)
{
	struct device devices[] = {
		{ .kind = DEVICE_VIF,
		  .devid = 3,
		  .trusted = true,
		  .script = (char *)"/s/vif",
		  .bridge = (char *)"br",
		  .own_bridge = true,
		  .own_script = true,
		  .mtu = 1400,
		  .rate_bytes = 25000,
		  .rate_interval_us = 20000 },
		{ .kind = DEVICE_VBD,
		  .path = (char *)"/img",
		  .vdev = (char *)"xvda",
		  .script = (char *)"/s/block",
		  .trusted = true,
		  .writable = true,
		  .discard = true },
	};
	struct guestcfg with = config;
	uint8_t macs[1][6] = { { 0, 0x16, 0x3e, 1, 2, 0xff } };
	struct plan_domain plan = { .config = &with, .name = "n", .uuid_text = "u", .macs = macs };
	char *form = NULL, *text = NULL;
	size_t len = 0;

	with.devices = (struct device_list){ devices, 2, 1 };
	with.cmdline = (char *)"x\001y";
	CHECK_EQ(userdata_form(&form, &with), 0);
	CHECK_EQ(userdata_text(&text, &len, form, &plan), 0);
	CHECK(strstr(text,
		     "\"nics\":[{\"devid\":3,\"mtu\":1400,\"mac\":\"00:16:3e:01:02:ff\","
		     "\"bridge\":\"br\",\"script\":\"/s/vif\",\"nictype\":\"vif\","
		     "\"rate_bytes_per_interval\":25000,\"rate_interval_usecs\":20000}]") != NULL);
	CHECK(strstr(text, "\"disks\":[{\"pdev_path\":\"/img\",\"vdev\":\"xvda\","
			   "\"format\":\"raw\",\"readwrite\":1}]") != NULL);
	CHECK(strstr(text, "\"cmdline\":\"x\\u0001y\"") != NULL);
	free(form);
	free(text);
}
