/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is taken for dead, by the list of all and by what Xen of 4.21 and up says has changed. */
#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "model/quota.h"
#include "model/store.h"
#include "server/domains.h"
#include "server/domains_priv.h"
#include "server/hypervisor.h"
#include "server/ringconn.h"
#include "server/server.h"
#include "unit.h"

#define N 8

/* What Xen has: a number without a domain has no unique id, and a name of zeros. */
static struct hypervisor_domain there[N];
static bool tells_ids; /* Xen 4.21 and up */
static uint32_t changed[N], n_changed, n_lists;
static int list_error, changed_error;
static bool connected[N]; /* our event channels */

/* What the daemon did. */
static uint32_t destroyed[N], n_destroyed, n_saved, n_plain, n_named, n_retries;

static struct server server;
static struct domains domains;
static struct domain *slots[QUOTA_DOMID_MAX];
static struct domain known[N];

uint64_t hypervisor_unique_id(struct hypervisor *hypervisor, uint32_t domid)
{
	(void)hypervisor;
	return tells_ids ? there[domid].unique_id : 0;
}

struct ringconn_state ringconn_state(const struct ringconn *ring)
{
	return (struct ringconn_state){ .port = 100 + ((const struct domain *)ring)->domid };
}

bool hypervisor_is_connected(struct hypervisor *hypervisor, uint32_t local, uint32_t domid)
{
	(void)hypervisor;
	CHECK_EQ(local, 100 + domid);
	return connected[domid];
}

int hypervisor_list(struct hypervisor *hypervisor, uint32_t first, struct hypervisor_domain *out)
{
	int n = 0;

	(void)hypervisor;
	n_lists++;
	if (list_error)
		return list_error;
	for (uint32_t i = first; i < N; i++)
		if (there[i].unique_id) {
			out[n] = there[i];
			out[n++].unique_id = 0;
		}
	return n;
}

int hypervisor_next_changed(struct hypervisor *hypervisor, struct hypervisor_domain *out)
{
	(void)hypervisor;
	if (!tells_ids)
		return -EOPNOTSUPP;
	if (changed_error)
		return changed_error;
	if (!n_changed)
		return -ENOENT;
	*out = there[changed[--n_changed]];
	out->domid = changed[n_changed];
	return 0;
}

void domains_destroy(struct domains *d, struct domain *domain)
{
	destroyed[n_destroyed++] = domain->domid;
	TAILQ_REMOVE(&d->all, domain, all);
	d->by_domid[domain->domid] = NULL;
}

void domains_save(struct domains *d, const struct domain *domain)
{
	(void)d, (void)domain;
	n_saved++;
}

void protocol_fire_special(struct protocol *protocol, int special, uint32_t domid, bool plain,
			   bool named)
{
	(void)protocol, (void)domid;
	CHECK_EQ(special, STORE_RELEASE);
	n_plain += plain;
	n_named += named;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t ms)
{
	(void)loop, (void)timer, (void)ms;
	n_retries++;
}

/* Domains 1 to 3, with their rings, known and there. */
static void begin(bool ids)
{
	memset(there, 0, sizeof(there));
	memset(slots, 0, sizeof(slots));
	memset(known, 0, sizeof(known));
	memset(connected, 0, sizeof(connected));
	tells_ids = ids;
	n_changed = n_lists = n_destroyed = n_saved = n_plain = n_named = n_retries = 0;
	list_error = changed_error = 0;
	if (!server.log)
		CHECK_EQ(log_new(&server.log, "check", LOG_LEVEL_ERROR, 0), 0);
	domains = (struct domains){ .server = &server, .by_domid = slots };
	TAILQ_INIT(&domains.all);
	for (uint32_t i = 1; i <= 3; i++) {
		there[i] = (struct hypervisor_domain){ .domid = i,
						       .handle = { (uint8_t)i },
						       .unique_id = 100 + i };
		known[i] = (struct domain){ .domid = i,
					    .handle = { (uint8_t)i },
					    .unique_id = ids ? 100 + i : 0,
					    .ring = (struct ringconn *)&known[i] };
		slots[i] = &known[i];
		TAILQ_INSERT_TAIL(&domains.all, &known[i], all);
	}
}

static void change(uint32_t domid)
{
	changed[n_changed++] = domid;
	domains.is_due = true;
}

static void end(void)
{
	log_free(server.log);
	server.log = NULL;
}

