/* A request's way, in order.  The archive's freshness is asked for last: what
 * was read before it, of the index and of a small member, is what the file held
 * when it was asked.  When the file is another one by then, all is decided
 * anew. */

#include "serve.h"

#include <inttypes.h>
#include <time.h>

#include "bytes.h"
#include "listing.h"
#include "negotiate.h"
#include "route.h"

enum { TRIES = 100 };

/* What the steps of one request know. */
struct job {
	const struct service *service;
	const struct request *request;
	struct arena *arena;
	struct response *response;
	struct route route;
	struct archive *archive; /* lent by the response's body */
	struct timespec started;
};

static struct str
join(struct job *job, struct str directory, struct str name)
{
	if (directory.n == 0)
		return name;
	return arena_printf(
		job->arena, "%.*s/%.*s", STR_ARG(directory), STR_ARG(name));
}

/* RFC 1952, section 2.3: no name, no time, made on Unix. */
static const char gzip_header[10] = {
	'\x1f', '\x8b', '\x08', 0, 0, 0, 0, 0, 0, 3};

/* Add what part of text, which stands at offset at of the whole, holds. */
static void
add_clipped(struct body *body, struct str text, uint64_t at, struct span part)
{
	uint64_t end = at + text.n;
	uint64_t from = part.first > at ? part.first : at;
	uint64_t to = part.end < end ? part.end : end;

	if (from < to)
		body_add_text(body,
			str_slice(
				text, (size_t)(from - at), (size_t)(to - at)));
}

static void
add_gzip(struct body *body, const struct representation *r, struct span part)
{
	const uint64_t front = sizeof(gzip_header);
	const uint64_t end = front + r->member.packed;
	uint64_t from = part.first > front ? part.first : front;
	uint64_t to = part.end < end ? part.end : end;
	unsigned char *trailer = arena_get(body->arena, 8);

	if (trailer == NULL)
		return;
	put32(trailer, r->member.crc);
	put32(trailer + 4, (uint32_t)r->member.size);
	add_clipped(body, (struct str){gzip_header, front}, 0, part);
	if (from < to)
		body_add_slice(body, r->start + from - front, to - from);
	add_clipped(body, (struct str){(char *)trailer, 8}, end, part);
}

static void
add_part(struct body *body, const struct representation *r, struct span part)
{
	if (r->form == FORM_GZIP)
		add_gzip(body, r, part);
	else if (r->form == FORM_PACKED || r->member.method == ZIP_STORED)
		body_add_slice(
			body, r->start + part.first, part.end - part.first);
	else
		body_add_content(body, &r->member, r->start, part);
}

/* The fields that 200, 206 and 304 share, and the one of 416. */
static void
describe(struct job *job, const struct representations *found,
	const struct negotiation *n)
{
	const struct representation *r = &found->of[n->coding];
	struct response *response = job->response;

	response->status = n->status;
	response->etag = r->etag;
	response->vary = (found->available & (found->available - 1)) != 0;
	if (n->status == STATUS_NOT_MODIFIED)
		return;
	response->content_type = r->type;
	response->content_encoding = encoding_names[n->coding];
	response->modified = found->modified;
	response->dated = true;
	response->ranges = true;
	response->has_length = true;
}

/* How the bytes come about. */
static const char *
form_name(const struct representation *r)
{
	if (r->form == FORM_GZIP)
		return "the deflate stream as it lies, as gzip";
	if (r->form == FORM_PACKED)
		return "the data as they lie";
	if (r->member.method == ZIP_STORED)
		return "stored, as it lies";
	return r->member.method == ZIP_DEFLATED ? "inflated"
						: "unpacked by libzip";
}

static void
send_member(struct job *job, const struct representations *found,
	const struct negotiation *n)
{
	const struct representation *r = &found->of[n->coding];
	struct response *response = job->response;
	struct span part = {0, r->size};

	describe(job, found, n);
	response->member = arena_copy(job->arena, r->member.name);
	response->form = form_name(r);
	if (n->status == STATUS_NOT_MODIFIED)
		return;
	if (n->status == STATUS_PARTIAL) {
		part = n->parts[0];
		response->content_range = arena_printf(job->arena,
			"bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part.first,
			part.end - 1, r->size);
	}
	if (response->head)
		response->body.length = r->size;
	else
		add_part(&response->body, r, part);
}

static void
fail(struct job *job, enum status status)
{
	response_error(job->response, status);
	job->archive = NULL;
}

/* Answer with member, as RFC 9110 wants it. */
static void
serve_member(struct job *job, const struct member *member)
{
	struct representations found;
	struct negotiation n;
	enum status status = represent(
		&found, job->archive, member, job->service->site, job->arena);

	if (status != STATUS_GO) {
		fail(job, status);
		return;
	}
	negotiate(&n, job->request, &found, time(NULL));
	switch (n.status) {
	case STATUS_RANGE:
		job->response->content_range = arena_printf(job->arena,
			"bytes */%" PRIu64, found.of[n.coding].size);
		/* fall through */
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_FAILED_CONDITION:
		fail(job, n.status);
		break;
	default:
		send_member(job, &found, &n);
	}
}

