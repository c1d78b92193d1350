/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One small writer, one arena for all payloads, and below it the nodes themselves, folder by
 * folder. */
#include "tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "guestcfg.h"
#include "lsevtchn/cap.h"
#include "plan.h"

#define CONSOLE_LIMIT \
	"1048576" /* bytes the console daemon keeps of a guest nobody listens to; as libxl */
#define FOLDER_MAX 80

/* While the list grows: a failure sticks, so that one check at the end is enough. */
struct writer {
	struct tree *tree;
	char home[FOLDER_MAX];	  /* /local/domain/N */
	char vm[FOLDER_MAX];	  /* /vm/UUID */
	char libxl[FOLDER_MAX];	  /* /libxl/N */
	char backend[FOLDER_MAX]; /* /local/domain/0/backend/console/N */
	char perms_ro[16];	  /* the guest reads: two strings with their NULs */
	size_t perms_ro_len;
	char perms_rw[16]; /* the guest owns */
	int error;
};

static void writer_init(struct writer *w, struct tree *tree, uint32_t domid, const char *uuid_text,
			uint32_t console_domid)
{
	memset(w, 0, sizeof(*w));
	w->tree = tree;
	tree->n_requests = 0;
	tree->n_bytes = 0;
	snprintf(w->home, FOLDER_MAX, "/local/domain/%u", domid);
	snprintf(w->vm, FOLDER_MAX, "/vm/%s", uuid_text);
	snprintf(w->libxl, FOLDER_MAX, "/libxl/%u", domid);
	snprintf(w->backend, FOLDER_MAX, "/local/domain/%u/backend/console/%u", console_domid,
		 domid);
	w->perms_ro_len =
		(size_t)snprintf(w->perms_ro, sizeof(w->perms_ro), "n0%cr%u", '\0', domid) + 1;
	snprintf(w->perms_rw, sizeof(w->perms_rw), "n%u", domid);
}

static void put(struct writer *w, const void *data, size_t len)
{
	struct tree *tree = w->tree;

	if (tree->n_bytes + len > tree->n_bytes_allocated) {
		size_t n = (tree->n_bytes_allocated + len) * 2;
		char *bytes = realloc(tree->bytes, n < 8192 ? 8192 : n);

		if (!bytes) {
			w->error = -ENOMEM;
			return;
		}
		tree->bytes = bytes;
		tree->n_bytes_allocated = n < 8192 ? 8192 : n;
	}
	memcpy(tree->bytes + tree->n_bytes, data, len);
	tree->n_bytes += len;
}

/* One request about folder/name (or the folder itself, without a name). */
static void request(struct writer *w, uint32_t type, const char *folder, const char *name,
		    const char *value, size_t len)
{
	struct tree *tree = w->tree;
	size_t offset = tree->n_bytes;

	if (tree->n_requests == tree->n_allocated) {
		size_t n = tree->n_allocated ? tree->n_allocated * 2 : 128;
		struct tree_request *requests = reallocarray(tree->requests, n, sizeof(*requests));

		if (!requests) {
			w->error = -ENOMEM;
			return;
		}
		tree->requests = requests;
		tree->n_allocated = n;
	}
	put(w, folder, strlen(folder));
	if (name) {
		put(w, "/", 1);
		put(w, name, strlen(name));
	}
	put(w, "", 1);
	put(w, value, len);
	if (w->error)
		return;
	tree->requests[tree->n_requests++] = (struct tree_request){ .type = type,
								    .offset = offset,
								    .len = tree->n_bytes - offset };
}

static void node(struct writer *w, const char *folder, const char *name, const char *value)
{
	request(w, XS_WRITE, folder, name, value, strlen(value));
}

static void number(struct writer *w, const char *folder, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	node(w, folder, name, text);
}

static void folder_ro(struct writer *w, const char *folder)
{
	request(w, XS_MKDIR, folder, NULL, "", 0);
	request(w, XS_SET_PERMS, folder, NULL, w->perms_ro, w->perms_ro_len);
}

/* A node that the guest may change. */
static void node_rw(struct writer *w, const char *folder, const char *name)
{
	node(w, folder, name, "");
	request(w, XS_SET_PERMS, folder, name, w->perms_rw, strlen(w->perms_rw) + 1);
}

static void identity(struct writer *w, const struct tree_domain *domain)
{
	node(w, w->home, "vm", w->vm);
	node(w, w->home, "name", domain->plan->name);
	number(w, w->home, "domid", domain->domid);
}

