/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One write per record, appended; what is true is decided by the order of lines. When there are
 * many more lines than domains, the file is written anew beside the old one and takes its place;
 * the lock goes with it, because the new one is locked before it has the name.
 */
#include "pool/ledger.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lockfile.h"

#define HEAD	       "xencreate-pool 1\n"
#define LINE_MAX_BYTES 320
#define GIVEN_KEPT     64 /* of those that were given away: for takers that come to ask */
#define LINES_MAX      4096

struct ledger {
	char *path; /* owned */
	int fd;
	int error;
	struct ledger_list entries; /* owned */
	uint64_t next_id;
	size_t n_entries, n_given, n_lines;
};

bool ledger_pool_check(const char *pool)
{
	size_t len = strlen(pool);

	if (!len || len >= LEDGER_POOL_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)pool[i]) && !strchr("-_.", pool[i]))
			return false;
	return isalnum((unsigned char)pool[0]);
}

/* --- records --- */

static void hex(char *text, const uint8_t uuid[16])
{
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", uuid[i]);
}

static int unhex(uint8_t uuid[16], const char *text)
{
	for (int i = 0; i < 16; i++)
		if (sscanf(text + 2 * i, "%2hhx", &uuid[i]) != 1)
			return -EINVAL;
	return 0;
}

/* All that there is to say of an entry, in as many lines as it takes. */
static int describe(FILE *file, const struct ledger_entry *entry)
{
	char uuid[33];
	int n = 1;

	hex(uuid, entry->uuid);
	fprintf(file, "plan %" PRIu64 " %s %" PRIu32 "\n", entry->id, uuid, entry->number);
	if (entry->domid)
		n++, fprintf(file, "begun %" PRIu64 " %" PRIu32 "\n", entry->id, entry->domid);
	if (entry->state >= LEDGER_READY)
		n++, fprintf(file, "ready %" PRIu64 " %" PRIx64 " %" PRIu64 "\n", entry->id,
			     entry->form, entry->born_s);
	if (entry->state >= LEDGER_TAKEN)
		n++, fprintf(file, "taken %" PRIu64 " %s %s\n", entry->id, entry->request,
			     entry->name);
	if (entry->state == LEDGER_GIVEN)
		n++, fprintf(file, "given %" PRIu64 "\n", entry->id);
	return n;
}

static struct ledger_entry *find(struct ledger_list *list, uint64_t id)
{
	struct ledger_entry *entry;

	/* Lines are mostly about the latest. */
	TAILQ_FOREACH_REVERSE(entry, list, ledger_list, link)
	if (entry->id == id)
		return entry;
	return NULL;
}

static int plan_line(struct ledger_list *list, uint64_t id, const char *rest)
{
	struct ledger_entry *entry;
	uint32_t number;

	if (strlen(rest) < 33 || sscanf(rest + 32, " %" SCNu32, &number) != 1 || find(list, id))
		return -EINVAL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->id = id;
	entry->number = number;
	TAILQ_INSERT_TAIL(list, entry, link);
	return unhex(entry->uuid, rest);
}

static int take_line(struct ledger_list *list, const char *line)
{
	struct ledger_entry *entry;
	char word[8];
	uint64_t id;
	int n = 0;

	if (sscanf(line, "%7[a-z] %" SCNu64 "%n", word, &id, &n) != 2)
		return -EINVAL;
	line += n;
	line += *line == ' ';
	if (!strcmp(word, "plan"))
		return plan_line(list, id, line);
	entry = find(list, id);
	if (!entry)
		return -EINVAL;
	if (!strcmp(word, "begun")) {
		entry->state = LEDGER_BEGUN;
		return sscanf(line, "%" SCNu32, &entry->domid) == 1 ? 0 : -EINVAL;
	}
	if (!strcmp(word, "ready")) {
		entry->state = LEDGER_READY;
		return sscanf(line, "%" SCNx64 " %" SCNu64, &entry->form, &entry->born_s) == 2
			       ? 0
			       : -EINVAL;
	}
	if (!strcmp(word, "taken")) {
		entry->state = LEDGER_TAKEN;
		return sscanf(line, "%39s %127[^\n]", entry->request, entry->name) == 2 ? 0
											: -EINVAL;
	}
	if (!strcmp(word, "given")) {
		entry->state = LEDGER_GIVEN;
		return 0;
	}
	if (strcmp(word, "gone"))
		return -EINVAL;
	TAILQ_REMOVE(list, entry, link);
	free(entry);
	return 0;
}

