/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a console's bytes are written into its log: a stamp at the start of each line, ESC made
 * harmless, if asked for. The state between two pieces belongs to one log, so a guest's half
 * line never moves another's stamp.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct lines {
	bool stamp;	     /* stamp each line */
	bool replace_escape; /* 0x1b becomes '.' */
	bool inside_line;    /* the last piece ended within a line */
	bool after_newline;  /* carriage returns are dropped here, when lines are stamped */
	time_t stamp_time;   /* of the text below */
	char stamp_text[32];
};

/* A piece of this size always fits what one byte of input can become. */
#define LINES_OUT_MIN 64

void lines_init(struct lines *lines, bool stamp, bool replace_escape);

/**
 * lines_format() - format as much of a piece as fits
 * @now:      wall clock, for the stamp
 * @out:      room of @out_size bytes, at least LINES_OUT_MIN
 * @n_out:    out: bytes written to @out
 *
 * Return: bytes of @in that are done; call again with the rest.
 */
size_t lines_format(struct lines *lines, time_t now, const char *in, size_t len, char *out,
		    size_t out_size, size_t *n_out);

/** lines_raw() - do bytes go into the log as they are? */
bool lines_raw(const struct lines *lines);

#endif
