#include "members.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/link.h"
#include "base/log.h"
#include "http/ownname.h"
#include "http/page.h"
#include "http/path.h"
#include "http/represent.h"
#include "serve/listrow.h"
#include "zip/hiddenname.h"
#include "zip/rulename.h"

enum { BUFFER_SIZE = 1 << 16 };

struct members {
	struct log_sink
		sink; /* must come first: take is passed a pointer to it */
	const char *file;
	char why[512]; /* of the last fault that was logged */
	struct archive *archive;
	struct arena arena; /* for one member */
};

/* Keep what the server's modules log. */
static bool
keep_why(struct log_sink *sink, const struct log_entry *entry)
{
	struct members *m = (struct members *)sink;

	for (const struct log_pair *p = entry->pairs; p->key != NULL; p++) {
		if (strcmp(p->key, "why") == 0)
			snprintf(m->why, sizeof(m->why), "%.*s",
				STR_ARG(p->value));
	}
	return true;
}

/* Print "wwz: FILE: MEMBER: WHY"; member may be empty.  Returns EXIT_FAILURE.
 */
static int
tell_fault_of(struct members *m, struct str member, const char *why)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	page_add_plain(&text, str_of(m->file));
	if (member.n > 0)
		text_add(&text, STR(": "));
	page_add_plain(&text, member);
	text_add(&text, STR(": "));
	page_add_plain(&text, str_of(why));
	fprintf(stderr, "wwz: %.*s\n", STR_ARG(text));
	arena_free(&arena);
	return EXIT_FAILURE;
}

static bool
members_open(struct members *m, const char *file, struct charset *names)
{
	const struct str none = {NULL, 0};

	*m = (struct members){.sink = {keep_why}, .file = file};
	log_redirect(&m->sink);
	m->archive = archive_open_file(file, names);
	if (m->archive == NULL)
		tell_fault_of(m, none, strerrordesc_np(errno));
	else if (m->archive->starved)
		tell_fault_of(m, none, "no memory");
	else if (m->archive->status != STATUS_GO)
		tell_fault_of(m, none, m->why);
	else
		return true;
	return false;
}

/* Give back everything, and the exit status. */
static int
members_close(struct members *m, int status)
{
	log_redirect(NULL);
	archive_drop(m->archive);
	arena_free(&m->arena);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "wwz: standard output: %s\n", strerrordesc_np(errno));
	return EXIT_FAILURE;
}

/* Find what a link leads to.  Returns NULL, or why it leads to nothing. */
static const char *
follow_member(struct members *m, struct member *member, struct str *real)
{
	struct str name = member->name;

	switch (link_find(m->archive, name, &m->arena, member, real)) {
	case LINK_FILE:
		member->name = name;
		return NULL;
	case LINK_DIRECTORY:
		return "a symbolic link to a directory";
	case LINK_OUTSIDE:
		return "a symbolic link out of the archive";
	case LINK_BROKEN:
		return "a symbolic link to nothing";
	case LINK_DAMAGED:
		return m->why;
	case LINK_UNREADABLE:
		(void)represent_unsupported(m->archive, member);
		return m->why;
	case LINK_NO_MEMORY:
		break;
	}
	return "no memory";
}

/* Listing. */

/* Find the representations of a record.  Returns NULL, or why the server sends
 * nothing for it. */
static const char *
find_forms(struct members *m, struct zipdir_record *record,
	const struct site *site, struct representations *found)
{
	struct member *member = &record->member;
	struct str real = {NULL, 0};
	const char *why = record->unreachable;

	if (why == NULL && ownname_covers(member->name))
		why = "the name belongs to a page of the server";
	if (why == NULL && member->slot == ZIPDIR_NO_SLOT)
		why = "a later member has the same name";
	if (why == NULL && member->link)
		why = follow_member(m, member, &real);
	if (why == NULL && (rulename_is(member->name) || rulename_is(real)))
		why = "it holds rules for the others";
	if (why == NULL && !site->dotfiles &&
		(record->hidden || hiddenname_is(real)))
		why = "hidden: see --dotfiles";
	if (why != NULL)
		return why;
	m->why[0] = '\0';
	return represent(found, m->archive, member, site, &m->arena) ==
			STATUS_GO
		? NULL
		: m->why;
}

/* The member's name in UTF-8, as far as that is known. */
static struct str
name_in_utf8(struct members *m, const struct zipdir_record *record)
{
	struct str name =
		record->unreachable ? record->recorded : record->member.name;
	struct str utf8 = {NULL, 0};
	char *room;

	if (!record->legacy)
		return name;
	room = arena_get(&m->arena, CHARSET_ROOM(name.n));
	if (room != NULL)
		utf8 = charset_to_utf8(
			zipdir_charset(m->archive->zipdir), name, room);
	return utf8.p != NULL ? utf8 : name;
}

