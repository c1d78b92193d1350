/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file name of a guest's log. A domain's name comes from the store and may hold anything; the
 * file must lie in the log folder, and two names must not share a file.
 */
#ifndef LOGNAME_H
#define LOGNAME_H

#include <stddef.h>
#include <stdint.h>

/* Longest file name, its NUL included, with room for the number of a rotated file. */
#define LOGNAME_SIZE 240

/**
 * logname_guest() - "guest-<name><suffix>.log"
 * @name:   the domain's name, or NULL or "" if it has none: then "guest-domid-<domid>" is used
 * @suffix: of the kind of console: "" or "-vuart0"
 *
 * '/', control bytes and a '%' that reads like one of our codes become %XX; every other name is
 * left as it is, as the stock daemon has it. A name that is too long is cut and ends in a hash of
 * the whole.
 *
 * Return: @buf.
 */
const char *logname_guest(char buf[LOGNAME_SIZE], const char *name, uint32_t domid,
			  const char *suffix);

#endif
