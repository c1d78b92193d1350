/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One write per record, appended. A record is true once its line has its end. Nothing is synced to
 * a disk: the folder is in memory, as the domains are, and both end with the host. The room that a
 * batch will need there is taken when it begins.
 */
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "batch.h"
#include "device.h"
#include "guestcfg.h"
#include "lockfile.h"
#include "plan.h"

#define HEAD	       "xencreate-journal 1"
#define HELD_MAX       1024
#define LINE_MAX_BYTES 64
#define NOTES_BYTES    48 /* all that is noted of one domain, at most: "begun", "done", "undone" */
#define MAC_BYTES      22 /* and of one address of its */

struct journal {
	char *path; /* owned */
	int fd;
	int error;
	size_t n_held;
	char held[HELD_MAX]; /* lines that go out with the next write */
};

static const char *const waits[] = {
	[JOB_WAIT_STORE] = "store",
	[JOB_WAIT_CONSOLE] = "console",
	[JOB_WAIT_READY] = "ready",
};

/* --- writing --- */

static void note(struct journal *journal, const char *text, size_t len)
{
	ssize_t n;

	if (journal->error)
		return;
	n = write(journal->fd, text, len);
	if (n != (ssize_t)len)
		journal->error = n < 0 ? -errno : -ENOSPC;
}

void journal_flush(struct journal *journal)
{
	if (!journal || !journal->n_held)
		return;
	note(journal, journal->held, journal->n_held);
	journal->n_held = 0;
}

static void hold(struct journal *journal, const char *word, size_t entry, const char *rest)
{
	if (journal->n_held > HELD_MAX - LINE_MAX_BYTES)
		journal_flush(journal);
	journal->n_held += (size_t)snprintf(journal->held + journal->n_held, LINE_MAX_BYTES,
					    "%s %zu%s\n", word, entry, rest);
}

void journal_begun(struct journal *journal, size_t entry, uint32_t domid)
{
	char number[16];

	if (!journal)
		return;
	snprintf(number, sizeof(number), " %" PRIu32, domid);
	hold(journal, "begun", entry, number);
}

void journal_done(struct journal *journal, size_t entry)
{
	if (!journal)
		return;
	hold(journal, "done", entry, "");
	/* Before anybody is told: what he counts on must not be made again. */
	journal_flush(journal);
}

void journal_undone(struct journal *journal, size_t entry)
{
	if (!journal)
		return;
	hold(journal, "undone", entry, "");
	journal_flush(journal);
}

void journal_macs(struct journal *journal, const struct plan *plan)
{
	CLEANUP(free) char *text = NULL;
	size_t len;
	FILE *file = journal ? open_memstream(&text, &len) : NULL;

	for (size_t i = 0; file && i < plan->n_domains; i++) {
		const struct plan_domain *domain = &plan->domains[i];

		for (size_t j = 0; j < domain->config->devices.n_vifs; j++) {
			char mac[18];

			device_mac_text(mac, domain->macs[j]);
			fprintf(file, "mac %s\n", mac);
		}
	}
	if (file && !fclose(file) && len)
		note(journal, text, len);
}

const char *journal_path(const struct journal *journal)
{
	return journal->path;
}

int journal_error(const struct journal *journal)
{
	return journal ? journal->error : 0;
}

/* Everything that is known before the first domain: one text, one write. */
static int write_plan(struct journal *journal, const struct plan *plan,
		      struct guestcfg *const *configs, size_t n_configs,
		      const struct batch_options *options)
{
	CLEANUP(free) char *text = NULL;
	char separator = ' ';
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return -ENOMEM;
	fprintf(file, HEAD "\nwait %s\npaused %d\nready %s\nplace %s", waits[options->wait],
		options->paused, options->ready_node, place_mode_name(options->place.mode));
	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus_has(&options->place.keep_free, cpu))
			fprintf(file, "%c%u", separator, cpu), separator = ',';
	fprintf(file, "\n");
	for (size_t i = 0; i < n_configs; i++) {
		CLEANUP(free) char *path = realpath(configs[i]->path, NULL);

		fprintf(file, "config %s\n", path ? path : configs[i]->path);
	}
	for (size_t i = 0; i < plan->n_domains; i++)
		fprintf(file, "domain %" PRIu32 " %" PRIu32 " %s %s\n",
			plan->domains[i].config_index, plan->domains[i].cap,
			plan->domains[i].uuid_text, plan->domains[i].name);
	fprintf(file, "go\n");
	if (fclose(file))
		return -ENOMEM;
	note(journal, text, len);
	return journal->error;
}

