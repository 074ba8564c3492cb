/* The members are walked over three times: to measure, for their local headers
 * and data, and for the central directory.  Nothing is kept for a member: the
 * offset of its local header is the sum of the sizes before it, in each walk.
 */

#include "http/subzip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/shownname.h"
#include "base/arena.h"
#include "http/ownname.h"
#include "zip/charset.h"
#include "zip/zipwrite.h"

enum {
	/* Members that are passed over before others have their turn. */
	PASSED = 1024,
	NAME_ROOM = CHARSET_ROOM(ZIPWRITE_LONGEST_NAME),
	HEADER_ROOM = ZIPWRITE_HEADER_MAX + ZIPWRITE_END_MAX,
	FILE_TYPE = 0100000, /* of a mode */
	DIRECTORY_TYPE = 0040000,
	LINK_TYPE = 0120000,
	PERMISSIONS = 0777,
	OF_METHOD = 6, /* flags */
};

/* The next member of the zip file, and its entry, up to its offset. */
struct item {
	struct member member;
	struct zip_entry entry;
};

/* A walk over the members. */
struct pass {
	const struct subzip *zip;
	struct zipdir_walk walk;
	uint64_t at;        /* offset of the next local header */
	uint64_t encrypted; /* passed over so far */
	struct arena arena; /* of a name; emptied with each member */
};

enum stage { STAGE_LOCALS, STAGE_CENTRALS, STAGE_END };

struct subzip_source {
	struct source source;

	/* Set once. */
	struct subzip zip;
	unsigned char *header; /* HEADER_ROOM bytes, from the first read on */

	/* The position. */
	enum stage stage;
	struct pass pass;
	uint64_t skip;   /* bytes from here on that are not wanted... */
	uint64_t wanted; /* ...and then how many are */
	/* What is at hand: the rest of a header, and then of a member's data.
	 */
	size_t begin, n;      /* in header */
	struct member member; /* whose data follow */
	bool located;         /* they have been, so that... */
	uint64_t data; /* ...this is an offset in the file, else in them */
	uint64_t left; /* bytes of them */
};

static uint16_t
kept_mode(const struct member *member, bool directory)
{
	unsigned type = directory ? DIRECTORY_TYPE
		: member->link    ? LINK_TYPE
				  : FILE_TYPE;

	return member->mode ? (uint16_t)(type | (member->mode & PERMISSIONS))
			    : 0;
}

/* The name that child has in the zip file. */
static struct str
name_of(struct pass *pass, const struct child *child)
{
	struct str name;

	arena_reset(&pass->arena);
	name = shownname_of(
		pass->zip->archive, child->name, child->legacy, &pass->arena);
	return name.n <= ZIPWRITE_LONGEST_NAME ? name : child->name;
}

/* Get the next member.  false at the end. */
static bool
next_in_subzip(struct pass *pass, struct item *item)
{
	const struct member *m = &item->member;
	struct child child;

	for (;;) {
		if (!zipdir_next_below(&pass->walk, &child))
			return false;
		item->member = child.member;
		if (ownname_keeps_back(pass->zip->archive, m->name))
			continue;
		if ((m->flags & ZIP_ENCRYPTED) == 0)
			break;
		pass->encrypted++;
	}
	item->entry = (struct zip_entry){
		.name = name_of(pass, &child),
		.modified = m->modified,
		.size = m->size,
		.packed = m->packed,
		.offset = pass->at,
		.crc = m->crc,
		.method = m->method,
		.flags = m->flags & OF_METHOD,
		.mode = kept_mode(m, child.directory),
		.local = m->local,
	};
	pass->at += zipwrite_local_size(&item->entry) + m->packed;
	return true;
}

static struct pass
begin_pass(const struct subzip *zip)
{
	return (struct pass){.zip = zip, .walk = zip->walk};
}

enum status
subzip_measure(struct subzip *zip)
{
	const uint64_t most = (uint64_t)zip->archive->id.size;
	struct pass pass = begin_pass(zip);
	enum status status = STATUS_GO;
	struct item item;

	zip->members = zip->centrals = 0;
	while (status == STATUS_GO && next_in_subzip(&pass, &item)) {
		zip->members++;
		zip->centrals += zipwrite_central_size(&item.entry);
		if (item.member.packed > most) {
			archive_fault(zip->archive, &item.member,
				"the data reach beyond the file");
			status = STATUS_ERROR;
		}
	}
	zip->encrypted = pass.encrypted;
	zip->locals = pass.at;
	if (pass.arena.failed)
		status = STATUS_UNAVAILABLE;
	arena_free(&pass.arena);
	return status;
}

/* The end records; buffer has ZIPWRITE_END_MAX bytes. */
static size_t
make_end(const struct subzip *zip, unsigned char *buffer)
{
	char comment[ZIPWRITE_COMMENT_MAX] = "";

	if (zip->encrypted > 0)
		snprintf(comment, sizeof(comment),
			"Left out, since encrypted: %" PRIu64, zip->encrypted);
	return zipwrite_end(buffer, zip->locals, zip->centrals, zip->members,
		str_of(comment));
}

uint64_t
subzip_size(const struct subzip *zip)
{
	unsigned char end[ZIPWRITE_END_MAX];

	return zip->locals + zip->centrals + make_end(zip, end);
}

