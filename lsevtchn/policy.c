/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections stay in the order of the file; a look-up goes through them once for each level of
 * particularity. There are as many sections as a person writes.
 */
#include "policy.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cap.h"
#include "textfile.h"

enum level { LEVEL_NAME, LEVEL_DRIVER, LEVEL_TYPE, LEVEL_DEFAULT, N_LEVELS };

struct section {
	enum level level;
	char *pattern; /* owned; LEVEL_NAME */
	enum domtype type;
	unsigned int line;
	uint32_t hard, soft;
	unsigned int over_soft;
	unsigned int hard_line, soft_line, over_soft_line; /* 0: not said here */
};

struct policy {
	struct section *sections; /* owned */
	size_t n_sections;
};

struct parser {
	struct policy *policy;	 /* borrowed */
	struct section *section; /* borrowed from the policy: the one being read */
	const char *source;
	unsigned int line;
	char **error;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct parser *parser, const char *fmt, ...)
{
	CLEANUP(free) char *reason = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&reason, fmt, ap);
	va_end(ap);
	if (n < 0) {
		reason = NULL;
		return -ENOMEM;
	}
	if (asprintf(parser->error, "%s:%u: %s", parser->source, parser->line, reason) < 0) {
		*parser->error = NULL;
		return -ENOMEM;
	}
	return -EINVAL;
}

/* Cuts white space at both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool same_section(const struct section *a, const struct section *b)
{
	return a->level == b->level && a->type == b->type &&
	       (a->level != LEVEL_NAME || strcmp(a->pattern, b->pattern) == 0);
}

static int add_section(struct parser *parser, struct section *section)
{
	struct policy *policy = parser->policy;
	struct section *sections;

	for (size_t i = 0; i < policy->n_sections; i++)
		if (same_section(&policy->sections[i], section))
			return refuse(parser, "this section is in line %u already",
				      policy->sections[i].line);
	sections = reallocarray(policy->sections, policy->n_sections + 1, sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	policy->sections = sections;
	sections[policy->n_sections] = *section;
	parser->section = &sections[policy->n_sections++];
	section->pattern = NULL; /* moved */
	return 0;
}

/* "[type pv]" without the brackets. */
static int parse_section(struct parser *parser, char *text)
{
	struct section section = { .line = parser->line };
	char *argument = text + strcspn(text, " \t");
	int r;

	if (*argument)
		*argument++ = '\0';
	argument = trim(argument);
	if (strcmp(text, "default") == 0)
		section.level = LEVEL_DEFAULT;
	else if (strcmp(text, "driver-domain") == 0)
		section.level = LEVEL_DRIVER;
	else if (strcmp(text, "type") == 0)
		section.level = LEVEL_TYPE;
	else if (strcmp(text, "name") == 0)
		section.level = LEVEL_NAME;
	else
		return refuse(parser,
			      "unknown section '%s': default, type, driver-domain or name is meant",
			      text);
	if (section.level == LEVEL_TYPE && domtype_parse(&section.type, argument) < 0)
		return refuse(parser, "'%s' is no type of domain: pv, pvh or hvm is meant",
			      argument);
	if (section.level == LEVEL_NAME && !*argument)
		return refuse(parser, "a name or pattern is missing");
	if (section.level != LEVEL_TYPE && section.level != LEVEL_NAME && *argument)
		return refuse(parser, "unexpected '%s'", argument);
	if (section.level == LEVEL_NAME) {
		section.pattern = strdup(argument);
		if (!section.pattern)
			return -ENOMEM;
	}
	r = add_section(parser, &section);
	free(section.pattern);
	return r;
}

static int parse_number(struct parser *parser, uint32_t *to, const char *key, const char *value)
{
	unsigned long number;
	char *end;

	if (strcmp(value, "none") == 0) {
		*to = POLICY_NONE;
		return 0;
	}
	errno = 0;
	number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end)
		return refuse(parser, "'%s' is no number of event channels", value);
	if (errno || number < 1 || number > CAP_NONE)
		return refuse(parser, "%s is from 1 to %u, or none", key, (unsigned int)CAP_NONE);
	*to = number;
	return 0;
}

static int parse_actions(struct parser *parser, unsigned int *to, char *value)
{
	static const struct {
		const char *name;
		enum policy_action action;
	} actions[] = { { "log", POLICY_LOG }, { "mark", POLICY_MARK }, { "pause", POLICY_PAUSE } };
	char *rest = NULL;

	*to = 0;
	for (char *word = strtok_r(value, " \t,", &rest); word;
	     word = strtok_r(NULL, " \t,", &rest)) {
		unsigned int known = 0;

		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
			if (strcmp(word, actions[i].name) == 0)
				known = actions[i].action;
		if (!known)
			return refuse(
				parser,
				"'%s' is nothing that can be done: log, mark or pause is meant",
				word);
		*to |= known;
	}
	return *to ? 0 : refuse(parser, "over-soft is empty");
}