/* Room for all that will follow: a folder that fills up later must not end a batch in the middle.
 */
static int reserve(const struct journal *journal, const struct plan *plan)
{
	off_t end = lseek(journal->fd, 0, SEEK_END), size = 0;

	for (size_t i = 0; i < plan->n_domains; i++)
		size += NOTES_BYTES + MAC_BYTES * (off_t)plan->domains[i].config->devices.n_vifs;
	if (end < 0)
		return -errno;
	while (size && fallocate(journal->fd, FALLOC_FL_KEEP_SIZE, end, size) < 0)
		if (errno != EINTR)
			return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -errno;
	return 0;
}

static int make(struct journal **out, const char *path, int flags)
{
	CLEANUP(journal_free) struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	journal->fd = -1;
	journal->path = strdup(path);
	if (!journal->path)
		return -ENOMEM;
	journal->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | flags, 0600);
	if (journal->fd < 0)
		return -errno;
	r = lockfile_take(journal->fd, flags & O_CREAT ? LOCKFILE_GLANCE_MS : 0);
	if (r < 0) {
		if (flags & O_CREAT)
			journal_remove(journal);
		return r;
	}
	*out = STEAL(journal);
	return 0;
}

int journal_open(struct journal **out, const char *path)
{
	return make(out, path, 0);
}

int journal_new(struct journal **out, const char *folder, const struct plan *plan,
		struct guestcfg *const *configs, size_t n_configs,
		const struct batch_options *options)
{
	CLEANUP(journal_free) struct journal *journal = NULL;
	struct timespec ts;
	char path[PATH_MAX];
	int r;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(path, sizeof(path), "%s/%lld.%09ld-%d" JOURNAL_SUFFIX, folder,
		 (long long)ts.tv_sec, ts.tv_nsec, getpid());
	r = make(&journal, path, O_CREAT | O_EXCL);
	if (!r)
		r = write_plan(journal, plan, configs, n_configs, options);
	if (!r)
		r = reserve(journal, plan);
	if (r < 0) {
		if (journal)
			journal_remove(journal);
		return r;
	}
	*out = STEAL(journal);
	return 0;
}

void journal_remove(struct journal *journal)
{
	unlink(journal->path);
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->path);
	free(journal);
}

/* --- reading --- */

