/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts requests about one domain's nodes behind each other in a tree (tree.h). */
#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

struct tree;

#define WRITER_FOLDER_MAX 80
#define WRITER_PERMS_MAX  16

/* While the list grows: a failure sticks, so that one check at the end is enough. */
struct writer {
	struct tree *tree; /* borrowed: the caller's */
	uint32_t domid;
	char home[WRITER_FOLDER_MAX];	 /* /local/domain/N */
	char vm[WRITER_FOLDER_MAX];	 /* /vm/UUID */
	char libxl[WRITER_FOLDER_MAX];	 /* /libxl/N */
	char console[WRITER_FOLDER_MAX]; /* /local/domain/0/backend/console/N */
	char perms_ro[WRITER_PERMS_MAX]; /* the guest reads: two strings with their NULs */
	size_t perms_ro_len;
	char perms_rw[WRITER_PERMS_MAX];    /* the guest owns; likewise: one */
	char perms_front[WRITER_PERMS_MAX]; /* the guest owns, domain 0 reads: two */
	size_t perms_front_len;
	int error; /* 0 or -ENOMEM */
};

/** writer_init() - begin a new list in @tree */
void writer_init(struct writer *w, struct tree *tree, uint32_t domid, const char *uuid_text,
		 uint32_t console_domid);

/** writer_request() - one request about folder/name, or the folder itself if @name is NULL. */
void writer_request(struct writer *w, uint32_t type, const char *folder, const char *name,
		    const char *value, size_t len);

/** writer_node(), writer_number() - write a value */
void writer_node(struct writer *w, const char *folder, const char *name, const char *value);
void writer_number(struct writer *w, const char *folder, const char *name, uint64_t value);

/** writer_folder_ro() - make a folder that the guest reads */
void writer_folder_ro(struct writer *w, const char *folder);

/** writer_folder_front() - make one of a device's front half: the guest's own */
void writer_folder_front(struct writer *w, const char *folder);

/** writer_node_rw() - an empty node that the guest may change */
void writer_node_rw(struct writer *w, const char *folder, const char *name);

/** writer_remove() - remove a folder with all in it */
void writer_remove(struct writer *w, const char *folder);

#endif
