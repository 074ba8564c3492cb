/* What the fuzzers share.  Each asserts a law of one module for whatever bytes
 * come. */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stop with a sentence and the text that breaks the law. */
static inline void
fuzz_law(bool holds, const char *law, struct str text)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n  \"", law);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		fprintf(stderr, c < ' ' || c > '~' ? "\\x%02X" : "%c", c);
	}
	fprintf(stderr, "\"\n");
	abort();
}

/* The first byte of *rest, cut off it; 0 when it is empty. */
static inline unsigned char
fuzz_byte(struct str *rest)
{
	unsigned char byte;

	if (rest->n == 0)
		return 0;
	byte = (unsigned char)rest->p[0];
	*rest = str_slice(*rest, 1, rest->n);
	return byte;
}

#endif
