/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of rules, looked at for each call; empty, it costs one comparison. Commands are split into
 * words, and the words "key=number" set the fields of a rule.
 */
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#define WORDS_MAX 12
#define RULE_NAME 64

enum rule_kind { RULE_FAIL, RULE_EVENT, RULE_PORTS };

struct rule {
	enum rule_kind kind;
	char name[RULE_NAME];
	int64_t domid, port; /* -1: any */
	uint64_t nth;	     /* the first one that is hit, from 1 */
	uint64_t times;	     /* so many are hit; UINT64_MAX: all that follow */
	uint32_t chance;     /* percent */
	uint64_t n_seen, n_hit;
	int error;
	uint32_t delay_us, kill;
	unsigned int copies; /* events: how many arrive */
	STAILQ_ENTRY(rule) next;
};

struct fault_plan {
	STAILQ_HEAD(, rule) rules;
	uint64_t seed;
	uint64_t memory;
};

#define ERRNO_MAX 133

int fault_errno(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	if (!*end && end != name && n > 0 && n < 4096)
		return (int)n;
	for (int i = 1; i <= ERRNO_MAX; i++)
		if (strerrorname_np(i) && !strcmp(strerrorname_np(i), name))
			return i;
	return 0;
}

int fault_plan_new(struct fault_plan **out, uint64_t seed)
{
	struct fault_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return -ENOMEM;
	STAILQ_INIT(&plan->rules);
	plan->seed = seed;
	plan->memory = UINT64_MAX;
	*out = plan;
	return 0;
}

static void clear(struct fault_plan *plan)
{
	struct rule *rule;

	while ((rule = STAILQ_FIRST(&plan->rules))) {
		STAILQ_REMOVE_HEAD(&plan->rules, next);
		free(rule);
	}
	plan->memory = UINT64_MAX;
}

void fault_plan_free(struct fault_plan *plan)
{
	if (!plan)
		return;
	clear(plan);
	free(plan);
}

/* splitmix64: the same seed and the same calls give the same faults. */
static uint32_t percent(struct fault_plan *plan)
{
	uint64_t z = plan->seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ (z >> 31)) % 100);
}

static bool hit(struct fault_plan *plan, struct rule *rule)
{
	rule->n_seen++;
	if (rule->n_seen < rule->nth || rule->n_hit >= rule->times)
		return false;
	if (rule->chance < 100 && percent(plan) >= rule->chance)
		return false;
	rule->n_hit++;
	return true;
}

static bool name_matches(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return !strncmp(pattern, name, len - 1);
	return !strcmp(pattern, name);
}

struct fault_verdict fault_call(struct fault_plan *plan, const char *name)
{
	struct fault_verdict verdict = { .error = 0 };
	struct rule *rule;

	STAILQ_FOREACH (rule, &plan->rules, next) {
		if (rule->kind != RULE_FAIL || !name_matches(rule->name, name) || !hit(plan, rule))
			continue;
		if (rule->error)
			verdict.error = rule->error;
		verdict.delay_us += rule->delay_us;
		if (rule->kill)
			verdict.kill = rule->kill;
	}
	return verdict;
}

static bool number_matches(int64_t pattern, uint32_t number)
{
	return pattern < 0 || (uint32_t)pattern == number;
}

unsigned int fault_events(struct fault_plan *plan, uint16_t domid, uint32_t port)
{
	struct rule *rule;

	STAILQ_FOREACH (rule, &plan->rules, next) {
		if (rule->kind == RULE_EVENT && number_matches(rule->domid, domid) &&
		    number_matches(rule->port, port) && hit(plan, rule))
			return rule->copies;
	}
	return 1;
}

bool fault_no_ports(const struct fault_plan *plan, uint16_t domid)
{
	const struct rule *rule;

	STAILQ_FOREACH (rule, &plan->rules, next) {
		if (rule->kind == RULE_PORTS && number_matches(rule->domid, domid))
			return true;
	}
	return false;
}

