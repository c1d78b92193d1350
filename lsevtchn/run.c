/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "act.h"
#include "audit.h"
#include "capcheck.h"
#include "census.h"
#include "cmdline.h"
#include "fit.h"
#include "hyper.h"
#include "listing.h"
#include "log.h"
#include "policy.h"
#include "show.h"
#include "storeonce.h"
#include "survey.h"
#include "watch.h"

#define STORE_TIMEOUT_MS 5000

int run_stock(const char *argument)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	long domid = argument ? strtol(argument, NULL, 10) : 0;
	struct scan scan = { 0 };
	struct scan_source source;
	int r;

	if (hyper_open(&hyper, NULL) < 0)
		errx(EXIT_FAILURE, "failed to open control interface");
	source = hyper_source(hyper);
	r = scan_read(&scan, (uint16_t)domid, &source);
	listing_print(stdout, &scan);
	if (r < 0) {
		errno = -r;
		perror("xc_evtchn_status");
	}
	scan_deinit(&scan);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int run_policy(struct policy **policy, const struct cmdline *cmdline, struct log *log)
{
	const char *path = cmdline->policy ? cmdline->policy : POLICY_PATH;
	CLEANUP(free) char *error = NULL;
	int r = policy_load(policy, path, &error);

	if (r == -ENOENT && !cmdline->policy)
		return 0;
	if (r == -EINVAL)
		log_error(log, "%s", error);
	else if (r < 0)
		log_error(log, "%s: %s", path, strerror(-r));
	return r;
}

/* Of one domain only what it has to do with is told. */
static void keep_only(struct finding_list *findings, uint32_t domid)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++) {
		struct finding *finding = &findings->findings[i];

		if (finding->domid == domid ||
		    (finding->peer == domid && finding->n && finding->peer))
			findings->findings[n++] = *finding;
		else
			free(finding->text);
	}
	findings->n = n;
}

int run_findings(struct finding_list *findings, const struct cmdline *cmdline,
		 const struct census *census, const struct policy *policy,
		 const struct scan_source *source, const struct leak_ages *ages,
		 unsigned long long now_ms)
{
	const struct census_domain *domain;

	*findings = (struct finding_list){ 0 };
	if (cmdline->mode == CMDLINE_CHECK_CAPS) {
		if (audit_tables(findings, census) < 0)
			return -ENOMEM;
	} else if (audit_find(findings, census, source, ages, now_ms,
			      cmdline->forgotten_s * 1000ull) < 0) {
		return -ENOMEM;
	}
	if ((policy || cmdline->mode == CMDLINE_CHECK_CAPS) &&
	    capcheck_find(findings, census, policy) < 0)
		return -ENOMEM;
	domain = cmdline->mode == CMDLINE_ALL || cmdline->mode == CMDLINE_CHECK_CAPS
			 ? NULL
			 : show_domain(cmdline, census);
	if (domain)
		keep_only(findings, domain->domid);
	return 0;
}

struct acting {
	const struct finding_list *findings;
	struct census *census;
	const struct policy *policy;
	struct hyper *hyper;
	struct log *log;
	bool dry_run;
};

static int start_acting(void *ctx, struct storeclient *client)
{
	struct acting *acting = ctx;

	return act_on(acting->findings, acting->census, acting->policy, acting->hyper, client,
		      acting->log, acting->dry_run);
}

static int act_now(const struct cmdline *cmdline, const struct finding_list *findings,
		   struct census *census, const struct policy *policy, struct hyper *hyper,
		   struct log *log)
{
	struct acting acting = { findings, census, policy, hyper, log, cmdline->dry_run };
	int r = storeonce_run(start_acting, &acting, STORE_TIMEOUT_MS);

	if (r < 0)
		log_error(log, "not all could be done that the policy says: %s", strerror(-r));
	return r;
}

