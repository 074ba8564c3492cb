/* A verifier lies in the membercache while its member is sent for the first
 * time.  Each request that has sent a part of the data decompresses the same
 * part of the content, and discards it, before it sends more.  So the verdict
 * is there when the last bytes are due, and no response is silent for long.
 * Twenty requests for one member do this work once, each whenever it has its
 * turn. */

#include "archive/verify.h"

#include <stdlib.h>

#include "archive/made.h"

enum {
	QUICK_SIZE = 1024 * 1024, /* takes 2 or 3 ms to inflate */
	LONG_SIZE = 128 * 1024,   /* takes 0.3 ms */
	STEP_SIZE = 16 * 1024,    /* on the stack, for verify_at_once */
};

struct verifier {
	struct cached cached;

	/* Set once. */
	struct archive *archive; /* lent: the cache is emptied before it goes */
	struct member member;
	uint64_t start;
	uint64_t memory; /* that membercache does not count */

	pthread_mutex_t lock; /* guards what follows */
	bool busy;            /* a thread does a step, and owns source */
	uint64_t seen;        /* bytes of content */
	bool failed;
	struct source *source; /* NULL before the first step, and at the end */
};

enum verdict
verify_verdict(const struct archive *archive, const struct member *member)
{
	unsigned notes = archive_notes(archive, member);

	if ((notes & ARCHIVE_ODD) != 0)
		return VERDICT_ODD;
	return (notes & ARCHIVE_CHECKED) != 0 ? VERDICT_RIGHT : VERDICT_NONE;
}

bool
verify_is_quick(const struct member *member)
{
	return member->size <= QUICK_SIZE && member->packed <= QUICK_SIZE;
}

bool
verify_is_long(const struct member *member)
{
	return member->size > LONG_SIZE || member->packed > LONG_SIZE ||
		source_is_slow(member);
}

enum status
verify_at_once(
	struct archive *archive, const struct member *member, uint64_t start)
{
	struct source *source = source_open(archive, member, start, NULL);
	char scratch[STEP_SIZE];
	enum status status;
	uint64_t seen = 0;
	ssize_t n;

	if (source == NULL)
		return STATUS_UNAVAILABLE;
	do {
		n = source->read(source, scratch, sizeof(scratch));
		seen += n > 0 ? (uint64_t)n : 0;
	} while (n == SOURCE_LATER || (n > 0 && seen < member->size));
	status = n < 0 ? source_failure() : STATUS_GO;
	source->close(source);
	return status;
}

static void
end_source(struct verifier *v)
{
	if (v->source != NULL)
		v->source->close(v->source);
	v->source = NULL;
}

static void
verifier_free(struct cached *cached)
{
	struct verifier *v = (struct verifier *)cached;

	end_source(v);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

struct verifier *
verify_get(struct archive *archive, const struct member *member, uint64_t start)
{
	struct verifier *v = (struct verifier *)made_find(
		archive, member, MEMBERCACHE_VERIFIER);
	struct cached *shared;
	uint64_t memory;

	if (v != NULL)
		return v;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return NULL;
	v->cached = (struct cached){.free = verifier_free, .users = 1};
	v->archive = archive;
	v->member = *member;
	v->start = start;
	pthread_mutex_init(&v->lock, NULL);
	memory = source_memory(archive, member, start);
	shared = made_share(archive, member, MEMBERCACHE_VERIFIER, &v->cached,
		sizeof(*v) + (size_t)memory);
	if (shared != NULL)
		return (struct verifier *)shared;
	/* Without room each request looks for itself. */
	v->memory = memory;
	return v;
}

void
verify_drop(struct verifier *verifier)
{
	if (verifier != NULL)
		cached_drop(&verifier->cached);
}

uint64_t
verify_memory(const struct verifier *verifier)
{
	return verifier->memory;
}

/* The bytes of content to be seen for that part. */
static uint64_t
wanted(const struct verifier *v, uint64_t part, uint64_t whole)
{
	if (part == whole)
		return UINT64_MAX;
	return (uint64_t)((double)part / (double)whole *
		(double)v->member.size);
}

/* Begin a step, and return SOURCE_LATER.  If there is nothing to do, return the
 * result of verify_step. */
static int
begin_step(struct verifier *v, uint64_t until)
{
	int result = SOURCE_LATER;

	pthread_mutex_lock(&v->lock);
	switch (verify_verdict(v->archive, &v->member)) {
	case VERDICT_RIGHT:
		result = 1;
		break;
	case VERDICT_ODD:
		result = -1;
		break;
	case VERDICT_NONE:
		if (v->failed)
			result = -1;
		else if (v->seen >= until)
			result = 0;
		else if (v->busy)
			result = SOURCE_WAITS;
		else
			v->busy = true;
		break;
	}
	pthread_mutex_unlock(&v->lock);
	return result;
}

/* Read on.  The verdict is noted by the source. */
static ssize_t
read_on(struct verifier *v, char *buffer, size_t n)
{
	if (v->source == NULL)
		v->source = source_open(v->archive, &v->member, v->start, NULL);
	if (v->source == NULL)
		return -1;
	return v->source->read(v->source, buffer, n);
}

/* End a step, which gave got.  After the last one the verifier leaves the
 * cache.  A failure counts for all who have a share; later requests begin
 * again, because its cause may be gone. */
static void
end_step(struct verifier *v, ssize_t got)
{
	bool ends = got == -1 ||
		verify_verdict(v->archive, &v->member) != VERDICT_NONE;

	pthread_mutex_lock(&v->lock);
	v->busy = false;
	v->failed = got == -1;
	if (got > 0)
		v->seen += (uint64_t)got;
	if (ends)
		end_source(v);
	pthread_mutex_unlock(&v->lock);
	if (ends && v->archive->membercache != NULL)
		membercache_remove(v->archive->membercache, &v->cached);
}

int
verify_step(struct verifier *v, uint64_t part, uint64_t whole, char *buffer,
	size_t n)
{
	int result = begin_step(v, wanted(v, part, whole));
	ssize_t got;

	if (result != SOURCE_LATER)
		return result;
	got = read_on(v, buffer, n);
	end_step(v, got);
	return got == -1 ? -1 : SOURCE_LATER;
}