TEST(a_new_name_for_who_is_connected_still_is_no_death)
{
	begin(false);
	there[2].handle[0] = 77;
	connected[2] = true;
	there[3].handle[0] = 78; /* another one by the number of one that died */
	change(2);
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 1);
	CHECK_EQ(destroyed[0], 3);
	CHECK_EQ(known[2].handle[0], 77);
	CHECK_EQ(n_saved, 1);
	end();
}

TEST(without_an_event_nobody_is_asked)
{
	begin(true);
	domains_check(&domains);
	CHECK_EQ(n_lists, 0);
	CHECK_EQ(n_destroyed, 0);
	end();
}

TEST(those_that_are_not_listed_have_died)
{
	begin(false);
	there[2] = (struct hypervisor_domain){ 0 };
	there[3].is_dying = true;
	domains.is_due = true;
	domains_check(&domains);
	CHECK_EQ(n_lists, 1);
	CHECK_EQ(n_destroyed, 2);
	CHECK_EQ(destroyed[0], 2);
	CHECK_EQ(destroyed[1], 3);
	CHECK(!domains.is_due && !domains.is_all_due);
	end();
}

TEST(who_has_changed_is_looked_at_and_nobody_else)
{
	begin(true);
	/* Not told as changed: it is not our business yet. */
	there[1] = (struct hypervisor_domain){ 0 };
	there[2] = (struct hypervisor_domain){ 0 };
	there[3].is_dying = true;
	change(2);
	change(3);
	change(5);
	change(0);
	domains_check(&domains);
	CHECK_EQ(n_lists, 0);
	CHECK_EQ(n_destroyed, 2);
	CHECK_EQ(destroyed[0], 3);
	CHECK_EQ(destroyed[1], 2);
	CHECK(slots[1]);
	end();
}

TEST(a_number_given_again_is_known_by_the_unique_id)
{
	begin(true);
	/* The same UUID: a guest that was made anew from its configuration. */
	there[2].unique_id = 777;
	change(2);
	change(1);
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 1);
	CHECK_EQ(destroyed[0], 2);
	begin(true);
	there[2].unique_id = 777;
	domains_check_all(&domains);
	domains_check(&domains);
	CHECK_EQ(n_lists, 1);
	CHECK_EQ(n_destroyed, 1);
	CHECK_EQ(destroyed[0], 2);
	end();
}

TEST(a_new_uuid_makes_no_other_domain_where_there_are_unique_ids)
{
	begin(true);
	there[2].handle[0] = 200;
	domains_check_all(&domains);
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 0);
	begin(false);
	there[2].handle[0] = 200;
	domains_check_all(&domains);
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 1);
	end();
}

TEST(unique_ids_are_learnt_and_kept)
{
	begin(true);
	known[1].unique_id = known[2].unique_id = known[3].unique_id = 0;
	domains_check_all(&domains);
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 0);
	CHECK_EQ(n_saved, 3);
	CHECK_EQ(known[2].unique_id, 102);
	end();
}

TEST(a_shutdown_is_told_once)
{
	for (int ids = 0; ids < 2; ids++) {
		begin(ids);
		there[1].is_shutdown = true;
		change(1);
		domains_check(&domains);
		CHECK_EQ(n_named, 1);
		CHECK_EQ(n_plain, 1);
		change(1);
		domains_check(&domains);
		CHECK_EQ(n_named, 1);
		CHECK_EQ(n_plain, 1);
		CHECK_EQ(n_destroyed, 0);
		end();
	}
}

TEST(if_xen_does_not_say_who_has_changed_all_are_listed)
{
	begin(true);
	changed_error = -EACCES;
	there[2] = (struct hypervisor_domain){ 0 };
	change(2);
	domains_check(&domains);
	CHECK_EQ(n_lists, 1);
	CHECK_EQ(n_destroyed, 1);
	CHECK(!domains.is_all_due);
	end();
}

TEST(if_xen_says_nothing_nobody_is_dead_and_all_are_asked_for_again)
{
	begin(true);
	domains_check_all(&domains);
	list_error = -ENOMEM;
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 0);
	CHECK_EQ(n_retries, 1);
	CHECK(domains.is_all_due);
	list_error = 0;
	there[2] = (struct hypervisor_domain){ 0 };
	domains.is_due = true;
	domains_check(&domains);
	CHECK_EQ(n_destroyed, 1);
	CHECK(!domains.is_all_due);
	end();
}
