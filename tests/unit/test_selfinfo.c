/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selfinfo.h"

#include "abi.h"
#include "unit.h"

static int from_log(const char *text)
{
	struct abi_evidence evidence = { 0 };

	selfinfo_from_log(&evidence, text, strlen(text));
	return evidence.log;
}

TEST(the_kernels_line_is_found_in_its_log)
{
	CHECK_EQ(from_log("<6>[    0.992973] xen:events: Using FIFO-based ABI\n<6>[    1.0] x\n"),
		 ABI_LOG_FIFO);
	CHECK_EQ(from_log("a\n<6>[    0.992973] xen:events: Using 2-level ABI"), ABI_LOG_2L);
	CHECK_EQ(from_log("<6>[    0.99] xen:events: Using"), ABI_LOG_NOTHING);
	CHECK_EQ(from_log(""), ABI_LOG_NOTHING);
}

static bool forced(const char *text)
{
	struct abi_evidence evidence = { 0 };

	selfinfo_from_cmdline(&evidence, text);
	return evidence.forced_2l;
}

TEST(the_command_line_can_force_2_level)
{
	CHECK(forced("root=/dev/xvda xen.fifo_events=0 quiet\n"));
	CHECK(forced("xen.fifo_events=n"));
	CHECK(forced("xen.fifo_events=1 xen.fifo_events=0"));
	CHECK(!forced("xen.fifo_events=0 xen.fifo_events=1"));
	CHECK(!forced("xen.fifo_events=1"));
	CHECK(!forced("xen.fifo_events="));
	CHECK(!forced("notxen.fifo_events=0"));
	CHECK(!forced("quiet"));
}

TEST(release_and_machine_tell_version_and_word)
{
	struct abi_evidence evidence = { 0 };

	selfinfo_from_release(&evidence, "6.1.0-28-amd64", "x86_64");
	CHECK_EQ(evidence.kernel, 6 << 16 | 1);
	CHECK_EQ(evidence.word, 64);
	selfinfo_from_release(&evidence, "2.6.32", "i686");
	CHECK_EQ(evidence.kernel, 2 << 16 | 6);
	CHECK_EQ(evidence.word, 32);
	evidence.kernel = 0;
	selfinfo_from_release(&evidence, "unknown", "aarch64");
	CHECK_EQ(evidence.kernel, 0);
	CHECK_EQ(evidence.word, 64);
}
