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

int
fault_file(struct fault *fault, struct str name, const char *why)
{
	size_t n = 0;

	if (name.n == 0)
		name = STR("\"\"");
	for (size_t i = 0; i < name.n && n < FAULT_NAME; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool control = c < ' ' || c == 0x7f;

		n += (size_t)snprintf(
			fault->text + n, 5, control ? "\\x%02x" : "%c", c);
	}
	snprintf(fault->text + n, sizeof(fault->text) - n, ": %s", why);
	return -1;
}

int
fault_errno(struct fault *fault, struct str name, int error)
{
	return fault_file(fault, name, strerrordesc_np(error));
}
