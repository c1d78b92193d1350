/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census in its formats, from a made-up host. */
#include <json-c/json.h>
#include <stdlib.h>

#include "cmdline.h"
#include "fakeworld.h"
#include "finding.h"
#include "policy.h"
#include "show.h"
#include "unit.h"

struct fixture {
	struct fakeworld *world;
	struct census census;
	struct finding_list findings;
	char *text;
	size_t len;
};

static void set_up(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->world = calloc(1, sizeof(*fixture->world));
	CHECK(fixture->world);
	fixture->world->domains[0].there = true;
	fakeworld_set(fixture->world, 0, 1, (struct scan_port){ .kind = SCAN_VIRQ, .irq = 3 });
	fakeworld_connect(fixture->world, 0, 2, 3, 1);
	fakeworld_connect(fixture->world, 0, 3, 3, 2);
	fakeworld_connect(fixture->world, 0, 4, 5, 1);
	fakeworld_set(fixture->world, 5, 2, (struct scan_port){ .kind = SCAN_UNBOUND, .peer = 0 });
	fakeworld_set(fixture->world, 5, 9, (struct scan_port){ .kind = SCAN_OWNED });
	CHECK_EQ(fakeworld_host(&fixture->census, fixture->world), 0);
	census_find(&fixture->census, 0)->name = strdup("Domain-0");
	census_find(&fixture->census, 3)->name = strdup("web \"1\"\n\\\033[31m");
	census_find(&fixture->census, 3)->cap =
		(struct cap){ .max_port = 63, .source = CAP_SOURCE_RECORD };
	CHECK_EQ(finding_add(&fixture->findings,
			     &(struct finding){ .kind = FINDING_WAITING,
						.notice = true,
						.domid = 5,
						.port = 2,
						.n = 1 },
			     "1 port waiting for domain 0"),
		 0);
}

static const char *show(struct fixture *fixture, struct cmdline cmdline)
{
	FILE *to;

	free(fixture->text);
	fixture->text = NULL;
	to = open_memstream(&fixture->text, &fixture->len);
	CHECK(to);
	CHECK_EQ(show_census(to, &cmdline, &fixture->census, &fixture->findings, NULL, 1700000000),
		 0);
	CHECK_EQ(fclose(to), 0);
	return fixture->text;
}

static void tear_down(struct fixture *fixture)
{
	free(fixture->text);
	finding_deinit(&fixture->findings);
	census_deinit(&fixture->census);
	free(fixture->world);
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		fail_msg("no %s", key);
	return value;
}

TEST(json_holds_every_domain_with_its_figures)
{
	struct fixture fixture;
	struct json_object *root, *domain;

	set_up(&fixture);
	root = json_tokener_parse(
		show(&fixture, (struct cmdline){ .mode = CMDLINE_ALL, .format = CMDLINE_JSON }));
	CHECK(root);
	CHECK_EQ(json_object_get_int64(member(root, "time")), 1700000000);
	CHECK_EQ(json_object_array_length(member(root, "domains")), 3);
	domain = json_object_array_get_idx(member(root, "domains"), 1);
	CHECK_EQ(json_object_get_int(member(domain, "domid")), 3);
	CHECK_STR_EQ(json_object_get_string(member(domain, "name")), "web \"1\"\n\\\033[31m");
	CHECK_EQ(json_object_get_int(member(domain, "ports")), 2);
	CHECK_EQ(json_object_get_int(member(domain, "cap")), 63);
	CHECK_EQ(json_object_get_int(member(domain, "headroom")), 61);
	CHECK_EQ(json_object_get_int(member(domain, "ports_in_dom0")), 2);
	domain = json_object_array_get_idx(member(root, "domains"), 2);
	CHECK_EQ(json_object_get_int(member(member(domain, "kinds"), "xen")), 1);
	CHECK(!json_object_object_get_ex(domain, "cap", NULL));
	CHECK(!json_object_object_get_ex(domain, "name", NULL));
	CHECK(!json_object_object_get_ex(domain, "table", NULL));
	domain = json_object_array_get_idx(member(root, "domains"), 0);
	CHECK_EQ(json_object_get_int(member(domain, "promised")), 1);
	CHECK_EQ(json_object_array_length(member(domain, "peers")), 2);
	CHECK_EQ(json_object_array_length(member(root, "findings")), 1);
	json_object_put(root);
	tear_down(&fixture);
}

TEST(json_of_one_domain_has_its_ports)
{
	struct fixture fixture;
	struct json_object *root, *domain, *port;

	set_up(&fixture);
	root = json_tokener_parse(show(&fixture, (struct cmdline){ .mode = CMDLINE_SUMMARY,
								   .format = CMDLINE_JSON,
								   .domain = "0" }));
	CHECK_EQ(json_object_array_length(member(root, "domains")), 1);
	domain = json_object_array_get_idx(member(root, "domains"), 0);
	CHECK_EQ(json_object_array_length(member(domain, "table")), 4);
	port = json_object_array_get_idx(member(domain, "table"), 0);
	CHECK_STR_EQ(json_object_get_string(member(port, "name")), "DOM_EXC");
	port = json_object_array_get_idx(member(domain, "table"), 1);
	CHECK_EQ(json_object_get_int(member(port, "peer")), 3);
	CHECK_EQ(json_object_get_int(member(port, "peer_port")), 1);
	json_object_put(root);
	tear_down(&fixture);
}

