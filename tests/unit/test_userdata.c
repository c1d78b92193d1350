/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "userdata.h"

#include <stdlib.h>

#include "guestcfg.h"
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

TEST(libxl_finds_the_domain_as_it_would_have_saved_it)
{
	char *form = NULL, *text = NULL;
	size_t len = 0;

	CHECK_EQ(userdata_form(&form, &config), 0);
	CHECK_EQ(userdata_text(&text, &len, form, "web-1", "u-u-i-d"), 0);
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
	CHECK_EQ(userdata_text(&text, &len, form, "n", "u"), 0);
	CHECK_EQ(len, strlen(text) + 1);
	free(form);
	free(text);
}

TEST(a_name_cannot_end_its_string)
{
	char *form = NULL, *text = NULL;
	size_t len = 0;

	CHECK_EQ(userdata_form(&form, &config), 0);
	CHECK_EQ(userdata_text(&text, &len, form, "a\"b\\c", "u"), 0);
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
	CHECK_EQ(userdata_text(&text, &len, form, "n", "u"), 0);
	CHECK(strstr(text, "\"cmdline\":\"x\\u0001y\"") != NULL);
	free(form);
	free(text);
}
