#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>

const char *
size_text(uint64_t bytes, char text[SIZE_TEXT])
{
	static const char *const unit[] = {
		"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t tenths = bytes;
	int i = -1;

	if (bytes < 1024) {
		snprintf(text, SIZE_TEXT, "%" PRIu64 " B", bytes);
		return text;
	}
	/* Count tenths of the next unit, rounded.  A number that rounds to 1024
	 * goes on to the unit after it. */
	do {
		tenths = i < 0
			? bytes / 1024 * 10 + (bytes % 1024 * 10 + 512) / 1024
			: (tenths + 512) / 1024;
		i++;
	} while (tenths >= 10235 && i < 5);
	if (tenths < 100)
		snprintf(text, SIZE_TEXT, "%u.%u %s", (unsigned)tenths / 10,
			(unsigned)tenths % 10, unit[i]);
	else
		snprintf(text, SIZE_TEXT, "%u %s", (unsigned)(tenths + 5) / 10,
			unit[i]);
	return text;
}
