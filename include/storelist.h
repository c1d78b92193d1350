/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a folder of any size: a plain listing ends at 4096 bytes, some eight hundred
 * domains. */
#ifndef STORELIST_H
#define STORELIST_H

#include <stdint.h>

#include "storeclient.h"

/**
 * storelist_read() - list a folder, in parts if it has to be
 * @reply: called once, as by storeclient_directory(): the names, each with its NUL. If the folder
 *         changes between two parts, they are asked for anew, STORELIST_ATTEMPTS times; then
 *         -EAGAIN
 *
 * Return: as storeclient_request(). Source: docs/misc/xenstore.txt, DIRECTORY_PART.
 */
int storelist_read(struct storeclient *client, uint32_t txid, const char *path,
		   storeclient_reply_fn *reply, void *ctx);

#define STORELIST_ATTEMPTS 10

#endif