TEST(openmetrics_escapes_labels_and_ends_with_eof)
{
	struct fixture fixture;
	const char *text;

	set_up(&fixture);
	text = show(&fixture,
		    (struct cmdline){ .mode = CMDLINE_ALL, .format = CMDLINE_OPENMETRICS });
	CHECK(strstr(text,
		     "xen_evtchn_ports{domid=\"3\",name=\"web \\\"1\\\"\\n\\\\\033[31m\"} 2\n"));
	CHECK(strstr(text, "xen_evtchn_ports_by_kind{domid=\"5\",name=\"\",kind=\"xen\"} 1\n"));
	CHECK(strstr(text, "xen_evtchn_findings{kind=\"waiting\"} 1\n"));
	CHECK(strstr(text, "xen_evtchn_domains 3\n"));
	CHECK_STR_EQ(text + strlen(text) - strlen("# EOF\n"), "# EOF\n");
	tear_down(&fixture);
}

TEST(text_shows_no_byte_of_a_name_that_a_terminal_would_obey)
{
	static const enum cmdline_mode modes[] = { CMDLINE_ALL, CMDLINE_SUMMARY, CMDLINE_BY_PEER,
						   CMDLINE_DOMAIN, CMDLINE_CHECK_CAPS };
	struct fixture fixture;

	set_up(&fixture);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const char *text =
			show(&fixture, (struct cmdline){ .mode = modes[i], .colour = PAINT_NEVER });

		CHECK(*text);
		CHECK(!strchr(text, '\033'));
		CHECK(strstr(text, modes[i] == CMDLINE_CHECK_CAPS ? "web " : "Domain-0") ||
		      modes[i] == CMDLINE_BY_PEER);
	}
	tear_down(&fixture);
}

TEST(colour_is_there_only_when_it_is_wanted)
{
	struct fixture fixture;

	set_up(&fixture);
	CHECK(strchr(show(&fixture,
			  (struct cmdline){ .mode = CMDLINE_ALL, .colour = PAINT_ALWAYS }),
		     '\033'));
	CHECK(!strchr(show(&fixture, (struct cmdline){ .mode = CMDLINE_ALL, .colour = PAINT_AUTO }),
		      '\033'));
	tear_down(&fixture);
}

TEST(domains_are_sorted_by_what_was_asked)
{
	struct fixture fixture;
	const char *text;

	set_up(&fixture);
	text = show(&fixture, (struct cmdline){ .mode = CMDLINE_ALL,
						.sort = VIEW_BY_LEFT,
						.colour = PAINT_NEVER });
	CHECK(strstr(text, "\n    3 ") < strstr(text, "\n    0 "));
	text = show(&fixture, (struct cmdline){ .mode = CMDLINE_ALL,
						.sort = VIEW_BY_PORTS,
						.colour = PAINT_NEVER });
	CHECK(strstr(text, "\n    0 ") < strstr(text, "\n    5 "));
	CHECK(strstr(text, "\n    5 ") < strstr(text, "\n    3 "));
	tear_down(&fixture);
}

TEST(a_domain_is_found_by_number_and_by_name)
{
	struct fixture fixture;

	set_up(&fixture);
	CHECK_EQ(show_domain(&(struct cmdline){ .domain = NULL }, &fixture.census)->domid, 0);
	CHECK_EQ(show_domain(&(struct cmdline){ .domain = "5" }, &fixture.census)->domid, 5);
	CHECK_EQ(show_domain(&(struct cmdline){ .domain = "Domain-0" }, &fixture.census)->domid, 0);
	CHECK(!show_domain(&(struct cmdline){ .domain = "4" }, &fixture.census));
	CHECK(!show_domain(&(struct cmdline){ .domain = "" }, &fixture.census));
	tear_down(&fixture);
}

TEST(what_a_domain_was_known_by_is_carried_over_to_the_next_census)
{
	struct fixture fixture;
	struct census next = { 0 };

	set_up(&fixture);
	census_find(&fixture.census, 0)->looked_up = true;
	census_find(&fixture.census, 5)->looked_up = true; /* but has no name yet */
	CHECK_EQ(census_set_domains(&next, 3), 0);
	next.domains[0].domid = 0;
	next.domains[1].domid = 3;
	next.domains[1].handle[0] = 1; /* another domain of that number */
	next.domains[2].domid = 5;
	census_carry(&next, &fixture.census);
	CHECK_STR_EQ(next.domains[0].name, "Domain-0");
	CHECK(next.domains[0].looked_up);
	CHECK_EQ(next.domains[0].tally.n_used, 4);
	CHECK(!next.domains[1].name);
	CHECK_EQ(next.domains[1].scan.n_valid, 0);
	CHECK_EQ(next.domains[2].tally.n_used, 3);
	CHECK(!next.domains[2].looked_up);
	census_deinit(&next);
	tear_down(&fixture);
}
