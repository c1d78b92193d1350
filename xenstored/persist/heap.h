/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for very many small things that come at once. */
#ifndef HEAP_H
#define HEAP_H

#include <stdint.h>

/** heap_expect() - about @n_bytes will be allocated in small pieces, until heap_settle() */
void heap_expect(uint64_t n_bytes);
void heap_settle(void);
/** heap_advise() - all of this memory, which has not been touched yet, will be used */
void heap_advise(void *base, uint64_t n_bytes);

#endif
