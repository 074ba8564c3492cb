#include "serve/listrow.h"

#include <inttypes.h>

#include "archive/shownname.h"
#include "archive/source.h"
#include "http/packedname.h"
#include "http/page.h"
#include "http/path.h"
#include "zip/hiddenname.h"
#include "zip/rulename.h"

static struct str
shown_name(const struct listrow *row, struct str name, struct arena *arena)
{
	return shownname_of(row->in->archive, name, row->child.legacy, arena);
}

/* The name in the row's URL. */
static struct str
url_name(const struct listrow *row, struct arena *arena)
{
	return row->in->utf8 ? shown_name(row, row->child.name, arena)
			     : row->child.name;
}

/* Whether requests get nothing for real, a name that a link leads to. */
static bool
is_withheld(const struct listed *in, struct str real)
{
	return (in->hides && hiddenname_is(real)) ||
		(in->archive->ruled && rulename_is(real));
}

struct listrow
listrow_of(
	const struct listed *in, const struct child *child, struct arena *arena)
{
	struct listrow row = {in, *child, {NULL, 0}, LINK_FILE};
	struct str url, real;

	if (child->directory || !child->member.link)
		return row;
	if (link_path(in->archive, &child->member, arena, &row.path) !=
		LINK_FILE)
		row.path = STR("");
	url = path_join(in->directory, url_name(&row, arena), arena);
	row.end = link_find(in->archive, url, arena, &row.child.member, &real);
	if (row.end <= LINK_DIRECTORY && is_withheld(in, real))
		row.end = LINK_BROKEN;
	if (row.end != LINK_FILE)
		row.child.member = (struct member){.size = 0};
	row.child.directory = row.end == LINK_DIRECTORY;
	return row;
}

/* Add the URL relative to the directory. */
static void
add_link(const struct listrow *row, struct text *text)
{
	path_encode_link(text, url_name(row, text->arena));
	if (row->child.directory)
		text_byte(text, '/');
}

/* Whether row is a link that no request can follow. */
static bool
is_lost(const struct listrow *row)
{
	return row->end != LINK_FILE && row->end != LINK_DIRECTORY;
}

int64_t
listrow_time(const struct member *member, int64_t written)
{
	return member->local && member->modified > written ? written
							   : member->modified;
}

static void
add_columns(const struct listrow *row, struct text *text)
{
	uint64_t size = row->child.member.size;
	char time[PAGE_TIME_SIZE];

	if (row->child.directory || is_lost(row)) {
		text_add(text, STR("<td></td><td></td>"));
		return;
	}
	page_time(listrow_time(&row->child.member, row->in->written), time);
	text_printf(text, "<td title=\"%" PRIu64 " byte%s\">", size,
		str_plural(size));
	page_add_size(text, size);
	text_printf(text,
		"</td><td><time datetime=\"%s\">%.10s<span> %.5s</span></time></td>",
		time, time, time + 11);
}

/* Whether a file called so is most likely a log. */
static bool
may_be_log(struct str name)
{
	static const char *const lines[] = {"jsonl", "ndjson"};

	return mime_is_log(name) ||
		mime_ends_in(name, lines, sizeof(lines) / sizeof(lines[0]));
}

/* Whether the row most likely has a log page. */
static bool
may_have_log_page(const struct listrow *row)
{
	struct str name = row->child.name;
	struct packedname packed = packedname_read(name);

	return row->end == LINK_FILE && !row->child.directory &&
		(may_be_log(name) ||
			(packed.packing != PACKING_NONE &&
				packing_supports(packed.packing) &&
				may_be_log(packed.inner)));
}

static void
add_name(const struct listrow *row, struct text *text)
{
	text_add(text, STR("<bdi>"));
	page_add(text, shown_name(row, row->child.name, text->arena));
	if (row->child.directory)
		text_byte(text, '/');
	text_add(text, STR("</bdi>"));
	if (row->path.p == NULL)
		return;
	text_add(text, STR(" \xe2\x86\x92 <bdi>"));
	page_add(text, shown_name(row, row->path, text->arena));
	text_add(text, STR("</bdi>"));
}

