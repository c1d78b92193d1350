/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on nodes and their permissions. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/perms.h"
#include "model/quota.h"
#include "model/view.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

/* An entry takes three bytes on the wire at least: "n0" and NUL. */
#define PERMS_MAX (WIRE_PAYLOAD_MAX / 3)

int op_read(struct request *req)
{
	struct view view = dispatch_view(req);
	struct node_view node;
	struct path path;
	int r = dispatch_only_path(req, false, &path);

	if (r == 0)
		r = view_read(&view, &path, &node);
	return r < 0 ? r : dispatch_answer(req, node.value, node.value_len);
}

int op_directory(struct request *req)
{
	struct view view = dispatch_view(req);
	struct view_listing listing;
	struct path path;
	char *room;
	int r = dispatch_only_path(req, false, &path);

	if (r == 0)
		r = view_list(&view, &path, &listing);
	if (r < 0)
		return r;
	r = dispatch_answer_room(req, listing.n_bytes, &room);
	if (r == 0) {
		view_listing_copy(&listing, 0, room, listing.n_bytes, true);
		dispatch_answer_written(req, room, listing.n_bytes);
	}
	view_listing_deinit(&listing);
	return r;
}

/*
 * The node's generation, then whole names from a byte offset on, as many as fit, and one NUL more
 * when the list is at its end: from that the client knows that it has all.
 */
int op_directory_part(struct request *req)
{
	struct view view = dispatch_view(req);
	struct view_listing listing;
	char answer[WIRE_PAYLOAD_MAX];
	const char *strings[2];
	struct path path;
	uint32_t offset, head, n;
	int r;

	if (dispatch_strings(req, strings, 2) != 2)
		return -EINVAL;
	r = dispatch_path(req, strings[0], false, &path);
	if (r == 0)
		r = view_list(&view, &path, &listing);
	if (r < 0)
		return r;
	offset = (uint32_t)dispatch_number(strings[1]);
	head = (uint32_t)snprintf(answer, sizeof(answer), "%" PRIu64, listing.generation) + 1;
	n = view_listing_copy(&listing, offset, answer + head, WIRE_PAYLOAD_MAX - head - 1, true);
	if (offset >= listing.n_bytes || offset + n == listing.n_bytes)
		answer[head + n++] = '\0';
	view_listing_deinit(&listing);
	return dispatch_answer(req, answer, head + n);
}

int op_write(struct request *req)
{
	struct view view = dispatch_view(req);
	const char *text, *value;
	struct path path;
	int r;

	/* The value is all that follows the first NUL, whatever is in it. */
	if (!dispatch_strings(req, &text, 1))
		return -EINVAL;
	value = text + strlen(text) + 1;
	r = dispatch_path(req, text, false, &path);
	if (r < 0)
		return r;
	return view_write(&view, &path, value, (uint32_t)(req->payload + req->len - value));
}

int op_mkdir(struct request *req)
{
	struct view view = dispatch_view(req);
	struct path path;
	int r = dispatch_only_path(req, false, &path);

	return r < 0 ? r : view_mkdir(&view, &path);
}

int op_rm(struct request *req)
{
	struct view view = dispatch_view(req);
	struct path path;
	int r = dispatch_only_path(req, false, &path);

	return r < 0 ? r : view_rm(&view, &path);
}

int op_get_perms(struct request *req)
{
	struct view view = dispatch_view(req);
	char text[PERMS_MAX * PERMS_FORMAT_MAX];
	struct node_view node;
	struct path path;
	int r = dispatch_only_path(req, true, &path);

	if (r == 0)
		r = view_read(&view, &path, &node);
	return r < 0 ? r : dispatch_answer(req, text, (uint32_t)perms_format(node.perms, text));
}

/* Entries for domains that do not exist are kept for show and must never come true. */
static int find_domains(const struct request *req, struct perm *list, uint32_t n)
{
	const struct protocol *protocol = req->conn->protocol;

	for (uint32_t i = 0; i < n; i++) {
		int r;

		if (list[i].domid == PERMS_ANY_DOMID) {
			list[i].stale = !(req->conn->features & WIRE_FEATURE_DOMID_ANY);
			continue;
		}
		r = list[i].domid < QUOTA_DOMID_MAX
			    ? protocol->host->find(protocol->host_ctx, list[i].domid)
			    : -ENOENT;
		if (r == -ENOENT)
			list[i].stale = true;
		else if (r < 0)
			return r;
	}
	return list[0].stale ? -ENOENT : 0;
}

int op_set_perms(struct request *req)
{
	struct view view = dispatch_view(req);
	struct perm list[PERMS_MAX + 1];
	struct path path;
	const char *text;
	uint32_t n = dispatch_strings(req, &text, 1);
	size_t path_size;
	int r;

	if (n < 2)
		return -EINVAL;
	n--;
	if (!view.subject->privileged && !quota_check(view.account, QUOTA_NODE_PERMS, n))
		return -ENOSPC;
	path_size = strlen(text) + 1;
	r = perms_parse(text + path_size, req->len - path_size, list, n);
	if (r == 0)
		r = find_domains(req, list, n);
	if (r == 0)
		r = dispatch_path(req, text, true, &path);
	return r < 0 ? r : view_set_perms(&view, &path, list, n);
}