/* 404, with the archive's own page if it has one. */
static void
serve_missing(struct job *job)
{
	struct request plain = {.method = job->request->method};
	struct representations found;
	struct negotiation n;
	struct member page;

	if (!zipdir_find(job->archive->zipdir, STR("404.html"), &page) ||
		represent(&found, job->archive, &page, job->service->site,
			job->arena) != STATUS_GO) {
		fail(job, STATUS_NOT_FOUND);
		return;
	}
	plain.param[PARAM_ACCEPT_ENCODING] =
		job->request->param[PARAM_ACCEPT_ENCODING];
	negotiate(&n, &plain, &found, time(NULL));
	if (n.status != STATUS_OK) {
		fail(job, STATUS_NOT_FOUND);
		return;
	}
	send_member(job, &found, &n);
	job->response->status = STATUS_NOT_FOUND;
	job->response->etag = (struct str){NULL, 0};
	job->response->dated = false;
	job->response->ranges = false;
	job->response->vary = false;
}

static void
redirect(struct job *job)
{
	struct str location = route_with_slash(job->request, job->arena);

	fail(job, STATUS_MOVED);
	job->response->location = location;
}

static void
serve_listing(struct job *job, struct zipdir_walk walk)
{
	struct response *response = job->response;

	if (!job->service->site->listing) {
		fail(job, STATUS_FORBIDDEN);
		return;
	}
	response->content_type = STR("text/html; charset=utf-8");
	response->content_security_policy = STR("default-src 'none'");
	if (!response->head)
		body_add_source(&response->body,
			listing_open(walk,
				job->route.member.n > 0 ? job->route.member
							: STR("/")));
}

static bool
find_index(struct job *job, struct member *member)
{
	const struct site *site = job->service->site;

	for (size_t i = 0; i < site->nindex; i++) {
		if (zipdir_find(job->archive->zipdir,
			    join(job, job->route.member, site->index[i]),
			    member))
			return true;
	}
	return false;
}

static void
serve_directory(struct job *job)
{
	struct zipdir_walk walk;
	struct member member;
	enum status status;

	if (job->route.slash && find_index(job, &member)) {
		serve_member(job, &member);
		return;
	}
	status = archive_walk(job->archive, job->route.member, &walk);
	if (status == STATUS_NOT_FOUND)
		serve_missing(job);
	else if (status != STATUS_GO)
		fail(job, status);
	else if (!job->route.slash)
		redirect(job);
	else
		serve_listing(job, walk);
}

static void
serve_route(struct job *job)
{
	const struct route *route = &job->route;
	struct member member;

	if (job->archive->status != STATUS_GO)
		fail(job, job->archive->status);
	else if (route->member.n == 0 && !route->slash)
		redirect(job);
	else if (!route->slash &&
		zipdir_find(job->archive->zipdir, route->member, &member))
		serve_member(job, &member);
	else
		serve_directory(job);
}

static bool
before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
		(a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* The archive is the one that stood at its path at some moment since the
 * request came, and unchanged until now. */
static bool
still_right(const struct job *job, const struct archive *archive)
{
	if (archive_is_fresh(archive))
		return true;
	return archive->status == STATUS_GO &&
		!before(archive->opened, job->started) &&
		archive_is_intact(archive);
}

/* One try; false when the archive has changed meanwhile. */
static bool
try(struct job *job)
{
	struct archive *archive =
		cache_get(job->service->cache, job->route.archive);
	bool right;

	response_init(job->response, job->arena, job->request->method);
	if (archive == NULL) {
		fail(job, STATUS_UNAVAILABLE);
		return true;
	}
	body_init(&job->response->body, job->arena, archive_keep(archive));
	job->response->archive = job->route.archive;
	job->archive = archive;
	serve_route(job);
	body_settle(&job->response->body);
	right = still_right(job, archive);
	if (!right) {
		cache_forget(job->service->cache, archive);
		response_free(job->response);
	}
	archive_drop(archive);
	return right;
}

/* The answer that needs no archive; STATUS_GO when one is needed. */
static enum status
check_method(struct response *response, const struct request *request)
{
	if (request->method == METHOD_GET || request->method == METHOD_HEAD)
		return STATUS_GO;
	response->allow = STR("GET, HEAD, OPTIONS");
	if (request->method != METHOD_OPTIONS)
		return STATUS_NOT_ALLOWED;
	response->status = STATUS_NO_CONTENT;
	return STATUS_NO_CONTENT;
}

/* Memory ran out: the head alone says so. */
static void
fail_without_memory(struct response *response)
{
	response_free(response);
	response->status = STATUS_UNAVAILABLE;
	response->head = true;
}

static void
decide(struct job *job)
{
	enum status status = check_method(job->response, job->request);

	if (status == STATUS_NO_CONTENT)
		return;
	if (status == STATUS_GO)
		status = route_find(&job->route, job->request,
			job->service->site, job->arena);
	for (int i = 0; status == STATUS_GO && i < TRIES; i++) {
		if (try(job))
			return;
	}
	fail(job, status == STATUS_GO ? STATUS_UNAVAILABLE : status);
}

void
serve(const struct service *service, const struct request *request,
	struct arena *arena, struct response *response)
{
	struct job job = {
		.service = service,
		.request = request,
		.arena = arena,
		.response = response,
	};

	clock_gettime(CLOCK_MONOTONIC, &job.started);
	response_init(response, arena, request->method);
	decide(&job);
	if (arena->failed)
		fail_without_memory(response);
}