uint64_t fault_memory(const struct fault_plan *plan)
{
	return plan->memory;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* One "key=value" word of a rule. */
static bool set_field(struct rule *rule, const char *text)
{
	const char *value = strchr(text, '=');
	char word[16] = "";
	uint64_t n = 0;
	bool is_number;

	if (!value || (size_t)(value - text) >= sizeof(word))
		return false;
	memcpy(word, text, (size_t)(value - text));
	value++;
	is_number = parse_number(value, &n);
	if (!strcmp(word, "errno"))
		return (rule->error = -fault_errno(value)) != 0;
	if (!is_number)
		return false;
	if (!strcmp(word, "nth"))
		rule->nth = n;
	else if (!strcmp(word, "times"))
		rule->times = n;
	else if (!strcmp(word, "chance"))
		rule->chance = (uint32_t)n;
	else if (!strcmp(word, "delay"))
		rule->delay_us = (uint32_t)n;
	else if (!strcmp(word, "kill"))
		rule->kill = (uint32_t)n;
	else if (!strcmp(word, "domid"))
		rule->domid = (int64_t)n;
	else if (!strcmp(word, "port"))
		rule->port = (int64_t)n;
	else
		return false;
	return true;
}

static int add_rule(struct fault_plan *plan, const struct rule *from)
{
	struct rule *rule = malloc(sizeof(*rule));

	if (!rule)
		return -ENOMEM;
	*rule = *from;
	STAILQ_INSERT_TAIL(&plan->rules, rule, next);
	return 0;
}

static int refuse(char *why, size_t size, const char *what, const char *word)
{
	snprintf(why, size, "%s: %s", what, word);
	return -EINVAL;
}

static int command_rule(struct fault_plan *plan, char **words, int n_words, struct rule *rule,
			char *why, size_t why_size)
{
	bool timed = false;

	for (int i = 2; i < n_words; i++) {
		timed = timed || !strncmp(words[i], "times=", 6) ||
			!strncmp(words[i], "chance=", 7);
		if (!set_field(rule, words[i]))
			return refuse(why, why_size, "cannot be understood", words[i]);
	}
	/* "the 3rd call fails" means that one; without any of these, every call. */
	if (rule->nth && !timed)
		rule->times = 1;
	if (rule->kind == RULE_FAIL && !rule->error && !rule->delay_us && !rule->kill)
		rule->error = -EIO;
	return add_rule(plan, rule);
}

static void drop_port_rules(struct fault_plan *plan, int64_t domid)
{
	struct rule *rule, *next;

	for (rule = STAILQ_FIRST(&plan->rules); rule; rule = next) {
		next = STAILQ_NEXT(rule, next);
		if (rule->kind == RULE_PORTS && (domid < 0 || rule->domid == domid)) {
			STAILQ_REMOVE(&plan->rules, rule, rule, next);
			free(rule);
		}
	}
}

static int run(struct fault_plan *plan, char **words, int n_words, char *why, size_t why_size)
{
	struct rule rule = { .domid = -1, .port = -1, .times = UINT64_MAX, .chance = 100 };
	uint64_t n = 0;

	if (!strcmp(words[0], "clear")) {
		clear(plan);
		return 0;
	}
	if (n_words < 2)
		return refuse(why, why_size, "unknown command, or incomplete", words[0]);
	if (!strcmp(words[0], "fail")) {
		rule.kind = RULE_FAIL;
		snprintf(rule.name, sizeof(rule.name), "%s", words[1]);
		return command_rule(plan, words, n_words, &rule, why, why_size);
	}
	if (!strcmp(words[0], "event")) {
		rule.kind = RULE_EVENT;
		if (strcmp(words[1], "lose") && strcmp(words[1], "double"))
			return refuse(why, why_size, "neither lose nor double", words[1]);
		rule.copies = strcmp(words[1], "lose") ? 2 : 0;
		return command_rule(plan, words, n_words, &rule, why, why_size);
	}
	if (!strcmp(words[0], "ports")) {
		rule.kind = RULE_PORTS;
		if (n_words > 2 && !parse_number(words[2], &n))
			return refuse(why, why_size, "not a number", words[2]);
		if (n_words > 2)
			rule.domid = (int64_t)n;
		if (!strcmp(words[1], "none"))
			return add_rule(plan, &rule);
		drop_port_rules(plan, rule.domid);
		return 0;
	}
	if (!strcmp(words[0], "memory")) {
		if (!strcmp(words[1], "ok"))
			n = UINT64_MAX;
		else if (strcmp(words[1], "none") && !parse_number(words[1], &n))
			return refuse(why, why_size, "neither none, ok nor a number", words[1]);
		plan->memory = n;
		return 0;
	}
	if (!strcmp(words[0], "seed") && parse_number(words[1], &n)) {
		plan->seed = n;
		return 0;
	}
	return refuse(why, why_size, "unknown command", words[0]);
}

int fault_command(struct fault_plan *plan, const char *line, char *why, size_t why_size)
{
	CLEANUP(free) char *copy = strdup(line);
	char *words[WORDS_MAX], *rest, *word;
	int n_words = 0;

	if (!copy)
		return -ENOMEM;
	copy[strcspn(copy, "#")] = '\0';
	for (word = strtok_r(copy, " \t\r\n", &rest); word;
	     word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (n_words == WORDS_MAX)
			return refuse(why, why_size, "too many words", word);
		words[n_words++] = word;
	}
	return n_words ? run(plan, words, n_words, why, why_size) : 0;
}
