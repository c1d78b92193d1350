/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a terminal or a file: colour and pictures where they can be shown, the same words
 * everywhere. */
#ifndef PAINT_H
#define PAINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum paint_colour_mode { PAINT_AUTO, PAINT_ALWAYS, PAINT_NEVER };

enum paint_colour {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_DIM,
	PAINT_RED,
	PAINT_YELLOW,
	PAINT_GREEN,
	PAINT_BLUE
};

struct paint {
	FILE *to; /* borrowed */
	bool colour;
	bool utf8;
	unsigned int width;  /* columns */
	unsigned int height; /* rows; 0: no end */
};

/** paint_init() - find out what @to can show; NO_COLOR and TERM=dumb are obeyed in PAINT_AUTO. */
void paint_init(struct paint *paint, FILE *to, enum paint_colour_mode mode);

/** paint_on(), paint_off() - switch to a colour and back; nothing where there is none. */
void paint_on(const struct paint *paint, enum paint_colour colour);
void paint_off(const struct paint *paint);

/**
 * paint_bar() - @used and @pending of @limit as a bar of @width cells
 *
 * Anything that is not nothing shows, anything that is not all leaves room.
 */
void paint_bar(const struct paint *paint, unsigned int width, uint64_t used, uint64_t pending,
	       uint64_t limit);

/** paint_level() - the colour for so much of a limit in use: green, yellow from 80 %, red from 95
 * %. */
enum paint_colour paint_level(uint64_t used, uint64_t limit);

/** paint_name() - a name that may come from anywhere, made harmless, at most @width wide and padded
 * to it; 0: as wide as it is. */
void paint_name(const struct paint *paint, const char *name, unsigned int width);

#endif
