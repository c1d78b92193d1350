/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel says once, while it boots, which interface it took. Its ring buffer may have gone
 * round since; the journal keeps the line.
 */
#include "selfinfo.h"

#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/utsname.h>
#include <systemd/sd-journal.h>

#include "abi.h"
#include "cleanup.h"
#include "textfile.h"

/* Commands of syslog(2). */
#define KLOG_READ_ALL	 3
#define KLOG_SIZE_BUFFER 10

void selfinfo_from_log(struct abi_evidence *evidence, const char *text, size_t len)
{
	static const char fifo[] = "Using FIFO-based ABI", two_level[] = "Using 2-level ABI";

	if (memmem(text, len, fifo, strlen(fifo)))
		evidence->log = ABI_LOG_FIFO;
	else if (memmem(text, len, two_level, strlen(two_level)))
		evidence->log = ABI_LOG_2L;
}

static void from_ring_buffer(struct abi_evidence *evidence)
{
	int size = klogctl(KLOG_SIZE_BUFFER, NULL, 0);
	CLEANUP(free) char *text = size > 0 ? malloc(size) : NULL;

	if (!text)
		return;
	size = klogctl(KLOG_READ_ALL, text, size);
	if (size > 0)
		selfinfo_from_log(evidence, text, size);
}

static void from_journal(struct abi_evidence *evidence)
{
	sd_journal *journal;
	const void *data;
	size_t len;
	char boot[sizeof("_BOOT_ID=") + 32];
	sd_id128_t id;

	if (sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0)
		return;
	if (sd_id128_get_boot(&id) == 0) {
		snprintf(boot, sizeof(boot), "_BOOT_ID=" SD_ID128_FORMAT_STR,
			 SD_ID128_FORMAT_VAL(id));
		sd_journal_add_match(journal, boot, 0);
		sd_journal_add_match(journal, "_TRANSPORT=kernel", 0);
		/* It is among the first lines; a journal of months is not read for it. */
		for (int i = 0; i < 4000 && sd_journal_next(journal) > 0 && !evidence->log; i++)
			if (sd_journal_get_data(journal, "MESSAGE", &data, &len) == 0)
				selfinfo_from_log(evidence, data, len);
	}
	sd_journal_close(journal);
}

void selfinfo_from_cmdline(struct abi_evidence *evidence, const char *text)
{
	static const char option[] = "xen.fifo_events=";

	for (const char *at = text; (at = strstr(at, option)); at++)
		if (at == text || at[-1] == ' ')
			evidence->forced_2l = strchr("0nN", at[strlen(option)]) &&
					      at[strlen(option)];
}

void selfinfo_from_release(struct abi_evidence *evidence, const char *release, const char *machine)
{
	unsigned int major, minor;

	if (sscanf(release, "%3u.%3u", &major, &minor) == 2)
		evidence->kernel = major << 16 | minor;
	evidence->word = strstr(machine, "64") ? 64 : 32;
}

void selfinfo_evidence(struct abi_evidence *evidence)
{
	CLEANUP(free) char *cmdline = NULL;
	struct utsname name;

	from_ring_buffer(evidence);
	if (!evidence->log)
		from_journal(evidence);
	if (textfile_read(&cmdline, NULL, "/proc/cmdline") == 0)
		selfinfo_from_cmdline(evidence, cmdline);
	if (uname(&name) == 0)
		selfinfo_from_release(evidence, name.release, name.machine);
}