static int add_config(struct journal_story *story, const char *path)
{
	char **paths = reallocarray(story->config_paths, story->n_configs + 1, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	story->config_paths = paths;
	paths[story->n_configs] = strdup(path);
	return paths[story->n_configs++] ? 0 : -ENOMEM;
}

static int add_domain(struct journal_story *story, const char *text)
{
	struct journal_entry entry = { .progress = JOURNAL_PLANNED };
	struct journal_entry *entries;
	char uuid[37];
	int n = 0;

	if (sscanf(text, "%" SCNu32 " %" SCNu32 " %36s %n", &entry.config, &entry.cap, uuid, &n) !=
		    3 ||
	    !n || entry.config >= story->n_configs || guestcfg_uuid(entry.uuid, uuid) < 0 ||
	    pattern_name_check(text + n) < 0)
		return -EINVAL;
	strcpy(entry.name, text + n); /* its length has been checked */
	/* Room for twice as many, each time it is a power of two. */
	if (!(story->n_entries & (story->n_entries - 1))) {
		size_t room = story->n_entries ? story->n_entries * 2 : 1;

		entries = reallocarray(story->entries, room, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		story->entries = entries;
	}
	story->entries[story->n_entries++] = entry;
	return 0;
}

static int set_progress(struct journal_story *story, const char *text,
			enum journal_progress progress)
{
	uint32_t domid = 0;
	size_t i;

	if (sscanf(text, "%zu %" SCNu32, &i, &domid) < (progress == JOURNAL_BEGUN ? 2 : 1) ||
	    i >= story->n_entries)
		return -EINVAL;
	story->entries[i].progress = progress;
	if (progress == JOURNAL_BEGUN)
		story->entries[i].domid = domid;
	return 0;
}

static int set_wait(struct journal_story *story, const char *text)
{
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		if (strcmp(waits[i], text))
			continue;
		story->wait = (enum job_wait)i;
		return 0;
	}
	return -EINVAL;
}

/* "MODE" or "MODE CPUS": the CPUs to be kept free. */
static int set_place(struct journal_story *story, char *text)
{
	char *space = strchr(text, ' ');

	if (space)
		*space++ = '\0';
	if (place_mode_of(&story->place.mode, text) < 0)
		return -EINVAL;
	return space ? cpus_parse(&story->place.keep_free, space) : 0;
}

static int take_line(struct journal_story *story, char *line)
{
	char *space = strchr(line, ' ');
	const char *rest = space ? space + 1 : "";

	if (space)
		*space = '\0';
	if (!strcmp(line, "domain"))
		return add_domain(story, rest);
	if (!strcmp(line, "begun"))
		return set_progress(story, rest, JOURNAL_BEGUN);
	if (!strcmp(line, "done"))
		return set_progress(story, rest, JOURNAL_DONE);
	if (!strcmp(line, "undone"))
		return set_progress(story, rest, JOURNAL_UNDONE);
	if (space && !strcmp(line, "place"))
		return set_place(story, space + 1);
	if (!strcmp(line, "go")) {
		story->whole = true;
		return 0;
	}
	if (!strcmp(line, "mac")) /* for those who live beside it */
		return 0;
	if (!strcmp(line, "config"))
		return add_config(story, rest);
	if (!strcmp(line, "wait"))
		return set_wait(story, rest);
	if (!strcmp(line, "paused")) {
		story->paused = !strcmp(rest, "1");
		return 0;
	}
	if (!strcmp(line, "ready")) {
		free(story->ready_node);
		story->ready_node = strdup(rest);
		return story->ready_node ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

int journal_read(struct journal_story *story, const char *text)
{
	bool first = true;
	const char *end;
	int r = 0;

	*story = (struct journal_story){ .wait = JOB_WAIT_CONSOLE };
	for (; !r && (end = strchr(text, '\n')); text = end + 1) {
		CLEANUP(free) char *line = strndup(text, (size_t)(end - text));

		if (!line)
			r = -ENOMEM;
		else if (first)
			r = strcmp(line, HEAD) ? -EINVAL : 0;
		else
			r = take_line(story, line);
		first = false;
	}
	/* Killed while the plan was being written. */
	if (!r && !story->whole)
		r = -ENODATA;
	if (!r && !story->ready_node)
		r = -EINVAL;
	if (r < 0)
		journal_story_deinit(story);
	return r;
}

int journal_load(struct journal_story *story, const struct journal *journal)
{
	CLEANUP(free) char *text = NULL;
	const char *end;
	struct stat st;
	ssize_t n;

	if (fstat(journal->fd, &st) < 0)
		return -errno;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = pread(journal->fd, text, (size_t)st.st_size, 0);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	end = strrchr(text, '\n');
	/* What is appended must not become the rest of that line. */
	if (end && end[1] && ftruncate(journal->fd, end + 1 - text) < 0)
		return -errno;
	return journal_read(story, text);
}

void journal_story_deinit(struct journal_story *story)
{
	for (size_t i = 0; i < story->n_configs; i++)
		free(story->config_paths[i]);
	free(story->config_paths);
	free(story->entries);
	free(story->ready_node);
	memset(story, 0, sizeof(*story));
}

static int is_journal(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(JOURNAL_SUFFIX) &&
	       !strcmp(entry->d_name + len - strlen(JOURNAL_SUFFIX), JOURNAL_SUFFIX);
}

int journal_list(char ***paths, size_t *n, const char *folder)
{
	struct dirent **found;
	int n_found = scandir(folder, &found, is_journal, alphasort), r = 0;
	char **all;

	if (n_found < 0 && errno != ENOENT)
		return -errno;
	if (n_found < 0)
		n_found = 0, found = NULL;
	all = calloc((size_t)n_found + 1, sizeof(*all));
	for (int i = 0; i < n_found; i++) {
		if (all && asprintf(&all[i], "%s/%s", folder, found[i]->d_name) < 0) {
			all[i] = NULL;
			r = -ENOMEM;
		}
		free(found[i]);
	}
	free(found);
	if (!all)
		return -ENOMEM;
	if (r < 0) {
		for (int i = 0; i < n_found; i++)
			free(all[i]);
		free(all);
		return r;
	}
	*paths = all;
	*n = (size_t)n_found;
	return 0;
}
