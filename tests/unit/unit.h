/* Helpers for all unit tests. */

#ifndef UNIT_H
#define UNIT_H

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

/* With UNIT_TEST in the environment only the test of that name runs ("*" and
 * "?" stand for others). */
__attribute__((constructor)) static void
choose_test(void)
{
	cmocka_set_test_filter(getenv("UNIT_TEST"));
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A str in a static table, which may hold NULs. */
#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* Bytes of memory that the process has allocated. */
static inline size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
	return info.uordblks + info.hblkhd;
}

/* Print s so that each of its bytes can be seen. */
static inline void
show(const char *label, struct str s)
{
	print_error(" %s \"", label);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '"')
			print_error("\\x%02X", (unsigned char)s.p[i]);
		else
			print_error("%c", s.p[i]);
	}
	print_error("\"");
}

/* 1 when got is not want, after saying what was asked, got and wanted. */
static inline unsigned
differ(const char *asked, struct str got, struct str want)
{
	if (str_eq(got, want))
		return 0;
	print_error("%s:", asked ? asked : "");
	show("got", got);
	show("want", want);
	print_error("\n");
	return 1;
}

/* The same for numbers. */
static inline unsigned
differ_number(
	const char *asked, const char *what, long long got, long long want)
{
	if (got == want)
		return 0;
	print_error("%s: %s: got %lld, want %lld\n", asked, what, got, want);
	return 1;
}

/* A copy of s that ends where its memory ends: a sanitizer sees who reads
 * beyond.  free((char *)copy.p). */
static inline struct str
copy_exactly(struct str s)
{
	char *p = malloc(s.n);

	assert_true(p != NULL || s.n == 0);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

/* Skip a test of what an emulator of another processor has not, and say so.
 * scripts/test-on sets the variable. */
static inline void
emulated(const char *what)
{
	if (getenv("WWZ_EMULATED") == NULL)
		return;
	print_message("skipped: %s has no %s\n", getenv("WWZ_EMULATED"), what);
	skip();
}

/* Descriptor 2 while it writes to memory. */
struct capture {
	int fd, saved;
};

static inline void
capture_begin(struct capture *capture)
{
	fflush(stderr);
	capture->fd = memfd_create("stderr", MFD_CLOEXEC);
	capture->saved = dup(STDERR_FILENO);
	assert_true(capture->fd >= 0 && capture->saved >= 0);
	assert_int_equal(dup2(capture->fd, STDERR_FILENO), STDERR_FILENO);
}

/* The bytes written since capture_begin, as far as buffer has room. */
static inline struct str
capture_end(struct capture *capture, char *buffer, size_t size)
{
	ssize_t n = pread(capture->fd, buffer, size, 0);

	assert_int_equal(dup2(capture->saved, STDERR_FILENO), STDERR_FILENO);
	close(capture->saved);
	close(capture->fd);
	assert_true(n >= 0);
	return (struct str){buffer, (size_t)n};
}

#endif
