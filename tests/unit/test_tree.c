/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <stdio.h>
#include <xen/io/xs_wire.h>

#include "guestcfg.h"
#include "plan.h"
#include "unit.h"

static struct guestcfg config = {
	.name = (char *)"web",
	.path = (char *)"web.cfg",
	.kernel_path = (char *)"/boot/k",
	.cmdline = (char *)"a=b",
	.memory_mib = 4,
	.maxmem_mib = 8,
	.vcpus = 1,
	.max_vcpus = 2,
};

static void make(struct tree *tree)
{
	static uint8_t macs[1][6] = { { 0x00, 0x16, 0x3e, 0x0a, 0x0b, 0x0c } };
	struct plan_domain plan = {
		.config = &config,
		.macs = macs,
		.name = "web-7",
		.uuid = { 1 },
		.uuid_text = "01000000-0000-0000-0000-000000000000",
		.cap = 10,
	};
	struct tree_domain domain = {
		.plan = &plan,
		.domid = 7,
		.store_port = 1,
		.console_port = 2,
		.store_frame = 1234,
		.console_frame = 5678,
		.start_time_ms = 1600000000123,
	};

	CHECK_EQ(tree_make(tree, &domain), 0);
}

/* The place of the last request of @type for @path, or -1. */
static int find(const struct tree *tree, uint32_t type, const char *path)
{
	int found = -1;

	for (size_t i = 0; i < tree->n_requests; i++)
		if (tree->requests[i].type == type && !strcmp(tree_payload(tree, i), path))
			found = (int)i;
	return found;
}

/* What stands behind the path. */
static void check_payload(const struct tree *tree, uint32_t type, const char *path,
			  const void *value, size_t len)
{
	int i = find(tree, type, path);

	if (i < 0)
		fail_msg("%s is not there", path);
	CHECK_EQ(tree->requests[i].len, strlen(path) + 1 + len);
	CHECK_MEM_EQ(tree_payload(tree, (size_t)i) + strlen(path) + 1, value, len);
}

static void check_value(const struct tree *tree, const char *path, const char *value)
{
	check_payload(tree, XS_WRITE, path, value, strlen(value));
}

TEST(a_guest_finds_its_rings_and_its_name)
{
	struct tree tree = { 0 };

	make(&tree);
	check_value(&tree, "/local/domain/7/name", "web-7");
	check_value(&tree, "/local/domain/7/domid", "7");
	check_value(&tree, "/local/domain/7/vm", "/vm/01000000-0000-0000-0000-000000000000");
	check_value(&tree, "/local/domain/7/store/port", "1");
	check_value(&tree, "/local/domain/7/store/ring-ref", "1234");
	check_value(&tree, "/local/domain/7/console/port", "2");
	check_value(&tree, "/local/domain/7/console/ring-ref", "5678");
	check_value(&tree, "/local/domain/7/console/tty", "");
	check_value(&tree, "/local/domain/7/memory/target", "4096");
	check_value(&tree, "/local/domain/7/memory/static-max", "8192");
	check_value(&tree, "/local/domain/7/cpu/0/availability", "online");
	check_value(&tree, "/local/domain/7/cpu/1/availability", "offline");
	tree_deinit(&tree);
}

TEST(xl_finds_what_it_looks_for)
{
	struct tree tree = { 0 };

	make(&tree);
	check_value(&tree, "/libxl/7/type", "pv");
	check_value(&tree, "/libxl/7/device/console/0/backend",
		    "/local/domain/0/backend/console/7/0");
	check_value(&tree, "/libxl/7/device/console/0/frontend", "/local/domain/7/console");
	check_value(&tree, "/vm/01000000-0000-0000-0000-000000000000/name", "web-7");
	check_value(&tree, "/vm/01000000-0000-0000-0000-000000000000/start_time", "1600000000.12");
	tree_deinit(&tree);
}

TEST(the_cap_is_written_down_with_the_uuid)
{
	struct tree tree = { 0 };

	make(&tree);
	check_value(&tree, "/libxl/7/max-event-channels",
		    "10 01000000-0000-0000-0000-000000000000");
	tree_deinit(&tree);
}

TEST(a_guest_reads_all_and_owns_only_what_it_has_to_change)
{
	struct tree tree = { 0 };

	make(&tree);
	check_payload(&tree, XS_SET_PERMS, "/local/domain/7", "n0\0r7", 6);
	check_payload(&tree, XS_SET_PERMS, "/local/domain/7/data", "n7", 3);
	check_payload(&tree, XS_SET_PERMS, "/local/domain/7/control/shutdown", "n7", 3);
	CHECK_EQ(find(&tree, XS_SET_PERMS, "/local/domain/7/console"), -1);
	CHECK_EQ(find(&tree, XS_SET_PERMS, "/local/domain/7/console/tty"), -1);
	CHECK_EQ(find(&tree, XS_SET_PERMS, "/local/domain/7/name"), -1);
	CHECK_EQ(find(&tree, XS_SET_PERMS, "/libxl/7"), -1);
	tree_deinit(&tree);
}

