/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes, folder by folder. */
#include "tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "devtree.h"
#include "guestcfg.h"
#include "lsevtchn/cap.h"
#include "plan.h"
#include "writer.h"

#define CONSOLE_LIMIT \
	"1048576" /* bytes the console daemon keeps of a guest nobody listens to; as libxl */
static void identity(struct writer *w, const struct tree_domain *domain)
{
	writer_node(w, w->home, "vm", w->vm);
	writer_node(w, w->home, "name", domain->plan->name);
	writer_number(w, w->home, "domid", domain->domid);
}

static void cpus_and_memory(struct writer *w, const struct guestcfg *config)
{
	char name[40];

	for (uint32_t i = 0; i < config->max_vcpus; i++) {
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		writer_node(w, w->home, name, i < config->vcpus ? "online" : "offline");
	}
	writer_number(w, w->home, "memory/static-max", config->maxmem_mib * 1024);
	writer_number(w, w->home, "memory/target", config->memory_mib * 1024);
	writer_node(w, w->home, "memory/videoram", "0");
}

static void guests_own(struct writer *w)
{
	static const char *const names[] = {
		"device/suspend/event-channel",
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		writer_node_rw(w, w->home, names[i]);
	writer_node(w, w->home, "control/platform-feature-multiprocessor-suspend", "1");
	writer_node(w, w->home, "control/platform-feature-xs_reset_watches", "1");
}

static void rings(struct writer *w, const struct tree_domain *domain)
{
	writer_number(w, w->home, "store/port", domain->store_port);
	writer_number(w, w->home, "store/ring-ref", domain->store_frame);
	writer_node(w, w->home, "console/limit", CONSOLE_LIMIT);
	writer_node(w, w->home, "console/type", "xenconsoled");
	writer_node(w, w->home, "console/output", "pty");
	writer_node(w, w->home, "console/tty", "");
	writer_number(w, w->home, "console/port", domain->console_port);
	writer_number(w, w->home, "console/ring-ref", domain->console_frame);
}

/* The hypervisor tells nobody what the cap is: it is written down for those who audit it. */
static void cap_record(struct writer *w, const struct tree_domain *domain)
{
	char path[CAP_NODE_MAX], text[CAP_RECORD_MAX];

	cap_node(path, domain->domid);
	cap_record_format(text, domain->plan->cap, domain->plan->uuid);
	writer_request(w, XS_WRITE, path, NULL, text, strlen(text));
}

/*
 * The console as a device: what xl destroy goes through. The folder that "backend" names is not
 * made: nobody reads it for the first console, and dom0's kernel, which watches all backends,
 * answers each node in it with a request of its own and a walk through all devices that it has made
 * of such folders so far: work that grows with the domains present.
 */
static void console_device(struct writer *w, const struct tree_domain *domain)
{
	char front[WRITER_FOLDER_MAX + 16], back[WRITER_FOLDER_MAX + 16],
		device[WRITER_FOLDER_MAX + 32];

	snprintf(front, sizeof(front), "%s/console", w->home);
	snprintf(back, sizeof(back), "%s/0", w->console);
	snprintf(device, sizeof(device), "%s/device/console/0", w->libxl);
	writer_node(w, front, "backend", back);
	writer_number(w, front, "backend-id", domain->console_domid);
	writer_node(w, device, "frontend", front);
	writer_node(w, device, "backend", back);
}

static void vm(struct writer *w, const struct tree_domain *domain)
{
	const struct guestcfg *config = domain->plan->config;
	char start[32];

	writer_folder_ro(w, w->vm);
	writer_node(w, w->vm, "uuid", domain->plan->uuid_text);
	writer_node(w, w->vm, "name", domain->plan->name);
	snprintf(start, sizeof(start), "%" PRIu64 ".%02u", domain->start_time_ms / 1000,
		 (unsigned int)(domain->start_time_ms % 1000 / 10));
	writer_node(w, w->vm, "start_time", start);
	writer_node(w, w->vm, "image/ostype", "linux");
	writer_node(w, w->vm, "image/kernel", config->kernel_path);
	/* For people only; one that the wire cannot carry is left out. */
	if (strlen(config->cmdline) < XENSTORE_PAYLOAD_MAX - WRITER_FOLDER_MAX - 16)
		writer_node(w, w->vm, "image/cmdline", config->cmdline);
}

int tree_make(struct tree *tree, const struct tree_domain *domain)
{
	const struct plan_domain *plan = domain->plan;
	struct writer w;

	writer_init(&w, tree, domain->domid, plan->uuid_text, domain->console_domid);
	writer_remove(&w, w.home);
	writer_folder_ro(&w, w.home);
	identity(&w, domain);
	cpus_and_memory(&w, plan->config);
	guests_own(&w);
	rings(&w, domain);
	vm(&w, domain);
	writer_remove(&w, w.libxl);
	writer_node(&w, w.libxl, "type", guestcfg_type_name(plan->config->type));
	cap_record(&w, domain);
	console_device(&w, domain);
	devtree_write(&w, plan);
	return w.error;
}

int tree_removal(struct tree *tree, uint32_t domid, const char *uuid_text, uint32_t console_domid)
{
	struct writer w;

	writer_init(&w, tree, domid, uuid_text, console_domid);
	/* The domain's own folder goes last: as long as it is there, it says whose the others are.
	 */
	writer_remove(&w, w.console);
	writer_remove(&w, w.libxl);
	writer_remove(&w, w.vm);
	writer_remove(&w, w.home);
	return w.error;
}

void tree_deinit(struct tree *tree)
{
	free(tree->requests);
	free(tree->bytes);
	memset(tree, 0, sizeof(*tree));
}