static int run_view(const struct cmdline *cmdline, struct hyper *hyper, struct log *log)
{
	const struct survey_options options = { .names = !cmdline->no_names, .caps = true };
	const struct scan_source source = hyper_source(hyper);
	CLEANUP(policy_free) struct policy *policy = NULL;
	struct census census = { 0 };
	struct finding_list findings = { 0 };
	int store_error, status = RUN_UNKNOWN;
	int r = run_policy(&policy, cmdline, log);

	if (r < 0)
		return RUN_UNKNOWN;
	r = survey_all(hyper, &census, &options, &store_error);
	if (store_error)
		log_warning(log, "xenstore cannot be asked, names are missing: %s",
			    strerror(-store_error));
	if (r < 0 && !census.n_domains) {
		log_error(log, "domains cannot be listed: %s", strerror(-r));
		return RUN_UNKNOWN;
	}
	if (run_findings(&findings, cmdline, &census, policy, &source, NULL, 0) == 0) {
		int shown = show_census_out(cmdline, &census, &findings, policy, time(NULL));

		if (shown == -ESRCH)
			log_error(log, "there is no domain '%s'", cmdline->domain);
		else if (shown < 0)
			log_error(log, "%s: %s", cmdline->output ? cmdline->output : "output",
				  strerror(-shown));
		if (shown == 0 && cmdline->act &&
		    act_now(cmdline, &findings, &census, policy, hyper, log) < 0)
			r = -EIO;
		status = shown < 0 || r < 0	? RUN_UNKNOWN
			 : finding_n(&findings) ? RUN_FOUND
						: RUN_FINE;
	}
	finding_deinit(&findings);
	census_deinit(&census);
	return status;
}

/* Sets the policy's cap where the domain has another, or one that nobody knows. */
static int run_enforce(const struct cmdline *cmdline, struct hyper *hyper, struct log *log)
{
	const struct survey_options options = { .names = !cmdline->no_names, .caps = true };
	CLEANUP(policy_free) struct policy *policy = NULL;
	struct census census = { 0 };
	int store_error, status = RUN_FINE;

	if (run_policy(&policy, cmdline, log) < 0 ||
	    survey_all(hyper, &census, &options, &store_error) < 0)
		status = RUN_UNKNOWN;
	for (size_t i = 0; status != RUN_UNKNOWN && i < census.n_domains; i++) {
		const struct census_domain *domain = &census.domains[i];
		struct policy_rule rule = capcheck_rule(policy, domain);
		bool known = domain->cap.source != CAP_SOURCE_UNKNOWN;
		int r;

		if (!domain->domid || rule.hard == POLICY_NONE ||
		    (known && domain->cap.max_port <= rule.hard))
			continue;
		printf("domain %" PRIu32 " (%s): cap %" PRIu32 "\n", domain->domid,
		       domain->name ? domain->name : "-", rule.hard);
		r = cmdline->dry_run ? 0 : hyper_set_cap(hyper, domain->domid, rule.hard);
		if (r == -EOPNOTSUPP) {
			log_error(
				log,
				"this hypervisor sets caps only when it creates a domain: set max_event_channels "
				"(--amend) and create it anew");
			status = RUN_UNKNOWN;
		} else if (r < 0) {
			log_error(log, "domain %" PRIu32 ": %s", domain->domid, strerror(-r));
			status = RUN_FOUND;
		}
	}
	census_deinit(&census);
	return status;
}

int run_cmdline(const struct cmdline *cmdline, struct log *log)
{
	CLEANUP(hyper_free) struct hyper *hyper = NULL;
	int r;

	if (cmdline->mode == CMDLINE_AMEND)
		return fit_amend(cmdline, log);
	if (cmdline->mode == CMDLINE_PREFLIGHT && cmdline->assume)
		return fit_preflight(cmdline, NULL, log);
	r = hyper_open(&hyper, log_xtl(log));
	if (r < 0) {
		log_error(log, "the hypervisor cannot be asked: %s", strerror(-r));
		return RUN_UNKNOWN;
	}
	if (cmdline->mode == CMDLINE_PREFLIGHT)
		return fit_preflight(cmdline, hyper, log);
	if (cmdline->mode == CMDLINE_ENFORCE)
		return run_enforce(cmdline, hyper, log);
	return cmdline->watch ? watch_run(cmdline, hyper, log) : run_view(cmdline, hyper, log);
}
