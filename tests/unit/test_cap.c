/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cap.h"

#include <errno.h>

#include "unit.h"

static const uint8_t handle[CAP_HANDLE_SIZE] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
						 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
static const uint8_t other[CAP_HANDLE_SIZE] = { 1 };

TEST(port_0_is_never_usable)
{
	CHECK_EQ(cap_usable(1023, 4096), 1023);
	CHECK_EQ(cap_usable(CAP_NONE, 4096), 4095);
	CHECK_EQ(cap_usable(5000, 4096), 4095);
	CHECK_EQ(cap_usable(0, 131072), 0);
	CHECK_EQ(cap_usable(CAP_NONE, 131072), 131071);
}

TEST(a_record_comes_back_as_it_was_written)
{
	char text[CAP_RECORD_MAX];
	struct cap cap = { .driver_domain = true };

	CHECK_STR_EQ(cap_record_format(text, 63, handle),
		     "63 00112233-4455-6677-8899-aabbccddeeff");
	CHECK_EQ(cap_record_parse(&cap, text, handle), 0);
	CHECK_EQ(cap.max_port, 63);
	CHECK_EQ(cap.source, CAP_SOURCE_RECORD);
	CHECK(!cap.driver_domain);
	CHECK_EQ(cap_record_parse(&cap, cap_record_format(text, CAP_NONE, handle), handle), 0);
	CHECK_EQ(cap.max_port, CAP_NONE);
}

TEST(the_record_of_another_domain_is_stale)
{
	char text[CAP_RECORD_MAX];
	struct cap cap = { .source = CAP_SOURCE_UNKNOWN };

	CHECK_EQ(cap_record_parse(&cap, cap_record_format(text, 63, other), handle), -ESTALE);
	CHECK_EQ(cap.source, CAP_SOURCE_UNKNOWN);
}

TEST(what_is_no_record_is_refused)
{
	static const char *const bad[] = {
		"",
		" ",
		"63",
		"63 ",
		"-1 00112233-4455-6677-8899-aabbccddeeff",
		"63 00112233-4455-6677-8899-aabbccddeeff ",
		"63  00112233-4455-6677-8899-aabbccddeef",
		"4294967296 00112233-4455-6677-8899-aabbccddeeff",
		"99999999999999999999999 x",
		"0x3f 00112233-4455-6677-8899-aabbccddeeff",
	};
	struct cap cap;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(cap_record_parse(&cap, bad[i], handle), -EINVAL);
}

TEST(the_node_goes_away_with_the_domain)
{
	char path[CAP_NODE_MAX];

	CHECK_STR_EQ(cap_node(path, 32751), "/libxl/32751/max-event-channels");
}

static int parse(struct cap *cap, const char *json)
{
	return cap_config_parse(cap, json, strlen(json) + 1);
}

TEST(the_saved_configuration_tells_the_cap)
{
	struct cap cap;

	CHECK_EQ(parse(&cap, "{\"c_info\": {\"type\": \"pv\", \"driver_domain\": \"True\"}, "
			     "\"b_info\": {\"event_channels\": 8191}}"),
		 0);
	CHECK_EQ(cap.max_port, 8191);
	CHECK_EQ(cap.source, CAP_SOURCE_CONFIG);
	CHECK(cap.driver_domain);
}

TEST(a_configuration_that_names_none_means_libxls_default)
{
	static const char *const configs[] = {
		"{\"c_info\": {\"driver_domain\": \"<default>\"}, \"b_info\": {\"max_vcpus\": 1}}",
		"{\"c_info\": {}, \"b_info\": {\"event_channels\": 0}}",
		"{\"c_info\": {\"type\": \"hvm\"}}",
	};
	struct cap cap;

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		CHECK_EQ(parse(&cap, configs[i]), 0);
		CHECK_EQ(cap.max_port, CAP_DEFAULT);
		CHECK_EQ(cap.source, CAP_SOURCE_LIBXL);
		CHECK(!cap.driver_domain);
	}
}

TEST(a_cap_above_what_the_hypervisor_keeps_is_none)
{
	struct cap cap;

	CHECK_EQ(parse(&cap, "{\"c_info\": {}, \"b_info\": {\"event_channels\": 4294967295}}"), 0);
	CHECK_EQ(cap.max_port, CAP_NONE);
}

TEST(what_is_no_saved_configuration_is_refused)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"3",
		"\"c_info\"",
		"{\"b_info\": {}}",
		"{\"c_info\": 3}",
		"{\"c_info\": {}, \"b_info\": {\"event_channels\": -1}}",
		"{\"c_info\": {}, \"b_info\": {\"event_channels\": \"many\"}}",
	};
	struct cap cap = { .source = CAP_SOURCE_UNKNOWN };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(parse(&cap, bad[i]), -EINVAL);
	CHECK_EQ(cap.source, CAP_SOURCE_UNKNOWN);
}
