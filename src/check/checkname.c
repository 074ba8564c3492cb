#include "check/checkname.h"

#include <inttypes.h>

bool
checkname_is_top(const struct zipdir_record *record)
{
	return record->recorded.n > 0 && record->member.name.n == 0;
}

/* Whether the name is that of a Unicode Path field. */
static bool
has_unicode_path(const struct zipdir_record *record)
{
	return !str_eq(record->member.name, zipentry_plain(record->recorded));
}

const struct str *
checkname_of(const struct zipdir_record *record)
{
	return has_unicode_path(record) ? &record->member.name
					: &record->recorded;
}

void
checkname_count(struct checkname *names, const struct zipdir_record *record)
{
	struct str name = record->member.name;
	bool backslash = record->unreachable == NULL &&
		memchr(name.p, '\\', name.n) != NULL;

	names->legacy += record->legacy;
	names->unicode += has_unicode_path(record);
	if (record->hidden && names->hidden++ == 0)
		names->first_hidden = *checkname_of(record);
	names->doubtful += backslash && record->legacy;
	names->backslashes += backslash && !record->legacy && record->windows;
}

static void
advise(struct report *report, const char *word, struct str what)
{
	report_add(report, REPORT_ADVICE, word, NULL, what);
}

void
checkname_report(const struct checkname *names, const struct zipdir *zipdir,
	struct report *report, struct arena *arena)
{
	bool chosen = zipdir_charset(zipdir) != NULL;

	if (names->hidden > 0)
		advise(report, "names-hidden",
			arena_printf(arena,
				"hidden names: %" PRIu64
				", the first is %.*s; these are answered with 404, and -wwz-archive with 403, unless --dotfiles is given",
				names->hidden, STR_ARG(names->first_hidden)));
	if (names->legacy > 0)
		advise(report, "names-legacy",
			arena_printf(arena,
				"names that are not UTF-8: %" PRIu64
				"; they are %s",
				names->legacy,
				chosen ? "read in the character set of --names"
				       : "taken for CP437, unless --names says otherwise"));
	if (names->unicode > 0)
		advise(report, "names-unicode",
			arena_printf(arena,
				"names from Unicode Path fields: %" PRIu64
				"; the recorded names are aliases",
				names->unicode));
	if (zipdir_has_backslashes(zipdir))
		advise(report, "names-backslash",
			STR("made by a tool of Windows, with backslashes, which are read as slashes"));
	else if (names->doubtful > 0 && !chosen)
		advise(report, "names-backslash",
			arena_printf(arena,
				"names with a backslash that may be half of a character, as in GBK and Shift-JIS: %" PRIu64
				"; it is no slash, unless --names says otherwise",
				names->doubtful));
	if (names->backslashes > 0)
		advise(report, "names-backslash",
			arena_printf(arena,
				"names made on Windows with a backslash that is no slash: %" PRIu64
				"; others hold slashes, or were made elsewhere",
				names->backslashes));
}
