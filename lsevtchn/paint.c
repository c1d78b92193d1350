/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paint.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"

#define WIDTH_DEFAULT  120
#define NAME_MAX_SHOWN 256

void paint_init(struct paint *paint, FILE *to, enum paint_colour_mode mode)
{
	const char *term = getenv("TERM"), *codeset = nl_langinfo(CODESET);
	bool terminal = fileno(to) >= 0 && isatty(fileno(to));
	struct winsize size;

	*paint = (struct paint){ .to = to, .width = WIDTH_DEFAULT };
	paint->colour = mode == PAINT_ALWAYS ||
			(mode == PAINT_AUTO && terminal && !getenv("NO_COLOR") && term &&
			 strcmp(term, "dumb") != 0);
	paint->utf8 = strcmp(codeset, "UTF-8") == 0;
	if (terminal && ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col) {
		paint->width = size.ws_col;
		paint->height = size.ws_row;
	}
}

void paint_on(const struct paint *paint, enum paint_colour colour)
{
	static const char *const codes[] = {
		[PAINT_PLAIN] = "0", [PAINT_BOLD] = "1",    [PAINT_DIM] = "2",
		[PAINT_RED] = "31",  [PAINT_YELLOW] = "33", [PAINT_GREEN] = "32",
		[PAINT_BLUE] = "34",
	};

	if (paint->colour)
		fprintf(paint->to, "\033[%sm", codes[colour]);
}

void paint_off(const struct paint *paint)
{
	paint_on(paint, PAINT_PLAIN);
}

/* Cells for @amount of @limit, rounded down, but none lost and none invented at the ends. */
static unsigned int cells(unsigned int width, uint64_t amount, uint64_t limit)
{
	unsigned int n;

	if (!amount || !limit)
		return 0;
	if (amount >= limit)
		return width;
	n = (unsigned int)((double)amount / (double)limit * width);
	if (n == 0)
		return 1;
	return n == width && width > 1 ? width - 1 : n;
}

void paint_bar(const struct paint *paint, unsigned int width, uint64_t used, uint64_t pending,
	       uint64_t limit)
{
	unsigned int n_used = cells(width, used, limit);
	unsigned int n_taken = pending ? cells(width, used + pending, limit) : n_used;

	if (n_taken < n_used)
		n_taken = n_used;
	paint_on(paint, paint_level(used, limit));
	for (unsigned int i = 0; i < width; i++) {
		if (i == n_used && i < width) {
			paint_off(paint);
			paint_on(paint, PAINT_DIM);
		}
		if (i < n_used)
			fputs(paint->utf8 ? "█" : "#", paint->to);
		else if (i < n_taken)
			fputs(paint->utf8 ? "▒" : "+", paint->to);
		else
			fputs(paint->utf8 ? "░" : ".", paint->to);
	}
	paint_off(paint);
}

enum paint_colour paint_level(uint64_t used, uint64_t limit)
{
	if (used * 100 >= limit * 95)
		return PAINT_RED;
	return used * 100 >= limit * 80 ? PAINT_YELLOW : PAINT_GREEN;
}

void paint_name(const struct paint *paint, const char *name, unsigned int width)
{
	char text[NAME_MAX_SHOWN];

	log_escape(text, sizeof(text), name ? name : "-", strlen(name ? name : "-"));
	if (width)
		fprintf(paint->to, "%-*.*s", (int)width, (int)width, text);
	else
		fputs(text, paint->to);
}