void ledger_list_free(struct ledger_list *list)
{
	struct ledger_entry *entry;

	while ((entry = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, entry, link);
		free(entry);
	}
}

int ledger_read(struct ledger_list *list, const char *text)
{
	const char *end;
	int r = 0;

	/* Killed before the first line was whole: nothing was begun. */
	if (!strchr(text, '\n'))
		return 0;
	if (strncmp(text, HEAD, strlen(HEAD)))
		return -EINVAL;
	text += strlen(HEAD);
	for (; !r && (end = strchr(text, '\n')); text = end + 1) {
		char line[LINE_MAX_BYTES];

		if ((size_t)(end - text) >= sizeof(line))
			return -EINVAL;
		memcpy(line, text, (size_t)(end - text));
		line[end - text] = '\0';
		r = take_line(list, line);
	}
	return r;
}

/* --- the file --- */

static int read_all(char **out, int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n < 0) {
		int r = -errno;

		free(text);
		return r;
	}
	text[n] = '\0';
	*out = text;
	return 0;
}

/* A whole line or nothing: what was written of it in vain is taken back. */
static int note(struct ledger *ledger, const char *line, size_t len)
{
	off_t end = lseek(ledger->fd, 0, SEEK_END);
	ssize_t n = write(ledger->fd, line, len);

	ledger->error = n == (ssize_t)len ? 0 : n < 0 ? -errno : -ENOSPC;
	if (n > 0 && ledger->error && ftruncate(ledger->fd, end) < 0)
		ledger->error = -errno;
	return ledger->error;
}

/* The text of all that is of interest. */
static int whole_text(struct ledger *ledger, char **out, size_t *len, size_t *n_lines)
{
	FILE *file = open_memstream(out, len);
	struct ledger_entry *entry, *next;

	if (!file)
		return -ENOMEM;
	fputs(HEAD, file);
	*n_lines = 1;
	for (entry = TAILQ_FIRST(&ledger->entries); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->state == LEDGER_GIVEN && ledger->n_given > GIVEN_KEPT) {
			TAILQ_REMOVE(&ledger->entries, entry, link);
			ledger->n_entries--;
			ledger->n_given--;
			free(entry);
			continue;
		}
		*n_lines += (size_t)describe(file, entry);
	}
	return fclose(file) ? -ENOMEM : 0;
}

static int write_anew(struct ledger *ledger)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(close_fd) int fd = -1;
	char path[PATH_MAX];
	size_t len, n_lines;
	int r = whole_text(ledger, &text, &len, &n_lines);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s.new", ledger->path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || write(fd, text, len) != (ssize_t)len ||
	    rename(path, ledger->path) < 0) {
		r = errno ? -errno : -ENOSPC;
		unlink(path);
		return r;
	}
	if (ledger->fd >= 0)
		close(ledger->fd);
	ledger->fd = STEAL_FD(fd);
	ledger->n_lines = n_lines;
	return 0;
}

/* The one that has the name now must be the one that was locked. */
static int lock_old(int *out, const char *path)
{
	for (;;) {
		CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC);
		struct stat ours, named;
		int r;

		if (fd < 0)
			return -errno;
		r = lockfile_take(fd, LOCKFILE_GLANCE_MS);
		if (r < 0)
			return r;
		if (!fstat(fd, &ours) && !stat(path, &named) && ours.st_ino == named.st_ino) {
			*out = STEAL_FD(fd);
			return 0;
		}
	}
}

static int load(struct ledger *ledger)
{
	CLEANUP(free) char *text = NULL;
	struct ledger_entry *entry;
	int r = lock_old(&ledger->fd, ledger->path);

	if (r == -ENOENT)
		return 0;
	if (!r)
		r = read_all(&text, ledger->fd);
	if (!r)
		r = ledger_read(&ledger->entries, text);
	TAILQ_FOREACH (entry, &ledger->entries, link) {
		ledger->n_entries++;
		ledger->n_given += entry->state == LEDGER_GIVEN;
		if (entry->id >= ledger->next_id)
			ledger->next_id = entry->id + 1;
	}
	return r;
}

int ledger_open(struct ledger **out, const char *folder, const char *pool)
{
	CLEANUP(ledger_close) struct ledger *ledger = calloc(1, sizeof(*ledger));
	int r;

	if (!ledger)
		return -ENOMEM;
	ledger->fd = -1;
	ledger->next_id = 1;
	TAILQ_INIT(&ledger->entries);
	if (asprintf(&ledger->path, "%s/%s" LEDGER_SUFFIX, folder, pool) < 0) {
		ledger->path = NULL;
		return -ENOMEM;
	}
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	r = load(ledger);
	if (!r)
		r = write_anew(ledger);
	if (r < 0) {
		free(ledger->path); /* not ours to remove */
		ledger->path = NULL;
		return r;
	}
	*out = STEAL(ledger);
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->path && ledger->n_entries == ledger->n_given)
		unlink(ledger->path);
	if (ledger->fd >= 0)
		close(ledger->fd);
	ledger_list_free(&ledger->entries);
	free(ledger->path);
	free(ledger);
}