/* Whether a piece of n bytes is wanted in part; if not, it is passed over. */
static bool
wants_piece(struct subzip_source *s, uint64_t n)
{
	if (s->skip < n)
		return true;
	s->skip -= n;
	return false;
}

/* Let the header, of n bytes, be given out as far as it is wanted. */
static void
take_header(struct subzip_source *s, size_t n)
{
	s->begin = s->skip < n ? (size_t)s->skip : n;
	s->skip -= s->begin;
	s->n = n;
}

/* Begin a member: its local header, and then its data. */
static void
begin_local(struct subzip_source *s, const struct item *item)
{
	uint64_t packed = item->member.packed;

	if (!wants_piece(s, zipwrite_local_size(&item->entry) + packed))
		return;
	take_header(s, zipwrite_local(s->header, &item->entry, 1));
	s->member = item->member;
	s->located = false;
	s->data = s->skip;
	s->left = packed - s->skip;
	s->skip = 0;
}

static void
begin_central(struct subzip_source *s, const struct item *item)
{
	if (wants_piece(s, zipwrite_central_size(&item->entry)))
		take_header(s, zipwrite_central(s->header, &item->entry));
}

/* Begin a stage.  If nothing of it is wanted, begin the one behind it. */
static void
begin_stage(struct subzip_source *s, enum stage stage)
{
	if (stage == STAGE_LOCALS && !wants_piece(s, s->zip.locals))
		stage = STAGE_CENTRALS;
	if (stage == STAGE_CENTRALS && !wants_piece(s, s->zip.centrals))
		stage = STAGE_END;
	s->stage = stage;
	arena_free(&s->pass.arena);
	s->pass = begin_pass(&s->zip);
	if (stage == STAGE_END)
		take_header(s, make_end(&s->zip, s->header));
}

/* Go on to the next member, or the next stage. */
static void
next_piece(struct subzip_source *s)
{
	struct item item;

	if (!next_in_subzip(&s->pass, &item))
		begin_stage(s, s->stage + 1);
	else if (s->stage == STAGE_LOCALS)
		begin_local(s, &item);
	else
		begin_central(s, &item);
}

static size_t
copy_header(struct subzip_source *s, char *buffer, size_t n)
{
	if (n > s->n - s->begin)
		n = s->n - s->begin;
	memcpy(buffer, s->header + s->begin, n);
	s->begin += n;
	return n;
}

/* Copy up to n bytes of the data.  Returns how many; -1 with errno. */
static ssize_t
copy_data(struct subzip_source *s, char *buffer, size_t n)
{
	struct archive *archive = s->zip.archive;
	uint64_t start;

	if (!s->located) {
		if (archive_locate(archive, &s->member, &start) != STATUS_GO)
			return -1;
		s->data += start;
		s->located = true;
	}
	if (n > s->left)
		n = (size_t)s->left;
	if (archive_read(archive, s->data, buffer, n) < 0)
		return archive_lost(archive, &s->member);
	s->data += n;
	s->left -= n;
	return (ssize_t)n;
}

/* Make up to n bytes, fewer when many members were passed over.  Returns how
 * many; -1 with errno. */
static ssize_t
make_bytes(struct subzip_source *s, char *buffer, size_t n)
{
	ssize_t done = 0, got;

	for (int passed = 0; (size_t)done < n && passed < PASSED; done += got) {
		char *p = buffer + done;
		size_t room = n - (size_t)done;

		got = 0;
		if (s->begin < s->n)
			got = (ssize_t)copy_header(s, p, room);
		else if (s->left > 0)
			got = copy_data(s, p, room);
		else if (passed++ < PASSED)
			next_piece(s);
		if (got < 0)
			return -1;
	}
	return done;
}

/* Make room for headers, and begin.  -1 with errno. */
static int
begin_bytes(struct subzip_source *s)
{
	s->header = malloc(HEADER_ROOM);
	if (s->header == NULL)
		return -1;
	begin_stage(s, STAGE_LOCALS);
	return 0;
}

static ssize_t
subzip_read(struct source *source, void *buffer, size_t n)
{
	struct subzip_source *s = (struct subzip_source *)source;
	ssize_t done;

	if (s->wanted == 0)
		return 0;
	if (s->header == NULL && begin_bytes(s) < 0)
		return -1;
	done = make_bytes(s, buffer, n < s->wanted ? n : (size_t)s->wanted);
	if (s->pass.arena.failed) {
		errno = ENOMEM;
		return -1;
	}
	if (done <= 0)
		return done < 0 ? -1 : SOURCE_LATER;
	s->wanted -= (uint64_t)done;
	if (s->wanted == 0 && !archive_is_intact(s->zip.archive))
		return archive_fault(
			s->zip.archive, &s->member, "the file has changed");
	return done;
}

static void
subzip_close(struct source *source)
{
	struct subzip_source *s = (struct subzip_source *)source;

	arena_free(&s->pass.arena);
	free(s->header);
	free(s);
}

struct source *
subzip_open(const struct subzip *zip, struct span part)
{
	struct subzip_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->source.read = subzip_read;
	s->source.close = subzip_close;
	s->source.memory = HEADER_ROOM + NAME_ROOM;
	s->zip = *zip;
	s->skip = part.first;
	s->wanted = part.end - part.first;
	return &s->source;
}
