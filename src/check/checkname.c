#include "check/checkname.h"

#include <inttypes.h>

#include "http/namehash.h"
#include "http/path.h"

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

/* The names of the directory have been counted.  Beside names with hashes,
 * those that may have one do have one. */
static void
leave_directory(struct checkname *names)
{
	const struct checkname_directory *directory = &names->directory;

	if (directory->hashes == 0 || directory->suspects == 0)
		return;
	if (names->unseen == 0)
		names->first_unseen = directory->first;
	names->unseen += directory->suspects;
}

static void
count_hash(struct checkname *names, struct str name)
{
	struct checkname_directory *directory = &names->directory;
	struct str path = path_parent(name);

	if (!str_eq(path, directory->path)) {
		leave_directory(names);
		*directory = (struct checkname_directory){.path = path};
	}
	if (namehash_found(name))
		directory->hashes++;
	else if (namehash_suspected(name) && directory->suspects++ == 0)
		directory->first = name;
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
	count_hash(names, record->member.name);
}

static void
advise(struct report *report, const char *word, struct str what)
{
	report_add(report, REPORT_ADVICE, word, NULL, what);
}

void
checkname_report(struct checkname *names, const struct zipdir *zipdir,
	struct report *report, struct arena *arena)
{
	bool chosen = zipdir_charset(zipdir) != NULL;

	leave_directory(names);
	if (names->unseen > 0)
		advise(report, "names-hash",
			arena_printf(arena,
				"names that seem to hold a hash, as others beside them do, but are not recognised by --immutable: %" PRIu64
				", the first is %.*s",
				names->unseen, STR_ARG(names->first_unseen)));
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