struct ledger_list *ledger_entries(struct ledger *ledger)
{
	return &ledger->entries;
}

int ledger_error(const struct ledger *ledger)
{
	return ledger->error;
}

/* Once in a while the file is written anew; if that fails, the old one goes on. */
static int put(struct ledger *ledger, const char *word, uint64_t id, const char *rest)
{
	char line[LINE_MAX_BYTES];
	int len;

	if (ledger->n_lines > LINES_MAX + 8 * (ledger->n_entries - ledger->n_given) &&
	    !write_anew(ledger))
		ledger->error = 0;
	len = snprintf(line, sizeof(line), "%s %" PRIu64 "%s%s\n", word, id, *rest ? " " : "",
		       rest);
	ledger->n_lines++;
	return note(ledger, line, (size_t)len);
}

int ledger_plan(struct ledger *ledger, struct ledger_entry **out, const uint8_t uuid[16],
		uint32_t number)
{
	struct ledger_entry *entry = calloc(1, sizeof(*entry));
	char text[48];
	int r;

	if (!entry)
		return -ENOMEM;
	memcpy(entry->uuid, uuid, sizeof(entry->uuid));
	entry->id = ledger->next_id++;
	entry->number = number;
	hex(text, uuid);
	snprintf(text + 32, sizeof(text) - 32, " %" PRIu32, number);
	r = put(ledger, "plan", entry->id, text);
	if (r < 0) {
		free(entry);
		return r;
	}
	TAILQ_INSERT_TAIL(&ledger->entries, entry, link);
	ledger->n_entries++;
	*out = entry;
	return 0;
}

int ledger_begun(struct ledger *ledger, struct ledger_entry *entry, uint32_t domid)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%" PRIu32, domid);
	r = put(ledger, "begun", entry->id, text);
	entry->domid = domid; /* true all the same */
	if (!r)
		entry->state = LEDGER_BEGUN;
	return r;
}

int ledger_ready(struct ledger *ledger, struct ledger_entry *entry, uint64_t form, uint64_t born_s)
{
	char text[48];
	int r;

	snprintf(text, sizeof(text), "%" PRIx64 " %" PRIu64, form, born_s);
	r = put(ledger, "ready", entry->id, text);
	if (r < 0)
		return r;
	entry->form = form;
	entry->born_s = born_s;
	entry->state = LEDGER_READY;
	return 0;
}

int ledger_taken(struct ledger *ledger, struct ledger_entry *entry, const char *request,
		 const char *name)
{
	char text[LEDGER_REQUEST_MAX + LEDGER_NAME_MAX];
	int r;

	snprintf(text, sizeof(text), "%.39s %.127s", request, name);
	r = put(ledger, "taken", entry->id, text);
	if (r < 0)
		return r;
	snprintf(entry->request, sizeof(entry->request), "%s", request);
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->state = LEDGER_TAKEN;
	return 0;
}

int ledger_given(struct ledger *ledger, struct ledger_entry *entry)
{
	int r = put(ledger, "given", entry->id, "");

	if (r < 0)
		return r;
	entry->state = LEDGER_GIVEN;
	ledger->n_given++;
	return 0;
}

int ledger_gone(struct ledger *ledger, struct ledger_entry *entry)
{
	int r = put(ledger, "gone", entry->id, "");

	TAILQ_REMOVE(&ledger->entries, entry, link);
	ledger->n_entries--;
	free(entry);
	return r;
}

const char *ledger_path(const struct ledger *ledger)
{
	return ledger->path;
}

/* --- from outside --- */

int ledger_look(struct ledger_list *list, const struct ledger_entry **entry, const char *folder,
		const char *pool, const char *request)
{
	CLEANUP(free) char *text = NULL;
	CLEANUP(close_fd) int fd = -1;
	const struct ledger_entry *each;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/%s" LEDGER_SUFFIX, folder, pool);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = read_all(&text, fd);
	if (!r)
		r = ledger_read(list, text);
	*entry = NULL;
	TAILQ_FOREACH (each, list, link)
		if (!strcmp(each->request, request))
			*entry = each;
	return r;
}
