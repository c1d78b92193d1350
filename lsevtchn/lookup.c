/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each request carries a small question: which domain, which node. A question outlives the lookup
 * that asked it, because the client answers every request once; a lookup that is freed early cuts
 * its questions loose.
 */
#include "lookup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "census.h"
#include "storeclient.h"
#include "storeonce.h"

enum topic { TOPIC_NAME, TOPIC_TYPE, TOPIC_CAP, TOPIC_MARK, N_TOPICS };

struct question {
	struct lookup *lookup; /* borrowed; NULL once that has been freed */
	uint32_t domid;
	enum topic topic;
	struct question *next;
	struct question **link; /* who points to us */
};

struct lookup {
	struct census *census;	    /* borrowed */
	struct question *questions; /* each owns itself until its answer */
	size_t n_open;
	bool started; /* all questions have been asked */
	int error;
	void (*done)(void *ctx, int error);
	void *ctx;
};

static const char *node_of(char path[CAP_NODE_MAX], enum topic topic, uint32_t domid)
{
	switch (topic) {
	case TOPIC_NAME:
		snprintf(path, CAP_NODE_MAX, "/local/domain/%" PRIu32 "/name", domid);
		return path;
	case TOPIC_TYPE:
		snprintf(path, CAP_NODE_MAX, "/libxl/%" PRIu32 "/type", domid);
		return path;
	case TOPIC_CAP:
		return cap_node(path, domid);
	default:
		return cap_mark_node(path, domid);
	}
}

static void take(struct census_domain *domain, enum topic topic, const char *data)
{
	enum domtype type;
	struct cap record;

	switch (topic) {
	case TOPIC_NAME:
		free(domain->name);
		domain->name = strdup(data);
		break;
	case TOPIC_TYPE:
		/* The hypervisor knows PV from the rest, the store PVH from HVM. */
		if (domtype_parse(&type, data) == 0 &&
		    (type == DOMTYPE_PV) == (domain->type == DOMTYPE_PV))
			domain->type = type;
		break;
	case TOPIC_MARK:
		domain->marked = true;
		break;
	default:
		if (cap_record_parse(&record, data, domain->handle) < 0)
			break;
		record.driver_domain = domain->cap.driver_domain;
		domain->cap = record;
		break;
	}
}

static void answered(void *ctx, int error, const char *data, size_t len)
{
	struct question *question = ctx;
	struct lookup *lookup = question->lookup;
	struct census_domain *domain;

	(void)len;
	if (!lookup) {
		free(question);
		return;
	}
	domain = census_find(lookup->census, question->domid);
	if (domain && error != -ECONNRESET && error != -ECANCELED)
		domain->looked_up = true;
	if (!error && domain)
		take(domain, question->topic, data);
	else if (error == -ECONNRESET || error == -ECANCELED)
		lookup->error = -ECONNRESET;
	*question->link = question->next;
	if (question->next)
		question->next->link = question->link;
	free(question);
	if (--lookup->n_open == 0 && lookup->started)
		lookup->done(lookup->ctx, lookup->error);
}

static int ask(struct lookup *lookup, struct storeclient *client, uint32_t domid, enum topic topic)
{
	struct question *question = calloc(1, sizeof(*question));
	char path[CAP_NODE_MAX];
	int r;

	if (!question)
		return -ENOMEM;
	question->lookup = lookup;
	question->domid = domid;
	question->topic = topic;
	r = storeclient_read(client, 0, node_of(path, topic, domid), answered, question);
	if (r < 0) {
		free(question);
		return r;
	}
	question->next = lookup->questions;
	question->link = &lookup->questions;
	if (question->next)
		question->next->link = &question->next;
	lookup->questions = question;
	lookup->n_open++;
	return 0;
}

int lookup_start(struct lookup **out, struct storeclient *client, struct census *census,
		 void (*done)(void *ctx, int error), void *ctx)
{
	CLEANUP(lookup_free) struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup)
		return -ENOMEM;
	lookup->census = census;
	lookup->done = done;
	lookup->ctx = ctx;
	for (size_t i = 0; i < census->n_domains; i++) {
		struct census_domain *domain = &census->domains[i];

		for (unsigned int topic = 0; topic < N_TOPICS && !domain->looked_up; topic++) {
			int r = ask(lookup, client, domain->domid, topic);

			if (r < 0)
				return r;
		}
	}
	lookup->started = true;
	*out = STEAL(lookup);
	return 0;
}

bool lookup_is_done(const struct lookup *lookup)
{
	return !lookup->n_open;
}

void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	for (struct question *question = lookup->questions; question; question = question->next)
		question->lookup = NULL;
	free(lookup);
}

static void ignore_done(void *ctx, int error)
{
	(void)ctx, (void)error;
}

struct now {
	struct census *census; /* borrowed */
	struct lookup *lookup; /* owned */
};

static int start_now(void *ctx, struct storeclient *client)
{
	struct now *now = ctx;

	return lookup_start(&now->lookup, client, now->census, ignore_done, NULL);
}

int lookup_now(struct census *census, unsigned int timeout_ms)
{
	struct now now = { .census = census };
	int r = storeonce_run(start_now, &now, timeout_ms);

	if (r == 0 && now.lookup)
		r = now.lookup->error;
	lookup_free(now.lookup);
	return r;
}
