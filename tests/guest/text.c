/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings and numbers without a C library. The compiler itself may call the first four. */
#include "guest.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(c) : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *last = (char *)to + n - 1;
	const char *from_last = (const char *)from + n - 1;

	if ((uintptr_t)to <= (uintptr_t)from || (uintptr_t)to >= (uintptr_t)from + n)
		return memcpy(to, from, n);
	__asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(from_last), "+c"(n) : : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (*(volatile const char *)(s + n))
		n++;
	return n;
}

bool text_equal(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && !memcmp(a, b, n);
}

uint64_t text_number(const char **s, uint64_t fallback)
{
	uint64_t value = 0;
	const char *at = *s;

	while (*at >= '0' && *at <= '9')
		value = value * 10 + (uint64_t)(*at++ - '0');
	if (at != *s)
		fallback = value;
	*s = *at == ',' ? at + 1 : at;
	return fallback;
}

struct out {
	char *to;
	size_t size, n;
};

static void put(struct out *out, char c)
{
	if (out->n + 1 < out->size)
		out->to[out->n++] = c;
}

static void put_number(struct out *out, uint64_t value, unsigned int base)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		put(out, digits[--n]);
}

static void put_signed(struct out *out, int value)
{
	if (value < 0)
		put(out, '-');
	put_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

size_t text_vformat(char *to, size_t size, const char *fmt, va_list ap)
{
	struct out out = { to, size, 0 };

	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put(&out, *s);
			break;
		case 'c':
			put(&out, (char)va_arg(ap, int));
			break;
		case 'd':
			put_signed(&out, va_arg(ap, int));
			break;
		case 'u':
			put_number(&out, va_arg(ap, unsigned int), 10);
			break;
		case 'x':
			put_number(&out, va_arg(ap, unsigned int), 16);
			break;
		case 'l': /* %lu */
			fmt++;
			put_number(&out, va_arg(ap, unsigned long), 10);
			break;
		default:
			put(&out, *fmt);
		}
	}
	to[out.n] = '\0';
	return out.n;
}

size_t text_format(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = text_vformat(to, size, fmt, ap);
	va_end(ap);
	return n;
}