TEST(what_a_former_domain_left_goes_before_anything_comes)
{
	struct tree tree = { 0 };

	make(&tree);
	CHECK_EQ(find(&tree, XS_RM, "/local/domain/7"), 0);
	CHECK_EQ(find(&tree, XS_MKDIR, "/local/domain/7"), 1);
	CHECK_EQ(find(&tree, XS_SET_PERMS, "/local/domain/7"), 2);
	CHECK(find(&tree, XS_RM, "/libxl/7") < find(&tree, XS_WRITE, "/libxl/7/type"));
	tree_deinit(&tree);
}

TEST(removal_takes_all_folders_that_creation_made)
{
	struct tree tree = { 0 };

	make(&tree);
	CHECK_EQ(tree_removal(&tree, 7, "01000000-0000-0000-0000-000000000000", 0), 0);
	CHECK_EQ(tree.n_requests, 4);
	/* Last, because it says whose the others are. */
	CHECK_EQ(find(&tree, XS_RM, "/local/domain/7"), 3);
	CHECK(find(&tree, XS_RM, "/libxl/7") >= 0);
	CHECK(find(&tree, XS_RM, "/vm/01000000-0000-0000-0000-000000000000") >= 0);
	CHECK(find(&tree, XS_RM, "/local/domain/0/backend/console/7") >= 0);
	tree_deinit(&tree);
}

TEST(a_command_line_that_the_wire_cannot_carry_is_left_out)
{
	static char cmdline[XENSTORE_PAYLOAD_MAX];
	struct tree tree = { 0 };
	const char *before = config.cmdline;

	memset(cmdline, 'x', sizeof(cmdline) - 1);
	config.cmdline = cmdline;
	make(&tree);
	config.cmdline = (char *)before;
	for (size_t i = 0; i < tree.n_requests; i++)
		CHECK(tree.requests[i].len <= XENSTORE_PAYLOAD_MAX);
	CHECK_EQ(find(&tree, XS_WRITE, "/vm/01000000-0000-0000-0000-000000000000/image/cmdline"),
		 -1);
	tree_deinit(&tree);
}

TEST(a_device_is_found_by_libxls_note_before_its_backend_can_see_it)
{
	static struct device devices[] = {
		{ .kind = DEVICE_VIF,
		  .devid = 0,
		  .script = (char *)"/s/vif",
		  .bridge = (char *)"br",
		  .trusted = true },
		{ .kind = DEVICE_VBD,
		  .devid = 51712,
		  .path = (char *)"/img",
		  .vdev = (char *)"xvda",
		  .script = (char *)"/s/block" },
	};
	static const char *const backs[] = { "/local/domain/0/backend/vif/7/0",
					     "/local/domain/0/backend/vbd/7/51712" };
	static const char *const fronts[] = { "/local/domain/7/device/vif/0",
					      "/local/domain/7/device/vbd/51712" };
	static const char *const notes[] = { "/libxl/7/device/vif/0/backend",
					     "/libxl/7/device/vbd/51712/backend" };
	struct tree tree = { 0 };
	char path[96];

	config.devices = (struct device_list){ devices, 2, 1 };
	make(&tree);
	for (int i = 0; i < 2; i++) {
		int last, n_after = 0;

		check_value(&tree, notes[i], backs[i]);
		check_payload(&tree, XS_SET_PERMS, backs[i], "n0\0r7", 6);
		check_payload(&tree, XS_SET_PERMS, fronts[i], "n7\0r0", 6);
		snprintf(path, sizeof(path), "%s/state", backs[i]);
		check_value(&tree, path, "1");
		last = find(&tree, XS_WRITE, path);
		/* The kernel looks when the state is there: all else is there before. */
		for (size_t j = (size_t)last + 1; j < tree.n_requests; j++)
			n_after += !strncmp(tree_payload(&tree, j), backs[i], strlen(backs[i])) ||
				   !strncmp(tree_payload(&tree, j), fronts[i], strlen(fronts[i]));
		CHECK_EQ(n_after, 0);
		CHECK(find(&tree, XS_WRITE, notes[i]) < find(&tree, XS_MKDIR, backs[i]));
	}
	check_value(&tree, "/local/domain/0/backend/vif/7/0/mac", "00:16:3e:0a:0b:0c");
	check_value(&tree, "/local/domain/0/backend/vif/7/0/hotplug-status", "");
	check_payload(&tree, XS_SET_PERMS, "/local/domain/7/device/vif/0/mtu", "n0\0r7", 6);
	check_value(&tree, "/local/domain/0/backend/vbd/7/51712/mode", "r");
	check_value(&tree, "/local/domain/7/device/vbd/51712/protocol", "x86_64-abi");
	config.devices = (struct device_list){ 0 };
	tree_deinit(&tree);
}