bool
listrow_is_image(const struct listed *in, const struct child *child)
{
	const struct member *member = &child->member;

	return !child->directory && member->size > 0 &&
		member->size <= LISTROW_IMAGE_MAX &&
		source_is_readable(member) &&
		kind_is_shown(in->mime, child->name);
}

/* Whether the row shows its image. */
static bool
shows_image(const struct listrow *row)
{
	return row->in->images && row->end == LINK_FILE &&
		listrow_is_image(row->in, &row->child);
}

/* Begin the row with a cell whose class says which icon it has. */
static void
begin_cell(const struct listrow *row, struct text *text)
{
	static const char classes[KINDS] = {
		[KIND_TEXT] = 't',
		[KIND_PAGE] = 'h',
		[KIND_IMAGE] = 'i',
		[KIND_AUDIO] = 'a',
		[KIND_VIDEO] = 'v',
		[KIND_ARCHIVE] = 'z',
	};
	enum kind kind = kind_of(row->in->mime, row->child.name);
	char class = row->child.directory ? 'd'
		: is_lost(row)            ? 0
		: shows_image(row)        ? 'p'
					  : classes[kind];

	if (class != 0)
		text_printf(text, "<tr><td class=\"%c\">", class);
	else
		text_add(text, STR("<tr><td>"));
}

/* Add the image, which needs no words since its name is beside it. */
static void
add_image(const struct listrow *row, struct text *text)
{
	text_add(text,
		STR("<img alt=\"\" loading=\"lazy\" decoding=\"async\" src=\""));
	add_link(row, text);
	text_add(text, STR("\">"));
}

void
listrow_html(const struct listrow *row, struct text *text)
{
	begin_cell(row, text);
	if (may_have_log_page(row)) {
		/* The link does not begin with the file's name, because a
		 * mirroring program would take the file for a directory. */
		text_add(text, STR("<a class=\"l\" href=\"./-wwz-log/"));
		path_encode(text, row->child.name, false);
		text_add(text, STR("?view\">log</a>"));
	}
	if (is_lost(row)) {
		add_name(row, text);
	} else {
		text_add(text, STR("<a href=\""));
		add_link(row, text);
		text_add(text, STR("\">"));
		if (shows_image(row))
			add_image(row, text);
		add_name(row, text);
		text_add(text, STR("</a>"));
	}
	text_add(text, STR("</td>"));
	add_columns(row, text);
	text_add(text, STR("</tr>\n"));
}

void
listrow_json_figures(
	const struct member *member, int64_t modified, struct text *text)
{
	char time[PAGE_TIME_SIZE];

	page_time(modified, time);
	text_printf(text,
		",\"size\":%" PRIu64
		",\"modified\":\"%s\",\"compressed\":%" PRIu64
		",\"method\":%u,\"crc32\":\"%08" PRIx32 "\"",
		member->size, time, member->packed, member->method,
		member->crc);
}

void
listrow_json(const struct listrow *row, struct text *text)
{
	const char *kind = row->child.directory ? "directory"
		: is_lost(row)                  ? "nothing"
						: "file";

	text_add(text, STR("\n{\"name\":"));
	page_add_json(text, shown_name(row, row->child.name, text->arena));
	if (!is_lost(row)) {
		text_add(text, STR(",\"href\":\""));
		add_link(row, text);
		text_byte(text, '"');
	}
	if (row->path.p != NULL) {
		text_add(text, STR(",\"type\":\"link\",\"target\":"));
		page_add_json(text, shown_name(row, row->path, text->arena));
		text_printf(text, ",\"to\":\"%s\"", kind);
	} else {
		text_printf(text, ",\"type\":\"%s\"", kind);
	}
	if (!row->child.directory && !is_lost(row)) {
		text_printf(text, ",\"kind\":\"%s\"",
			kind_names[kind_of(row->in->mime, row->child.name)]);
		listrow_json_figures(&row->child.member,
			listrow_time(&row->child.member, row->in->written),
			text);
	}
	text_byte(text, '}');
}
