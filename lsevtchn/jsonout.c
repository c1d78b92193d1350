/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json-c gives NULL when memory is out; adding NULL would write null. So every object goes through
 * put(), which notes it, and a document that lacks anything is not printed.
 */
#include "jsonout.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "capcheck.h"
#include "census.h"
#include "finding.h"
#include "guest.h"
#include "preflight.h"

#define SCHEMA_VERSION 1

struct writer {
	bool failed;
};

/* Adds @value, which is given away, to @object. */
static void put(struct writer *writer, struct json_object *object, const char *key,
		struct json_object *value)
{
	if (!object || !value || json_object_object_add(object, key, value) < 0) {
		json_object_put(value);
		writer->failed = true;
	}
}

static void push(struct writer *writer, struct json_object *array, struct json_object *value)
{
	if (!array || !value || json_object_array_add(array, value) < 0) {
		json_object_put(value);
		writer->failed = true;
	}
}

static void put_number(struct writer *writer, struct json_object *object, const char *key,
		       uint64_t number)
{
	put(writer, object, key, json_object_new_uint64(number));
}

static void put_text(struct writer *writer, struct json_object *object, const char *key,
		     const char *text)
{
	put(writer, object, key, json_object_new_string(text));
}

static void put_bool(struct writer *writer, struct json_object *object, const char *key, bool value)
{
	put(writer, object, key, json_object_new_boolean(value));
}

/* Prints and frees @root. */
static int finish(const struct writer *writer, struct json_object *root, FILE *to)
{
	const char *text =
		root && !writer->failed
			? json_object_to_json_string_ext(
				  root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						JSON_C_TO_STRING_NOSLASHESCAPE)
			: NULL;
	int r = 0;

	if (!text)
		r = -ENOMEM;
	else if (fprintf(to, "%s\n", text) < 0)
		r = -EIO;
	json_object_put(root);
	return r;
}

static struct json_object *port_object(struct writer *writer, const struct scan_port *port)
{
	struct json_object *object = json_object_new_object();

	put_number(writer, object, "port", port->port);
	put_text(writer, object, "kind", scan_kind_name(port->kind));
	if (port->kind != SCAN_OWNED)
		put_number(writer, object, "vcpu", port->vcpu);
	switch (port->kind) {
	case SCAN_INTERDOMAIN:
		put_number(writer, object, "peer_port", port->peer_port);
		/* fallthrough */
	case SCAN_UNBOUND:
		put_number(writer, object, "peer", port->peer);
		break;
	case SCAN_VIRQ:
		if (scan_virq_name(port->irq))
			put_text(writer, object, "name", scan_virq_name(port->irq));
		/* fallthrough */
	case SCAN_PIRQ:
	case SCAN_OTHER:
		put_number(writer, object, "irq", port->irq);
		break;
	default:
		break;
	}
	return object;
}

static struct json_object *kinds_object(struct writer *writer, const struct tally *tally)
{
	struct json_object *object = json_object_new_object();

	for (unsigned int kind = SCAN_CLOSED + 1; kind < SCAN_N_KINDS; kind++)
		put_number(writer, object, scan_kind_name(kind), tally->n_kind[kind]);
	return object;
}

static struct json_object *peers_array(struct writer *writer, const struct tally *tally)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < tally->n_peers; i++) {
		struct json_object *object = json_object_new_object();

		put_number(writer, object, "domid", tally->peers[i].domid);
		put_number(writer, object, "connected", tally->peers[i].n_connected);
		put_number(writer, object, "waiting", tally->peers[i].n_waiting);
		push(writer, array, object);
	}
	return array;
}