static int parse_setting(struct parser *parser, char *text)
{
	struct section *section = parser->section;
	char *value = strchr(text, '=');
	unsigned int *line;
	int r;

	if (!value)
		return refuse(parser, "a section or 'key = value' is meant");
	*value++ = '\0';
	text = trim(text);
	value = trim(value);
	if (!section)
		return refuse(parser, "'%s' stands before any section", text);
	if (strcmp(text, "hard") == 0) {
		line = &section->hard_line;
		r = parse_number(parser, &section->hard, text, value);
	} else if (strcmp(text, "soft") == 0) {
		line = &section->soft_line;
		r = parse_number(parser, &section->soft, text, value);
	} else if (strcmp(text, "over-soft") == 0) {
		line = &section->over_soft_line;
		r = parse_actions(parser, &section->over_soft, value);
	} else {
		return refuse(parser, "unknown key '%s': hard, soft or over-soft is meant", text);
	}
	if (r == 0 && *line)
		return refuse(parser, "'%s' is set in line %u already", text, *line);
	if (r == 0)
		*line = parser->line;
	if (r == 0 && section->hard_line && section->soft_line && section->soft > section->hard &&
	    section->soft != POLICY_NONE)
		return refuse(parser, "soft is above hard");
	return r;
}

static int parse_line(struct parser *parser, char *text)
{
	char *comment = text;
	size_t len;

	/* A '#' begins a comment at the start or after white space: names may have one inside. */
	while ((comment = strchr(comment, '#')) && comment != text &&
	       !isspace((unsigned char)comment[-1]))
		comment++;
	if (comment)
		*comment = '\0';
	text = trim(text);
	len = strlen(text);
	if (!len)
		return 0;
	if (text[0] != '[')
		return parse_setting(parser, text);
	if (text[len - 1] != ']')
		return refuse(parser, "a section ends with ']'");
	text[len - 1] = '\0';
	return parse_section(parser, trim(text + 1));
}

int policy_parse(struct policy **out, const char *text, size_t len, const char *source,
		 char **error)
{
	CLEANUP(policy_free) struct policy *policy = calloc(1, sizeof(*policy));
	struct parser parser = { .policy = policy, .source = source, .error = error };
	const char *end = text + len;

	if (!policy)
		return -ENOMEM;
	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);
		size_t line_len = (newline ? newline : end) - text;
		char line[POLICY_LINE_MAX];
		int r;

		parser.line++;
		if (line_len >= sizeof(line))
			return refuse(&parser, "the line is too long");
		if (memchr(text, '\0', line_len))
			return refuse(&parser, "this is no text");
		memcpy(line, text, line_len);
		line[line_len] = '\0';
		r = parse_line(&parser, line);
		if (r < 0)
			return r;
		text += line_len + 1;
	}
	*out = STEAL(policy);
	return 0;
}

int policy_load(struct policy **out, const char *path, char **error)
{
	CLEANUP(free) char *text = NULL;
	size_t len;
	int r = textfile_read(&text, &len, path);

	return r < 0 ? r : policy_parse(out, text, len, path, error);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->n_sections; i++)
		free(policy->sections[i].pattern);
	free(policy->sections);
	free(policy);
}

static bool applies(const struct section *section, const struct policy_subject *subject)
{
	switch (section->level) {
	case LEVEL_NAME:
		return subject->name && fnmatch(section->pattern, subject->name, 0) == 0;
	case LEVEL_DRIVER:
		return subject->driver_domain;
	case LEVEL_TYPE:
		return section->type == subject->type;
	default:
		return true;
	}
}

struct policy_rule policy_rule(const struct policy *policy, const struct policy_subject *subject)
{
	struct policy_rule rule = { .hard = POLICY_NONE, .soft = POLICY_NONE, .over_soft = 0 };

	for (unsigned int level = 0; policy && level < N_LEVELS; level++) {
		for (size_t i = 0; i < policy->n_sections; i++) {
			const struct section *section = &policy->sections[i];

			if (section->level != level || !applies(section, subject))
				continue;
			if (!rule.hard_line && section->hard_line) {
				rule.hard = section->hard;
				rule.hard_line = section->hard_line;
			}
			if (!rule.soft_line && section->soft_line) {
				rule.soft = section->soft;
				rule.soft_line = section->soft_line;
			}
			if (!rule.over_soft && section->over_soft_line)
				rule.over_soft = section->over_soft;
		}
	}
	if (!rule.over_soft)
		rule.over_soft = POLICY_LOG;
	return rule;
}

uint32_t policy_cap(const struct policy_rule *rule, uint32_t asked)
{
	if (asked && asked <= rule->hard)
		return asked;
	if (rule->hard != POLICY_NONE)
		return rule->hard;
	return CAP_DEFAULT;
}
