/* The central directory is walked twice, record by record: first to find the
 * extent of each member in the file, so that overlaps are known; then to check
 * and report on each member.  The content of a member that overlaps another one
 * is not read, so an archive of many members that share their data takes no
 * more time than its size justifies.
 *
 * The lines that the server's modules log become findings, with the same words.
 */

#include "check/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/link.h"
#include "archive/verify.h"
#include "base/arena.h"
#include "base/log.h"
#include "check/checkmember.h"
#include "check/checkname.h"
#include "check/extents.h"
#include "check/libzipread.h"
#include "check/links.h"
#include "check/secrets.h"
#include "http/look.h"
#include "http/mime.h"
#include "http/ownname.h"
#include "http/packedname.h"
#include "http/represent.h"
#include "http/rules.h"
#include "zip/ziplocal.h"

enum { SEEKABLE_FROM = 1024 * 1024 }; /* larger members should have an index */

#define DOS_EPOCH INT64_C(315532800) /* 1980: stands for no time */

struct check {
	struct log_sink
		sink; /* must come first: take is passed a pointer to it */
	struct report report;
	struct charset *names;
	struct arena arena; /* for the findings of one member */

	/* The last fault that was logged. */
	const char *word;
	char why[256];

	/* The state for one archive. */
	struct archive *archive;
	struct libzipread *libzip;
	struct links *links; /* NULL: no memory for them */
	struct extents extents;
	uint64_t files, local_times;
	struct checkname counts;
};

static bool
take_log_line(struct log_sink *sink, const struct log_entry *entry)
{
	struct check *c = (struct check *)sink;
	const struct log_pair *pairs = entry->pairs;
	struct str why = {NULL, 0}, method = {NULL, 0};

	for (; pairs->key != NULL; pairs++) {
		if (strcmp(pairs->key, "why") == 0)
			why = pairs->value;
		else if (strcmp(pairs->key, "method") == 0)
			method = pairs->value;
	}
	c->word = entry->word;
	snprintf(c->why, sizeof(c->why), "%.*s%s%.*s", STR_ARG(why),
		method.n > 0 ? ", method " : "", STR_ARG(method));
	return true;
}

/* Report the fault that was logged, for member or, if that is NULL, for the
 * archive. */
static void
tell_fault(struct check *c, const struct str *member)
{
	report_add(&c->report, REPORT_ERROR, c->word, member, str_of(c->why));
}

static void
tell_error(struct check *c, const char *word, const struct str *member,
	struct str what)
{
	report_add(&c->report, REPORT_ERROR, word, member, what);
}

static void
tell_advice(struct check *c, const char *word, const struct str *member,
	struct str what)
{
	report_add(&c->report, REPORT_ADVICE, word, member, what);
}

static bool
is_directory(const struct zipdir_record *record)
{
	return checkname_is_top(record) ||
		str_ends(record->member.name, STR("/"));
}

/* The name that its author meant is none for a request. */
static void
tell_unusable(struct check *c, const struct zipdir_record *record)
{
	struct text what = {.arena = &c->arena};

	text_add(&what, STR("its Unicode Path field is ignored: "));
	text_add(&what,
		str_of(zipentry_unreachable(
			zipentry_plain(record->unusable), NULL)));
	text_add(&what, STR(": "));
	text_add(&what, record->unusable);
	tell_advice(c, "names-unicode", checkname_of(record), text_str(&what));
}

static void
check_name(struct check *c, const struct zipdir_record *record)
{
	struct arena *arena = &c->arena;
	const char *why = record->unreachable;
	struct str name = record->member.name;

	if (record->unusable.n > 0)
		tell_unusable(c, record);
	if (checkname_is_top(record))
		return;
	if (why == NULL &&
		(ownname_page(name) || ownname_in_tree(&name, false)))
		why = "the name belongs to a page of the server";
	if (why != NULL)
		tell_error(c, "name-unreachable", checkname_of(record),
			arena_printf(
				arena, "no request can reach it: %s", why));
	else if (record->member.slot == ZIPDIR_NO_SLOT)
		tell_error(c, "name-duplicate", checkname_of(record),
			STR("never served: a later member has the same name, and the last one wins"));
}