static void put_limits(struct writer *writer, struct json_object *object,
		       const struct census_domain *domain)
{
	struct json_object *abi = json_object_new_object();

	put_text(writer, abi, "kind", abi_name(domain->abi.kind));
	put_text(writer, abi, "proof", abi_proof_name(domain->abi.proof));
	put_text(writer, abi, "why", domain->abi.why);
	put(writer, object, "abi", abi);
	put_text(writer, object, "cap_source", cap_source_name(domain->cap.source));
	if (domain->cap.source != CAP_SOURCE_UNKNOWN && domain->cap.max_port != CAP_NONE)
		put_number(writer, object, "cap", domain->cap.max_port);
	put_number(writer, object, "usable", census_usable(domain));
	put_number(writer, object, "headroom", census_headroom(domain));
}

static void put_rule(struct writer *writer, struct json_object *object,
		     const struct policy_rule *rule)
{
	struct json_object *inner = json_object_new_object();

	if (rule->hard != POLICY_NONE)
		put_number(writer, inner, "hard", rule->hard);
	if (rule->soft != POLICY_NONE)
		put_number(writer, inner, "soft", rule->soft);
	put(writer, object, "policy", inner);
}

static struct json_object *domain_object(struct writer *writer, const struct census *census,
					 const struct census_domain *domain, bool with_ports,
					 const struct policy *policy)
{
	struct json_object *object = json_object_new_object();
	const struct census_domain *dom0 = census_find(census, 0);
	char uuid[37];

	put_number(writer, object, "domid", domain->domid);
	if (domain->name)
		put_text(writer, object, "name", domain->name);
	put_text(writer, object, "uuid", cap_handle_format(uuid, domain->handle));
	put_text(writer, object, "type", domtype_name(domain->type));
	put_text(writer, object, "state",
		 domain->dying	    ? "dying"
		 : domain->shutdown ? "shutdown"
		 : domain->paused   ? "paused"
				    : "running");
	put_number(writer, object, "vcpus", domain->n_vcpus);
	if (domain->scan.error)
		put_text(writer, object, "error", strerror(-domain->scan.error));
	put_number(writer, object, "ports", domain->tally.n_used);
	put_number(writer, object, "highest_port", domain->tally.highest);
	put_number(writer, object, "table_size", domain->scan.n_valid);
	put_number(writer, object, "self_links", domain->tally.n_self);
	put_number(writer, object, "own", domain->tally.n_private);
	put_number(writer, object, "promised", domain->n_pending);
	put(writer, object, "kinds", kinds_object(writer, &domain->tally));
	put(writer, object, "peers", peers_array(writer, &domain->tally));
	put_limits(writer, object, domain);
	if (domain->domid && dom0)
		put_number(writer, object, "ports_in_dom0", census_ports_for(dom0, domain->domid));
	if (policy) {
		struct policy_rule rule = capcheck_rule(policy, domain);

		put_rule(writer, object, &rule);
	}
	if (with_ports) {
		struct json_object *ports = json_object_new_array();

		for (size_t i = 0; i < domain->scan.n_ports; i++)
			push(writer, ports, port_object(writer, &domain->scan.ports[i]));
		put(writer, object, "table", ports);
	}
	return object;
}

static struct json_object *findings_array(struct writer *writer,
					  const struct finding_list *findings)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->findings[i];
		struct json_object *object = json_object_new_object();

		put_text(writer, object, "kind", finding_kind_name(finding->kind));
		put_bool(writer, object, "notice", finding->notice);
		put_number(writer, object, "domid", finding->domid);
		put_number(writer, object, "peer", finding->peer);
		put_number(writer, object, "first_port", finding->port);
		put_number(writer, object, "ports", finding->n);
		put_text(writer, object, "text", finding->text);
		push(writer, array, object);
	}
	return array;
}