static void
add_codings(struct text *text, const struct representations *found,
	const char *separator)
{
	bool first = true;

	for (int i = 0; i < CODINGS; i++) {
		if ((found->available & 1u << i) == 0)
			continue;
		text_add(text, first ? STR("") : str_of(separator));
		text_add(text,
			i == CODING_IDENTITY ? STR("identity")
					     : encoding_names[i]);
		first = false;
	}
}

static void
add_plain_line(struct text *text, const struct member *member, struct str name,
	const struct representations *found, const char *why)
{
	text_printf(text, "%" PRIu64 "\t", member->size);
	if (why != NULL)
		text_byte(text, '-');
	else
		add_codings(text, found, ",");
	text_byte(text, '\t');
	page_add_plain(text, name);
	if (why != NULL)
		text_printf(text, "\t%s", why);
}

static void
add_json_line(struct text *text, const struct member *member, struct str name,
	const struct representations *found, const char *why)
{
	text_add(text, STR("{\"name\":"));
	page_add_json(text, name);
	listrow_json_figures(member, member->modified, text);
	if (why != NULL) {
		text_add(text, STR(",\"why\":"));
		page_add_json(text, str_of(why));
	} else {
		text_add(text, STR(",\"href\":\""));
		path_encode(text, member->name, false);
		text_add(text, STR("\",\"codings\":[\""));
		add_codings(text, found, "\",\"");
		text_add(text, STR("\"],\"type\":"));
		page_add_json(text, found->of[CODING_IDENTITY].type);
	}
	text_byte(text, '}');
}

int
members_list(const struct options *options, struct charset *names)
{
	const struct site site = {
		.max_age = options->max_age, .dotfiles = options->dotfiles};
	struct members m;
	struct zipdir_record record;
	size_t at = 0;

	if (!members_open(&m, options->words[0], names))
		return members_close(&m, EXIT_FAILURE);
	while (zipdir_record(m.archive->zipdir, &at, &record)) {
		struct representations found = {.at_once = false};
		struct text text = {.arena = &m.arena};
		struct str name = name_in_utf8(&m, &record);
		const char *why;

		if (str_ends(record.recorded, STR("/")))
			continue;
		why = find_forms(&m, &record, &site, &found);
		if (options->json)
			add_json_line(&text, &record.member, name, &found, why);
		else
			add_plain_line(
				&text, &record.member, name, &found, why);
		if (m.arena.failed)
			return members_close(&m,
				tell_fault_of(
					&m, record.recorded, "no memory"));
		printf("%.*s\n", STR_ARG(text));
		arena_reset(&m.arena);
	}
	return members_close(&m, EXIT_SUCCESS);
}

/* Content. */

static int
copy_content(struct members *m, const struct member *member, uint64_t start)
{
	char buffer[BUFFER_SIZE];
	struct source *source = source_open(m->archive, member, start, NULL);
	ssize_t n = -1;

	while (source != NULL &&
		((n = source->read(source, buffer, sizeof(buffer))) > 0 ||
			n == SOURCE_LATER)) {
		if (n > 0 && fwrite(buffer, 1, (size_t)n, stdout) < (size_t)n)
			break;
	}
	if (n < 0 && m->why[0] == '\0')
		snprintf(m->why, sizeof(m->why), "%s", strerrordesc_np(errno));
	if (source != NULL)
		source->close(source);
	return n < 0 ? -1 : 0;
}

static int
cat_member(struct members *m, struct str name)
{
	struct member member;
	struct str real;
	const char *why = NULL;
	uint64_t start;

	m->why[0] = '\0';
	if (name.n == 0 || str_ends(name, STR("/")))
		return tell_fault_of(m, name, "there is no such member");
	if (!zipdir_find(m->archive->zipdir, name, &member))
		member = (struct member){.name = name, .link = true};
	if (member.link)
		why = archive_sort(m->archive, false) == STATUS_GO
			? follow_member(m, &member, &real)
			: "no memory";
	if (why != NULL)
		return tell_fault_of(m, name,
			zipdir_find(m->archive->zipdir, name, &member)
				? why
				: "there is no such member");
	if (!source_is_readable(&member))
		represent_unsupported(m->archive, &member);
	else if (archive_locate(m->archive, &member, &start) == STATUS_GO &&
		copy_content(m, &member, start) == 0)
		return EXIT_SUCCESS;
	return tell_fault_of(m, name, m->why);
}

int
members_cat(const struct options *options, struct charset *names)
{
	struct members m;
	int status = EXIT_SUCCESS;

	if (!members_open(&m, options->words[0], names))
		return members_close(&m, EXIT_FAILURE);
	for (int i = 1; i < options->nwords && !ferror(stdout); i++) {
		if (cat_member(&m, str_of(options->words[i])) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
		arena_reset(&m.arena);
	}
	return members_close(&m, status);
}