/* Check the index: a wrong one would make the server send wrong ranges. */
static void
check_sozip_index(
	struct check *c, const struct zipdir_record *record, uint64_t start)
{
	const struct member *member = &record->member;
	const char *why;
	struct sozip index;

	switch (sozip_find(&index, c->archive, member, start, &why)) {
	case SOZIP_NONE:
		if (member->size > SEEKABLE_FROM)
			tell_advice(c, "not-seekable", checkname_of(record),
				STR("large, and without a SOZip index: the first range from its middle is inflated from its beginning"));
		return;
	case SOZIP_FOUND:
		if (checkmember_has_chunks(c->archive, member, start, &index))
			return;
		why = "a chunk does not start where it says";
		break;
	case SOZIP_DAMAGED:
		break;
	}
	tell_error(c, "index-damaged", checkname_of(record),
		arena_printf(&c->arena, "its SOZip index is wrong: %s", why));
}

static void
check_charset(
	struct check *c, const struct zipdir_record *record, uint64_t start)
{
	struct packedname packed = packedname_read(record->member.name);
	bool inner = packed.asset || packed.log;
	struct media_type type =
		mime_find(NULL, inner ? packed.inner : record->member.name);
	struct look_as as = {.packing = inner ? packed.packing : PACKING_NONE,
		.type = type.bare};
	enum look look;

	if (!inner && type.bare.n > 0 && type.utf8.n == 0)
		return;
	if (look_member(c->archive, &record->member, start, &as, &look) !=
		STATUS_GO)
		return;
	if (look == LOOK_BROKEN)
		tell_advice(c, "coding-wrong", checkname_of(record),
			STR("cannot be unpacked as its name says: it is sent as it lies"));
	else if (look == LOOK_OTHER)
		tell_advice(c, "charset-unknown", checkname_of(record),
			STR("not UTF-8, and does not say what else: it is sent without a charset, unless --charset gives one"));
}

static bool
is_page(struct str name)
{
	struct str type = mime_find(NULL, name).bare;

	return str_eq(type, STR("text/html")) ||
		str_eq(type, STR("application/xhtml+xml"));
}

/* Check where a symbolic link leads, whose content is right. */
static void
check_link(struct check *c, const struct zipdir_record *record)
{
	struct text what = {.arena = &c->arena};
	struct str path = {NULL, 0}, real;
	struct member member;
	enum link_end end = link_follow(
		c->archive, record->member.name, &c->arena, &member, &real);

	if (end == LINK_FILE || end == LINK_DIRECTORY)
		return;
	text_add(&what, STR("404: a symbolic link "));
	if (link_path(c->archive, &record->member, &c->arena, &path) !=
		LINK_FILE)
		text_add(&what, STR("whose path is empty or too long"));
	else if (end == LINK_OUTSIDE)
		text_add(&what, STR("out of the archive, to "));
	else if (end == LINK_BROKEN)
		text_printf(&what,
			"to nothing, or over more than %d links: ", LINKS_MAX);
	else
		text_add(&what, STR("over another one that cannot be read: "));
	text_add(&what, path);
	if (end == LINK_OUTSIDE)
		tell_error(c, "link-outside", checkname_of(record),
			text_str(&what));
	else
		tell_error(c, "link-broken", checkname_of(record),
			text_str(&what));
}

/* The local header before the data, which start at start.  Its offset may have
 * been modulo 4 GiB. */
static void
check_header(
	struct check *c, const struct zipdir_record *record, uint64_t start)
{
	unsigned char header[ZIPLOCAL_SIZE];
	uint64_t size = (uint32_t)(start - record->member.offset);

	if (archive_read(c->archive, start - size, header, sizeof(header)) ==
			0 &&
		ziplocal_crc_differs(header, &record->member))
		tell_advice(c, "header-differs", checkname_of(record),
			STR("its local header has another CRC-32 than the directory: other programs may find it damaged"));
}

/* Check that a file that is sent in its content coding is one whole stream. */
static void
check_coding(
	struct check *c, const struct zipdir_record *record, uint64_t start)
{
	const struct member *member = &record->member;
	enum packing packing = represent_packing(c->archive, member, start);

