#include "archive/shownname.h"

#include "zip/charset.h"

struct str
shownname_of(const struct archive *archive, struct str name, bool legacy,
	struct arena *arena)
{
	struct str shown = {NULL, 0};
	char *utf8;

	if (!legacy)
		return name;
	utf8 = arena_get(arena, CHARSET_ROOM(name.n));
	if (utf8 != NULL)
		shown = charset_to_utf8(
			zipdir_charset(archive->zipdir), name, utf8);
	return shown.p ? shown : name;
}
