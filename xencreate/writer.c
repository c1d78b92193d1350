/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One arena for all payloads; it is used again for the next domain. */
#include "writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "tree.h"

void writer_init(struct writer *w, struct tree *tree, uint32_t domid, const char *uuid_text,
		 uint32_t console_domid)
{
	memset(w, 0, sizeof(*w));
	w->tree = tree;
	w->domid = domid;
	tree->n_requests = 0;
	tree->n_bytes = 0;
	snprintf(w->home, sizeof(w->home), "/local/domain/%u", domid);
	snprintf(w->vm, sizeof(w->vm), "/vm/%s", uuid_text);
	snprintf(w->libxl, sizeof(w->libxl), "/libxl/%u", domid);
	snprintf(w->console, sizeof(w->console), "/local/domain/%u/backend/console/%u",
		 console_domid, domid);
	w->perms_ro_len =
		(size_t)snprintf(w->perms_ro, sizeof(w->perms_ro), "n0%cr%u", '\0', domid) + 1;
	snprintf(w->perms_rw, sizeof(w->perms_rw), "n%u", domid);
	w->perms_front_len =
		(size_t)snprintf(w->perms_front, sizeof(w->perms_front), "n%u%cr0", domid, '\0') +
		1;
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

void writer_request(struct writer *w, uint32_t type, const char *folder, const char *name,
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

void writer_node(struct writer *w, const char *folder, const char *name, const char *value)
{
	writer_request(w, XS_WRITE, folder, name, value, strlen(value));
}

void writer_number(struct writer *w, const char *folder, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	writer_node(w, folder, name, text);
}

void writer_folder_ro(struct writer *w, const char *folder)
{
	writer_request(w, XS_MKDIR, folder, NULL, "", 0);
	writer_request(w, XS_SET_PERMS, folder, NULL, w->perms_ro, w->perms_ro_len);
}

void writer_folder_front(struct writer *w, const char *folder)
{
	writer_request(w, XS_MKDIR, folder, NULL, "", 0);
	writer_request(w, XS_SET_PERMS, folder, NULL, w->perms_front, w->perms_front_len);
}

void writer_node_rw(struct writer *w, const char *folder, const char *name)
{
	writer_node(w, folder, name, "");
	writer_request(w, XS_SET_PERMS, folder, name, w->perms_rw, strlen(w->perms_rw) + 1);
}

void writer_remove(struct writer *w, const char *folder)
{
	writer_request(w, XS_RM, folder, NULL, "", 0);
}