int jsonout_census(FILE *to, const struct census *census, const struct census_domain *only,
		   const struct finding_list *findings, const struct policy *policy, int64_t time_s)
{
	struct writer writer = { 0 };
	struct json_object *root = json_object_new_object(), *domains = json_object_new_array();

	put_number(&writer, root, "version", SCHEMA_VERSION);
	put(&writer, root, "time", json_object_new_int64(time_s));
	for (size_t i = 0; i < census->n_domains; i++)
		if (!only || only == &census->domains[i])
			push(&writer, domains,
			     domain_object(&writer, census, &census->domains[i], only, policy));
	put(&writer, root, "domains", domains);
	put(&writer, root, "findings", findings_array(&writer, findings));
	return finish(&writer, root, to);
}

static struct json_object *texts_array(struct writer *writer, char **texts, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		push(writer, array, json_object_new_string(texts[i]));
	return array;
}

static struct json_object *guest_object(struct writer *writer, const struct preflight_guest *guest)
{
	struct json_object *object = json_object_new_object(), *demand = json_object_new_array();

	put_text(writer, object, "source", guest->guest->source);
	put_text(writer, object, "name", guest->guest->name);
	put_text(writer, object, "type", domtype_name(guest->guest->type));
	put_number(writer, object, "cap", guest->cap);
	put_number(writer, object, "policy_cap", guest->policy_cap);
	put(writer, object, "refusals", texts_array(writer, guest->refusals, guest->n_refusals));
	put(writer, object, "warnings", texts_array(writer, guest->warnings, guest->n_warnings));
	for (size_t i = 0; i < guest->demand.n_items; i++) {
		const struct demand_item *item = &guest->demand.items[i];
		struct json_object *inner = json_object_new_object();

		put_text(writer, inner, "resource", demand_key(item->resource));
		if (item->where)
			put_text(writer, inner, "where", item->where);
		put_number(writer, inner, "amount", item->amount);
		put_text(writer, inner, "why", item->why);
		push(writer, demand, inner);
	}
	put(writer, object, "demand", demand);
	return object;
}

static struct json_object *row_object(struct writer *writer, const struct preflight_row *row)
{
	struct json_object *object = json_object_new_object();

	put_text(writer, object, "resource", demand_key(row->resource));
	if (row->where)
		put_text(writer, object, "where", row->where);
	put_number(writer, object, "requested", row->requested);
	put_bool(writer, object, "advisory", row->advisory);
	put_text(writer, object, "certainty",
		 row->limit ? capacity_certainty_name(row->limit->certainty) : "not judged");
	if (!row->limit)
		return object;
	put_text(writer, object, "source", row->limit->source);
	if (row->limit->certainty == CAPACITY_UNKNOWN)
		return object;
	put_number(writer, object, "limit", row->limit->limit);
	put_number(writer, object, "used", row->limit->used);
	put_number(writer, object, "promised", row->limit->pending);
	put_number(writer, object, "reserve", row->limit->reserve);
	put_number(writer, object, "would_fit", row->n_fit);
	put_number(writer, object, "would_fit_at_best", row->n_fit_maybe);
	put_text(writer, object, "advice", row->advice);
	return object;
}

int jsonout_preflight(FILE *to, const struct preflight *preflight)
{
	struct writer writer = { 0 };
	struct json_object *root = json_object_new_object(), *guests = json_object_new_array(),
			   *limits = json_object_new_array();

	put_number(&writer, root, "version", SCHEMA_VERSION);
	put_text(&writer, root, "verdict", preflight_verdict_name(preflight->verdict));
	put_number(&writer, root, "requested", preflight->n_requested);
	if (preflight->binding) {
		put_number(&writer, root, "would_fit", preflight->n_fit);
		put_text(&writer, root, "binding", demand_key(preflight->binding->resource));
	}
	for (size_t i = 0; i < preflight->n_rows; i++)
		push(&writer, limits, row_object(&writer, &preflight->rows[i]));
	put(&writer, root, "limits", limits);
	for (size_t i = 0; i < preflight->n_guests; i++)
		push(&writer, guests, guest_object(&writer, &preflight->guests[i]));
	put(&writer, root, "guests", guests);
	return finish(&writer, root, to);
}