static void cpus_and_memory(struct writer *w, const struct guestcfg *config)
{
	char name[40];

	for (uint32_t i = 0; i < config->max_vcpus; i++) {
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		node(w, w->home, name, i < config->vcpus ? "online" : "offline");
	}
	number(w, w->home, "memory/static-max", config->maxmem_mib * 1024);
	number(w, w->home, "memory/target", config->memory_mib * 1024);
	node(w, w->home, "memory/videoram", "0");
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
		node_rw(w, w->home, names[i]);
	node(w, w->home, "control/platform-feature-multiprocessor-suspend", "1");
	node(w, w->home, "control/platform-feature-xs_reset_watches", "1");
}

static void rings(struct writer *w, const struct tree_domain *domain)
{
	number(w, w->home, "store/port", domain->store_port);
	number(w, w->home, "store/ring-ref", domain->store_frame);
	node(w, w->home, "console/limit", CONSOLE_LIMIT);
	node(w, w->home, "console/type", "xenconsoled");
	node(w, w->home, "console/output", "pty");
	node(w, w->home, "console/tty", "");
	number(w, w->home, "console/port", domain->console_port);
	number(w, w->home, "console/ring-ref", domain->console_frame);
}

/* The hypervisor tells nobody what the cap is: it is written down for those who audit it. */
static void cap_record(struct writer *w, const struct tree_domain *domain)
{
	char path[CAP_NODE_MAX], text[CAP_RECORD_MAX];

	cap_node(path, domain->domid);
	cap_record_format(text, domain->plan->cap, domain->plan->uuid);
	request(w, XS_WRITE, path, NULL, text, strlen(text));
}

/*
 * The console as a device: what xl destroy goes through. The folder that "backend" names is not
 * made: nobody reads it for the first console, and dom0's kernel, which watches all backends,
 * answers each node in it with a request of its own and a walk through all devices that it has made
 * of such folders so far: work that grows with the domains present.
 */
static void console_device(struct writer *w, const struct tree_domain *domain)
{
	char front[FOLDER_MAX + 16], back[FOLDER_MAX + 16], device[FOLDER_MAX + 32];

	snprintf(front, sizeof(front), "%s/console", w->home);
	snprintf(back, sizeof(back), "%s/0", w->backend);
	snprintf(device, sizeof(device), "%s/device/console/0", w->libxl);
	node(w, front, "backend", back);
	number(w, front, "backend-id", domain->console_domid);
	node(w, device, "frontend", front);
	node(w, device, "backend", back);
}

static void vm(struct writer *w, const struct tree_domain *domain)
{
	const struct guestcfg *config = domain->plan->config;
	char start[32];

	folder_ro(w, w->vm);
	node(w, w->vm, "uuid", domain->plan->uuid_text);
	node(w, w->vm, "name", domain->plan->name);
	snprintf(start, sizeof(start), "%" PRIu64 ".%02u", domain->start_time_ms / 1000,
		 (unsigned int)(domain->start_time_ms % 1000 / 10));
	node(w, w->vm, "start_time", start);
	node(w, w->vm, "image/ostype", "linux");
	node(w, w->vm, "image/kernel", config->kernel_path);
	/* For people only; one that the wire cannot carry is left out. */
	if (strlen(config->cmdline) < XENSTORE_PAYLOAD_MAX - FOLDER_MAX - 16)
		node(w, w->vm, "image/cmdline", config->cmdline);
}

int tree_make(struct tree *tree, const struct tree_domain *domain)
{
	const struct plan_domain *plan = domain->plan;
	struct writer w;

	writer_init(&w, tree, domain->domid, plan->uuid_text, domain->console_domid);
	request(&w, XS_RM, w.home, NULL, "", 0);
	folder_ro(&w, w.home);
	identity(&w, domain);
	cpus_and_memory(&w, plan->config);
	guests_own(&w);
	rings(&w, domain);
	vm(&w, domain);
	request(&w, XS_RM, w.libxl, NULL, "", 0);
	node(&w, w.libxl, "type", guestcfg_type_name(plan->config->type));
	cap_record(&w, domain);
	console_device(&w, domain);
	return w.error;
}

int tree_removal(struct tree *tree, uint32_t domid, const char *uuid_text, uint32_t console_domid)
{
	struct writer w;

	writer_init(&w, tree, domid, uuid_text, console_domid);
	/* The domain's own folder goes last: as long as it is there, it says whose the others are.
	 */
	request(&w, XS_RM, w.backend, NULL, "", 0);
	request(&w, XS_RM, w.libxl, NULL, "", 0);
	request(&w, XS_RM, w.vm, NULL, "", 0);
	request(&w, XS_RM, w.home, NULL, "", 0);
	return w.error;
}

void tree_deinit(struct tree *tree)
{
	free(tree->requests);
	free(tree->bytes);
	memset(tree, 0, sizeof(*tree));
}
