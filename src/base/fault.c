#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* The most bytes of a name, so that there is room for the reason. */
enum { FAULT_NAME = 3 * sizeof(((struct fault *)0)->text) / 4 };

int
fault_set(struct fault *fault, const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	errno = saved;
	return -1;
}

/* The length of the character of UTF-8 at the front of s, which is not empty; 0
 * if it is none, or a control character. */
static size_t
shown_size(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];

	if (c < 0x80)
		return c >= ' ' && c != 0x7f;
	/* U+0080 to U+009F are control characters, too. */
	if (c == 0xc2 && s.n > 1 && (unsigned char)s.p[1] < 0xa0)
		return 0;
	for (size_t n = 2; n <= 4 && n <= s.n; n++) {
		if (str_is_utf8(str_slice(s, 0, n)))
			return n;
	}
	return 0;
}

int
fault_file(struct fault *fault, struct str name, const char *why)
{
	size_t n = 0, size;

	if (name.n == 0)
		name = STR("\"\"");
	for (; name.n > 0 && n < FAULT_NAME;
		name = str_slice(name, size ? size : 1, name.n)) {
		size = shown_size(name);
		if (size > 0)
			memcpy(fault->text + n, name.p, size);
		else
			snprintf(fault->text + n, 5, "\\x%02x",
				(unsigned char)name.p[0]);
		n += size ? size : 4;
	}
	snprintf(fault->text + n, sizeof(fault->text) - n, ": %s", why);
	return -1;
}

int
fault_errno(struct fault *fault, struct str name, int error)
{
	return fault_file(fault, name, strerrordesc_np(error));
}
