/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on domains. What they do to a domain is the host's business (protocol.h). */
#include <errno.h>

#include "model/quota.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"
#include "protocol/wire.h"

/* "The caller itself" among Xen's reserved domids. */
#define DOMID_SELF 0x7ff0

int op_introduce(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	const char *strings[3];
	uint32_t domid;
	int port, r;

	if (dispatch_strings(req, strings, 3) < 3)
		return -EINVAL;
	r = dispatch_domid(strings[0], &domid);
	if (r < 0)
		return r;
	/* The frame number is not needed: the ring is granted to us under a number of its own. */
	port = dispatch_number(strings[2]);
	if (port <= 0 || domid >= QUOTA_DOMID_MAX)
		return -EINVAL;
	return protocol->host->introduce(protocol->host_ctx, domid, (uint32_t)port);
}

/* The one argument of RELEASE and RESUME: a guest. */
static int guest_argument(const struct request *req, uint32_t *domid)
{
	const char *text = dispatch_string(req);
	int r = text ? dispatch_domid(text, domid) : -EINVAL;

	if (r < 0)
		return r;
	return *domid == 0 ? -EINVAL : 0;
}

int op_release(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	uint32_t domid;
	int r = guest_argument(req, &domid);

	return r < 0 ? r : protocol->host->release(protocol->host_ctx, domid);
}

int op_resume(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	uint32_t domid;
	int r = guest_argument(req, &domid);

	return r < 0 ? r : protocol->host->resume(protocol->host_ctx, domid);
}

int op_get_domain_path(struct request *req)
{
	const char *text = dispatch_string(req);
	uint32_t domid;
	int r = text ? dispatch_domid(text, &domid) : -EINVAL;

	return r < 0 ? r : dispatch_answer_text(req, "/local/domain/%u", domid);
}

int op_is_domain_introduced(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	const char *text = dispatch_string(req);
	uint32_t domid;
	bool introduced;
	int r = text ? dispatch_domid(text, &domid) : -EINVAL;

	if (r < 0)
		return r;
	introduced = domid == DOMID_SELF ||
		     protocol->host->is_introduced(protocol->host_ctx, domid);
	return dispatch_answer_text(req, introduced ? "T" : "F");
}

int op_set_target(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	const char *strings[2];
	uint32_t domid, target;
	int r;

	if (dispatch_strings(req, strings, 2) < 2)
		return -EINVAL;
	r = dispatch_domid(strings[0], &domid);
	if (r == 0)
		r = dispatch_domid(strings[1], &target);
	return r < 0 ? r : protocol->host->set_target(protocol->host_ctx, domid, target);
}

static int find_domain(const struct request *req, const char *text, uint32_t *domid)
{
	const struct protocol *protocol = req->conn->protocol;
	int r = dispatch_domid(text, domid);

	if (r < 0)
		return r;
	if (*domid >= QUOTA_DOMID_MAX)
		return -ENOENT;
	return protocol->host->find(protocol->host_ctx, *domid);
}

int op_get_feature(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	const char *text;
	uint32_t domid, n = dispatch_strings(req, &text, 1);
	int r;

	if (!n)
		return dispatch_answer_number(req, req->conn->features);
	if (!req->conn->watcher.subject.privileged)
		return -EACCES;
	if (n > 1)
		return -EINVAL;
	r = find_domain(req, text, &domid);
	if (r < 0)
		return r;
	return dispatch_answer_number(req, protocol->host->features(protocol->host_ctx, domid));
}

int op_set_feature(struct request *req)
{
	const struct protocol *protocol = req->conn->protocol;
	const char *strings[2];
	uint32_t domid, features;
	int r;

	if (dispatch_strings(req, strings, 2) != 2)
		return -EINVAL;
	features = (uint32_t)dispatch_number(strings[1]);
	r = find_domain(req, strings[0], &domid);
	if (r < 0)
		return r;
	if (protocol->host->is_introduced(protocol->host_ctx, domid))
		return -EBUSY;
	if (features & ~WIRE_FEATURES)
		return -EINVAL;
	return protocol->host->set_features(protocol->host_ctx, domid, features);
}