	if (packing == PACKING_NONE || !packing_supports(packing))
		return;
	c->word = NULL;
	if (verify_at_once(c->archive, member, start, packing, UINT64_MAX) !=
		STATUS_GO)
		tell_fault(c, &record->recorded);
	else if (c->word != NULL)
		tell_advice(c, "coding-wrong", &record->recorded,
			arena_printf(&c->arena,
				"%s: it is sent as it lies, without Content-Encoding",
				c->why));
}

/* Check the content of member number i, whose data start at start. */
static void
check_content(struct check *c, const struct zipdir_record *record, uint64_t i,
	uint64_t start)
{
	const struct member *member = &record->member;
	struct progress *progress = &c->report.progress;
	const bool second = c->libzip != NULL && libzipread_supports(member);
	const char *theirs = NULL, *secret;
	bool right;

	c->word = NULL;
	right = checkmember_read(c->archive, member, start, progress);
	if (!right)
		tell_fault(c, checkname_of(record));
	else if (c->word != NULL)
		tell_advice(c, c->word, checkname_of(record),
			arena_printf(&c->arena,
				"%s: it is sent inflated, never as gzip",
				c->why));
	if (second)
		theirs = libzipread_fault(c->libzip, i, member, progress);
	if (right && theirs != NULL)
		tell_advice(c, "libzip-disagrees", checkname_of(record),
			arena_printf(&c->arena,
				"wwz reads it, libzip does not: %s", theirs));
	if (!right && theirs == NULL && second)
		tell_advice(c, "libzip-disagrees", checkname_of(record),
			STR("libzip finds nothing wrong with it"));
	if (!right)
		return;
	check_header(c, record, start);
	if (member->link) {
		if (member->slot != ZIPDIR_NO_SLOT)
			check_link(c, record);
		return;
	}
	check_charset(c, record, start);
	secret = secrets_find(c->archive, member, start);
	if (secret != NULL)
		tell_advice(c, "member-secret", checkname_of(record),
			arena_printf(&c->arena,
				"%s: it should not be in the archive", secret));
	check_coding(c, record, start);
	if (member->method == ZIP_DEFLATED)
		check_sozip_index(c, record, start);
	else if (member->method == ZIP_STORED &&
		checkmember_is_compressible(c->archive, member, start))
		tell_advice(c, "compressible", checkname_of(record),
			STR("stored, but deflate would make it smaller"));
	if (c->links != NULL && is_page(member->name))
		links_look(c->links, member, start);
}

static void
tell_overlap(struct check *c, const struct zipdir_record *record, size_t with)
{
	struct text what = {.arena = &c->arena};
	struct zipdir_record other;

	zipdir_record(c->archive->zipdir, &with, &other);
	text_printf(&what, "starts at offset %" PRIu64 " within ",
		record->member.offset);
	text_add(&what, *checkname_of(&other));
	text_printf(&what,
		", which starts at %" PRIu64 "; its content was not read",
		other.member.offset);
	tell_error(c, "overlap", checkname_of(record), text_str(&what));
}

/* Check member number i.  with is the field of its extent. */
static void
check_member(struct check *c, const struct zipdir_record *record, uint64_t i,
	size_t with)
{
	const struct member *member = &record->member;
	uint64_t start;

	check_name(c, record);
	checkname_count(&c->counts, record);
	if (is_directory(record)) {
		if (member->size > 0)
			tell_error(c, "name-unreachable", checkname_of(record),
				STR("a directory with data, which no request can reach"));
		return;
	}
	c->files++;
	c->local_times +=
		record->member.local && record->member.modified != DOS_EPOCH;
	if (!source_is_readable(member)) {
		represent_unsupported(c->archive, member);
		tell_fault(c, checkname_of(record));
	} else if (archive_locate(c->archive, member, &start) != STATUS_GO) {
		tell_fault(c, checkname_of(record));
	} else if (with == EXTENTS_NOWHERE) {
		check_content(c, record, i, start);
	}
	if (with != EXTENTS_NOWHERE)
		tell_overlap(c, record, with);
}

