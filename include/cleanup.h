/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound ownership: a variable marked CLEANUP(fn) frees what it points to when its scope ends,
 * unless STEAL() has moved the object out. It replaces "goto out".
 */
#ifndef CLEANUP_H
#define CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn##_cleanup)))

/* Once per type, after the declaration of @fn: makes CLEANUP(fn) known. @fn must accept NULL. */
#define DEFINE_CLEANUP(type, fn)                                         \
	__attribute__((unused)) static inline void fn##_cleanup(type *p) \
	{                                                                \
		fn(*p);                                                  \
	}

/* Takes the pointer out of a CLEANUP variable, which then frees nothing. */
#define STEAL(p)                             \
	__extension__({                      \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

/* CLEANUP(free) for anything from malloc(), CLEANUP(close_fd) for a descriptor or -1. */
__attribute__((unused)) static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}

__attribute__((unused)) static inline void close_fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define STEAL_FD(fd)                \
	__extension__({             \
		int stolen_ = (fd); \
		(fd) = -1;          \
		stolen_;            \
	})

#endif
