/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET_QUOTA and SET_QUOTA: the limits for all domains, or for one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/quota.h"
#include "protocol/conn.h"
#include "protocol/dispatch.h"
#include "protocol/ops.h"
#include "protocol/protocol.h"

#define SOFT "soft-"

/* Only memory has a soft limit. */
static int parse_name(const char *name, enum quota_item *item, bool *soft)
{
	*soft = strncmp(name, SOFT, strlen(SOFT)) == 0;
	if (*soft)
		name += strlen(SOFT);
	for (enum quota_item i = 0; i < QUOTA_N; i++)
		if (strcmp(quota_names[i].name, name) == 0 && (!*soft || i == QUOTA_MEMORY)) {
			*item = i;
			return 0;
		}
	return -EINVAL;
}

static int find_account(const struct request *req, const char *text, struct quota_account **account)
{
	const struct protocol *protocol = req->conn->protocol;
	uint32_t domid;
	int r = dispatch_domid(text, &domid);

	if (r < 0)
		return r;
	if (domid >= QUOTA_DOMID_MAX)
		return -ENOENT;
	r = protocol->host->find(protocol->host_ctx, domid);
	return r < 0 ? r : quota_open(protocol->quota, domid, account);
}

static int answer_names(struct request *req)
{
	char text[256];
	int n = 0;

	for (enum quota_item i = 0; i < QUOTA_N; i++) {
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%s", i ? " " : "",
			      quota_names[i].name);
		if (i == QUOTA_MEMORY)
			n += snprintf(text + n, sizeof(text) - (size_t)n, " " SOFT "%s",
				      quota_names[i].name);
	}
	return dispatch_answer_text(req, "%s", text);
}

int op_get_quota(struct request *req)
{
	const struct quota *quota = req->conn->protocol->quota;
	struct quota_account *account;
	const char *strings[2];
	uint32_t n = dispatch_strings(req, strings, 2);
	enum quota_item item;
	bool soft;
	int r;

	if (n > 2)
		return -EINVAL;
	if (!n)
		return answer_names(req);
	if (n == 2) {
		r = find_account(req, strings[0], &account);
		if (r < 0)
			return r;
	}
	r = parse_name(strings[n - 1], &item, &soft);
	if (r < 0)
		return r;
	if (n == 1)
		return dispatch_answer_number(req, quota_limit(quota, item, soft));
	return dispatch_answer_number(req, soft ? account->soft[item] : account->limit[item]);
}

int op_set_quota(struct request *req)
{
	struct quota_account *account = NULL;
	const char *strings[3];
	uint32_t n = dispatch_strings(req, strings, 3);
	enum quota_item item;
	unsigned long value;
	bool soft;
	int r;

	if (n != 2 && n != 3)
		return -EINVAL;
	if (n == 3) {
		r = find_account(req, strings[0], &account);
		if (r < 0)
			return r;
	}
	r = parse_name(strings[n - 2], &item, &soft);
	if (r < 0)
		return r;
	value = strtoul(strings[n - 1], NULL, 10);
	if (value >= UINT32_MAX)
		return -EINVAL;
	if (!account)
		quota_set_limit(req->conn->protocol->quota, item, soft, (uint32_t)value);
	else
		quota_set_own_limit(account, item, soft, (uint32_t)value);
	return 0;
}