static void
check_members(struct check *c)
{
	const struct extent *extent = c->extents.of;
	const struct extent *end = extent + c->extents.n;
	struct zipdir_record record;
	size_t at = 0, next = 0;
	uint64_t i = 0;

	c->files = c->local_times = 0;
	c->counts = (struct checkname){0};
	for (; zipdir_record(c->archive->zipdir, &next, &record); at = next) {
		bool placed = extent < end && extent->at == at;

		check_member(c, &record, i++,
			placed ? extent->with : EXTENTS_NOWHERE);
		extent += placed;
		progress_add(&c->report.progress, placed, 0);
		arena_reset(&c->arena);
	}
	c->report.members += i;
	checkname_report(&c->counts, c->archive->zipdir, &c->report, &c->arena);
	if (c->local_times > 0)
		tell_advice(c, "local-times", NULL,
			arena_printf(&c->arena,
				"no time in UTC in %" PRIu64 " of %" PRIu64
				" file%s: what the packer's clock showed is taken for UTC",
				c->local_times, c->files,
				str_plural(c->files)));
}

/* Report the lines of _redirects and _headers that are passed over. */
static void
check_rules(struct check *c)
{
	struct rules *rules;

	if (!c->archive->ruled)
		return;
	rules = rules_open(c->archive);
	if (rules == NULL) {
		archive_log_starved(c->report.file, 0);
		tell_fault(c, NULL);
		return;
	}
	for (int i = 0; i < RULENAMES; i++) {
		const struct rulelines *lines = &rules->read[i];
		struct str name = str_of(rulenames[i]);

		for (size_t at = 0; at < lines->nfaults; at++)
			tell_error(c, "rule-wrong", &name,
				rules_fault(&lines->faults[at], &c->arena));
	}
	rules_free(rules);
}

static void
check_archive(struct check *c)
{
	const char *why;

	if (extents_find(&c->extents, c->archive) < 0) {
		archive_log_starved(c->report.file, 0);
		tell_fault(c, NULL);
		return;
	}
	c->libzip = libzipread_open(c->archive, &why);
	if (c->libzip == NULL && why != NULL)
		tell_advice(c, "libzip-disagrees", NULL,
			arena_printf(&c->arena,
				"wwz opens it, libzip does not: %s", why));
	if (zipdir_wraps(c->archive->zipdir) > 0)
		tell_advice(c, "offsets-wrap", NULL,
			STR("offsets are modulo 4 GiB, or as much stands in front: members are looked for by their local headers, and those of 4 GiB or more cannot be served; repack it with zip64"));
	if (zipdir_behind(c->archive->zipdir) > 0)
		tell_advice(c, "bytes-behind", NULL,
			arena_printf(&c->arena,
				"behind the archive, and ignored: %" PRIu64
				" byte%s",
				zipdir_behind(c->archive->zipdir),
				str_plural(zipdir_behind(c->archive->zipdir))));
	/* Contents are read once by the server's code and once by libzip. */
	progress_begin(&c->report.progress, "checking", c->extents.n,
		c->libzip ? 2 * c->extents.total : c->extents.total,
		c->report.quiet);
	c->links = links_new(c->archive, c->report.file);
	check_members(c);
	check_rules(c);
	progress_end(&c->report.progress);
	if (c->links != NULL)
		links_report(c->links, &c->report);
	links_free(c->links);
	libzipread_close(c->libzip);
	free(c->extents.of);
}

static void
check_file(struct check *c, const char *file)
{
	c->report.file = str_of(file);
	c->report.archives++;
	c->archive = archive_open_file(file, c->names);
	if (c->archive == NULL) {
		tell_error(c, "archive-unreadable", NULL,
			str_of(strerrordesc_np(errno)));
		return;
	}
	if (c->archive->starved)
		archive_log_starved(c->report.file, 0);
	if (c->archive->status == STATUS_GO)
		check_archive(c);
	else
		tell_fault(c, NULL);
	archive_drop(c->archive);
}

int
check_files(char *const *files, int nfiles, struct charset *names,
	const struct check_how *how)
{
	struct check c = {.sink = {take_log_line},
		.names = names,
		.report = {.json = how->json,
			.quiet = how->quiet,
			.strict = how->strict}};

	log_redirect(&c.sink);
	for (int i = 0; i < nfiles; i++)
		check_file(&c, files[i]);
	log_redirect(NULL);
	arena_free(&c.arena);
	return report_end(&c.report);
}
