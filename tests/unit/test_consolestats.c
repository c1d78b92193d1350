/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures as text and as OpenMetrics, with names that try to break either. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats.h"
#include "unit.h"

static const struct stats_console sample = {
	.domid = 7,
	.name = "a \"b\"\\\n\x1b[2J\xff",
	.suffix = "",
	.tty = "/dev/pts/3",
	.attached = true,
	.flow = "rate",
	.out_bytes = 1,
	.in_bytes = 2,
	.n_events = 3,
	.backlog_bytes = 4,
	.dropped_bytes = 5,
	.log_lost_bytes = 6,
	.paused_ms = 7008,
	.n_bad_rings = 9,
	.n_clients = 10,
};

/* The buffer's text, freed by the caller. */
static char *text_of(struct evbuffer *buffer)
{
	evbuffer_add(buffer, "", 1);
	return strdup((char *)evbuffer_pullup(buffer, -1));
}

TEST(a_row_has_every_figure_and_a_harmless_name)
{
	struct evbuffer *out = evbuffer_new();
	char *text;

	stats_text_console(out, &sample);
	text = text_of(out);
	CHECK_STR_EQ(text,
		     "    7 rate     10 /dev/pts/3                1          2          4"
		     "          5          6     7.008    9  a \"b\"\\x5c\\x0a\\x1b[2J\\xff\n");
	free(text);
	evbuffer_free(out);
}

TEST(every_family_has_its_head_and_a_value)
{
	static const char *const values[STATS_N_FAMILIES] = { "1", "2",	    "3", "4",  "5",
							      "6", "7.008", "9", "10", "1" };
	struct evbuffer *out;
	char *text, *line, name[128], type[16];

	for (unsigned int family = 0; family < STATS_N_FAMILIES; family++) {
		bool counter;

		out = evbuffer_new();
		stats_metrics_family(out, family);
		stats_metrics_console(out, family, &sample);
		text = text_of(out);
		CHECK_EQ(sscanf(text, "# TYPE %127s %15s", name, type), 2);
		counter = !strcmp(type, "counter");
		CHECK(counter || !strcmp(type, "gauge"));
		CHECK(strstr(text, "\n# HELP "));
		strcat(name, counter ? "_total{domid=\"7\",name=\"" : "{domid=\"7\",name=\"");
		line = strstr(text, name);
		CHECK(line);
		CHECK(line[-1] == '\n');
		CHECK_STR_EQ(strrchr(text, ' ') + strspn(strrchr(text, ' '), " ") +
				     strlen(values[family]),
			     "\n");
		CHECK_EQ(strncmp(strrchr(text, ' ') + 1, values[family], strlen(values[family])),
			 0);
		free(text);
		evbuffer_free(out);
	}
}

TEST(a_name_does_not_leave_its_quotes)
{
	struct evbuffer *out = evbuffer_new();
	char *text;

	stats_metrics_console(out, 0, &sample);
	text = text_of(out);
	CHECK_STR_EQ(text, "xenconsoled_console_output_bytes_total{domid=\"7\",name=\"a \\\"b\\\""
			   "\\\\x5c\\\\x0a\\\\x1b[2J\\\\xff\",kind=\"pv\"} 1\n");
	free(text);
	evbuffer_free(out);
}

TEST(the_daemons_figures_are_complete_and_end_with_the_marker)
{
	static const struct stats_daemon daemon = { .n_domains = 3, .out_bytes = 1000 };
	struct evbuffer *out = evbuffer_new();
	char *text;
	int n = 0;

	stats_metrics_daemon(out, &daemon);
	stats_metrics_end(out);
	text = text_of(out);
	CHECK(strstr(text, "\nxenconsoled_domains 3\n"));
	CHECK(strstr(text, "\nxenconsoled_output_bytes_total 1000\n"));
	for (const char *p = text; (p = strstr(p, "# TYPE ")); p++)
		n++;
	CHECK_EQ(n, 16);
	CHECK_STR_EQ(text + strlen(text) - 6, "# EOF\n");
	free(text);
	evbuffer_free(out);
}
