/* A request is answered in the order of the functions here.  The last step
 * checks that the archive is still fresh: if it is, everything read before, the
 * index and the content of a small member, is what the file held at that
 * moment.  If the file has been replaced meanwhile, the whole response is made
 * again. */

#include "serve/serve.h"

#include <errno.h>

#include "archive/link.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/answer.h"
#include "http/errorpage.h"
#include "http/ownname.h"
#include "http/packedname.h"
#include "http/page.h"
#include "http/path.h"
#include "http/route.h"
#include "serve/listing.h"
#include "serve/logview.h"
#include "serve/statuspage.h"

enum {
	TRIES = 100,
	/* Names in an archive; to sort more by size or time is long work. */
	LISTED_AT_ONCE = 4096,
};

/* The state shared by the steps of one request. */
struct job {
	const struct service *service;
	const struct request *request;
	struct arena *arena;
	struct response *response;
	struct route route;
	bool tree;               /* directories are shown as listings */
	bool linked;             /* a symbolic link was followed */
	struct archive *archive; /* lent by the response's body */
	int64_t started;         /* clock_ns */
	bool opened;             /* the archive was opened after that */
	int64_t opening;         /* nanoseconds spent getting the archive */
	const char *what;
	bool at_once; /* do no long work... */
	bool later;   /* ...although it is needed */
};

static void
answer_error(struct job *job, enum status status)
{
	if (status == STATUS_LATER)
		job->later = true;
	else
		errorpage_answer(job->response, status);
	job->archive = NULL;
}

/* Answer with what was found, according to RFC 9110.  If the data of the chosen
 * representation prove to be odd, choose another one. */
static void
serve_found(struct job *job, struct representations *found)
{
	enum status status = STATUS_GO;
	struct negotiation n;
	unsigned before;

	do {
		before = found->available;
		negotiate(&n, job->request, found, time(NULL));
		if (n.status == STATUS_OK || n.status == STATUS_PARTIAL)
			status = represent_confirm(
				found, job->archive, n.coding, job->at_once);
	} while (found->available != before);
	if (status != STATUS_GO) {
		answer_error(job, status);
		return;
	}
	answer(job->response, found, &n, job->service->site);
}

/* Nothing is known of member's content yet, and libzip decompresses whole
 * blocks. */
static bool
look_takes_long(const struct job *job, const struct member *member)
{
	return job->at_once && source_is_slow(member) &&
		archive_notes(job->archive, member) == 0;
}

static void
serve_member(struct job *job, const struct member *member)
{
	struct archive *archive = job->archive;
	struct representations found;
	enum status status;

	if (look_takes_long(job, member)) {
		answer_error(job, STATUS_LATER);
		return;
	}
	status = represent(
		&found, archive, member, job->service->site, job->arena);
	if (status == STATUS_GO)
		serve_found(job, &found);
	else
		answer_error(job, status);
	if (job->response->status == STATUS_NOT_ACCEPTABLE &&
		(found.available & 1u << CODING_IDENTITY) == 0)
		answer_error(job, represent_unsupported(archive, member));
}

/* Find the member called name, through symbolic links if need be.  A member
 * found through a link keeps the name of the link, which decides its media
 * type. */
static bool
find_member(struct job *job, struct str name, struct member *member)
{
	const struct zipdir *zipdir = job->archive->zipdir;
	struct str real;

	if (zipdir_find(zipdir, name, member)) {
		if (!member->link)
			return true;
		name = member->name;
	}
	if (!zipdir_has_links(zipdir))
		return false;
	if (archive_sort(job->archive, job->at_once) == STATUS_LATER) {
		job->later = true;
		return false;
	}
	if (link_follow(job->archive, name, job->arena, member, &real) !=
		LINK_FILE)
		return false;
	job->linked = true;
	member->name = name;
	return true;
}

/* As archive_walk, but through symbolic links if need be. */
static enum status
walk_directory(struct job *job, struct str name, struct zipdir_walk *walk)
{
	enum status status = archive_sort(job->archive, job->at_once);
	struct member member;
	struct str real;

	if (status == STATUS_GO)
		status = archive_walk(job->archive, name, walk);
	if (status != STATUS_NOT_FOUND ||
		!zipdir_has_links(job->archive->zipdir))
		return status;
	if (zipdir_find(job->archive->zipdir, name, &member))
		name = member.name;
	switch (link_follow(job->archive, name, job->arena, &member, &real)) {
	case LINK_DIRECTORY:
		return archive_walk(job->archive, real, walk);
	case LINK_NO_MEMORY:
		return STATUS_UNAVAILABLE;
	default:
		return STATUS_NOT_FOUND;
	}
}

/* Answer with the page that the archive itself has for missing members.  It is
 * never sent in a coding, so that no cache gives it to a client that does not
 * accept the coding. */
static bool
serve_own_page(struct job *job)
{
	struct request plain = {.method = job->request->method};
	const struct site *site = job->service->site;
	struct representations found;
	struct negotiation n;
	struct member page;

	if (!find_member(job, STR("404.html"), &page) ||
		represent(&found, job->archive, &page, site, job->arena) !=
			STATUS_GO)
		return false;
	negotiate(&n, &plain, &found, time(NULL));
	if (n.status != STATUS_OK)
		return false;
	answer_error_page(job->response, &found, &n, site, STATUS_NOT_FOUND);
	return true;
}

static void
serve_missing(struct job *job)
{
	job->what = "no member and no directory";
	if (!serve_own_page(job))
		answer_error(job, STATUS_NOT_FOUND);
}

static void
redirect(struct job *job)
{
	struct str location = route_with_slash(job->request, job->arena);

	answer_error(job, STATUS_MOVED);
	job->response->location = location;
}

static struct str
archive_name(const struct job *job)
{
	return path_last(job->route.archive);
}

/* Evaluate the request's conditions for one of the responder's own pages.  Its
 * entity tag, if it has one, is in the response.  true when the page is wanted.
 */
static bool
wants_page(struct job *job)
{
	enum status status = negotiate_page(job->request, job->response->etag);

	if (status == STATUS_FAILED_CONDITION)
		answer_error(job, status);
	else if (status == STATUS_NOT_MODIFIED)
		job->response->status = status;
	return status == STATUS_GO;
}

/* Show the directory, or an error page that says why not. */
static void
serve_listing(struct job *job, struct str directory)
{
	struct response *response = job->response;
	struct listing_view view =
		listing_view_of(job->request->param[PARAM_QUERY_STRING]);
	struct zipdir_walk walk;
	enum status status = walk_directory(job, directory, &walk);

	job->what = "a directory, as a listing";
	if (status == STATUS_NOT_FOUND) {
		serve_missing(job);
		return;
	}
	if (status == STATUS_GO && !job->service->site->listing)
		status = STATUS_FORBIDDEN;
	if (status != STATUS_GO) {
		answer_error(job, status);
		return;
	}
	response->etag = represent_listing_tag(job->archive,
		job->request->param[PARAM_QUERY_STRING], job->service->site,
		job->arena);
	if (!wants_page(job))
		return;
	if (job->at_once && !listing_is_by_name(&view) &&
		zipdir_count(job->archive->zipdir) > LISTED_AT_ONCE) {
		answer_error(job, STATUS_LATER);
		return;
	}
	view.archive = archive_name(job);
	view.directory = directory;
	view.tree = job->tree;
	view.written = job->archive->id.modified.tv_sec;
	response->content_type =
		view.json ? STR("application/json") : PAGE_TYPE;
	response->content_security_policy =
		view.json ? (struct str){NULL, 0} : page_policy;
	if (!response->head)
		body_add_source(&response->body,
			listing_open(job->archive, walk, &view));
}

static bool
log_takes_long(const struct job *job, const struct member *member)
{
	return look_takes_long(job, member) ||
		(job->at_once &&
			packing_is_slow(packedname_read(member->name).packing));
}

/* Show the lines of the member called name. */
static void
serve_log(struct job *job, struct str name)
{
	struct response *response = job->response;
	struct logpage_view view =
		logpage_view_of(job->request->param[PARAM_QUERY_STRING]);
	struct text link = {.arena = job->arena};
	struct member member;
	uint64_t start;
	struct wrapping how;
	enum status status = STATUS_NOT_FOUND;

	job->what = "a member, line by line";
	if (find_member(job, name, &member))
		status = log_takes_long(job, &member)
			? STATUS_LATER
			: represent_log(job->archive, &member,
				  job->service->site, &start, &how);
	if (status == STATUS_NOT_FOUND) {
		serve_missing(job);
		return;
	}
	if (status != STATUS_GO) {
		answer_error(job, status);
		return;
	}
	response->member = arena_copy(job->arena, member.name);
	if (!wants_page(job))
		return;
	view.name = path_last(member.name);
	text_add(&link, STR("../"));
	path_encode(&link, view.name, false);
	view.link = text_str(&link);
	view.size = member.size;
	response->content_type = PAGE_TYPE;
	response->content_security_policy = page_log_policy;
	response->refresh_seconds = (unsigned)view.refresh;
	if (!response->head)
		body_add_source(&response->body,
			logview_open(
				job->archive, &member, start, &how, &view));
}

static bool
find_index(struct job *job, struct member *member)
{
	const struct site *site = job->service->site;

	for (size_t i = 0; i < site->nindex; i++) {
		if (find_member(job,
			    path_join(job->route.member, site->index[i],
				    job->arena),
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

	if (job->route.slash) {
		job->what = "a directory with an index file";
		if (!job->tree && find_index(job, &member))
			serve_member(job, &member);
		else
			serve_listing(job, job->route.member);
		return;
	}
	status = walk_directory(job, job->route.member, &walk);
	job->what = "a directory, whose page ends in /";
	if (status == STATUS_GO)
		redirect(job);
	else if (status == STATUS_NOT_FOUND)
		serve_missing(job);
	else
		answer_error(job, status);
}

/* Without counters there is no status page. */
static void
serve_status(struct job *job)
{
	const struct accounts *accounts = job->service->accounts;

	if (accounts == NULL || accounts->stats == NULL) {
		serve_missing(job);
		return;
	}
	job->what = "the page about this process";
	if (wants_page(job))
		statuspage_answer(job->response,
			job->request->param[PARAM_QUERY_STRING],
			accounts->stats, job->service->cache);
}

static void
serve_archive(struct job *job)
{
	struct representations found;

	job->what = "the archive itself";
	if (!job->service->site->listing)
		answer_error(job, STATUS_FORBIDDEN);
	else if (represent_archive(&found, job->archive, archive_name(job),
			 job->service->site, job->arena) != STATUS_GO)
		answer_error(job, STATUS_UNAVAILABLE);
	else
		serve_found(job, &found);
}

static bool
serve_own_name(struct job *job)
{
	const struct route *route = &job->route;
	if (route->slash)
		return false;
	switch (ownname_page(route->member)) {
	case OWNNAME_LISTING:
		serve_listing(job, path_parent(route->member));
		return true;
	case OWNNAME_LOG:
		serve_log(job, ownname_logged(route->member, job->arena));
		return true;
	case OWNNAME_ARCHIVE:
		serve_archive(job);
		return true;
	case OWNNAME_STATUS:
		serve_status(job);
		return true;
	default:
		return false;
	}
}

static void
serve_route(struct job *job)
{
	const struct route *route = &job->route;
	struct member member;

	if (job->archive->status != STATUS_GO) {
		job->what = "no archive that can be read";
		answer_error(job, job->archive->status);
	} else if (route->member.n == 0 && !route->slash) {
		job->what = "the archive's first page, which ends in /";
		redirect(job);
	} else if (serve_own_name(job)) {
		return;
	} else if (!route->slash && find_member(job, route->member, &member)) {
		job->what = job->linked ? "a member, by a symbolic link"
					: "a member";
		serve_member(job, &member);
	} else {
		serve_directory(job);
	}
}

/* Record whether the archive was opened for this request and how long that
 * took. */
static void
time_opening(struct job *job, const struct archive *archive)
{
	if (job->service->accounts == NULL)
		return;
	job->opened = archive->opened >= job->started;
	job->opening = clock_ns() - job->started;
}

/* Whether the archive was the file at its path at some moment since the request
 * came, and has not changed until now. */
static bool
still_right(const struct job *job, const struct archive *archive)
{
	if (archive_is_fresh(archive))
		return true;
	return archive->status == STATUS_GO &&
		archive->opened >= job->started && archive_is_intact(archive);
}

/* Make the response; false when the archive has changed meanwhile. */
static bool
try(struct job *job)
{
	struct archive *archive = cache_get(
		job->service->cache, job->route.archive, job->at_once);
	bool right;

	response_init(job->response, job->arena, job->request->method);
	if (archive == NULL) {
		answer_error(job,
			errno == EAGAIN ? STATUS_LATER : STATUS_UNAVAILABLE);
		return true;
	}
	time_opening(job, archive);
	body_init(&job->response->body, job->arena, archive_keep(archive));
	job->response->archive = job->route.archive;
	job->archive = archive;
	serve_route(job);
	job->later = job->later ||
		(job->at_once && body_settles_late(&job->response->body));
	if (job->later) {
		archive_drop(archive);
		return true;
	}
	body_settle(&job->response->body);
	if (job->response->body.broken != STATUS_GO)
		answer_error(job, job->response->body.broken);
	if (!job->response->head && !body_borrow(&job->response->body))
		answer_error(job, STATUS_UNAVAILABLE);
	right = still_right(job, archive);
	if (!right) {
		cache_forget(job->service->cache, archive);
		response_free(job->response);
	}
	archive_drop(archive);
	return right;
}

/* Tell whether the request announces a body that is too large.  Without a
 * length the body's bytes are counted as they come.  Caddy writes -1 when it
 * does not know the length. */
static bool
body_is_too_large(const struct request *request)
{
	struct str length = request->param[PARAM_CONTENT_LENGTH];
	uint64_t bytes;

	return length.n > 0 && length.p[0] != '-' &&
		!str_number(length, REQUEST_BODY_MAX, &bytes);
}

/* Answer requests that need no archive; STATUS_GO when one is needed. */
static enum status
check_request(struct response *response, const struct request *request)
{
	if (body_is_too_large(request))
		return STATUS_TOO_LARGE;
	if (request->method == METHOD_GET || request->method == METHOD_HEAD)
		return STATUS_GO;
	response->allow = STR("GET, HEAD, OPTIONS");
	if (request->method != METHOD_OPTIONS)
		return STATUS_NOT_ALLOWED;
	response->status = STATUS_NO_CONTENT;
	return STATUS_NO_CONTENT;
}

/* Memory ran out: answer with a head only. */
static void
fail_without_memory(struct response *response)
{
	response_free(response);
	response->status = STATUS_UNAVAILABLE;
	response->head = true;
	log_pairs(LOG_WARN, "no-memory", {"why", STR("for a response")});
}

static void
decide(struct job *job)
{
	enum status status = check_request(job->response, job->request);

	if (status == STATUS_NO_CONTENT)
		return;
	if (status == STATUS_GO)
		status = route_find(&job->route, job->request,
			job->service->site, job->arena);
	if (status == STATUS_GO)
		job->tree =
			ownname_in_tree(&job->route.member, job->route.slash);
	for (int i = 0; status == STATUS_GO && i < TRIES; i++) {
		if (try(job))
			return;
	}
	answer_error(job, status == STATUS_GO ? STATUS_UNAVAILABLE : status);
}

/* Leave the response as it is when it is to be made later, and never is. */
static void
put_off(struct job *job)
{
	response_free(job->response);
	response_init(job->response, job->arena, job->request->method);
	job->response->status = STATUS_UNAVAILABLE;
	job->response->archive = job->route.archive;
}

bool
serve(const struct service *service, const struct request *request,
	struct arena *arena, struct response *response, bool at_once)
{
	struct job job = {
		.service = service,
		.request = request,
		.arena = arena,
		.response = response,
		.started = clock_ns(),
		.at_once = at_once,
	};

	response_init(response, arena, request->method);
	decide(&job);
	if (job.later)
		put_off(&job);
	response->opened = job.opened;
	response->opening = job.opening;
	response->what = job.what;
	if (arena->failed)
		fail_without_memory(response);
	return arena->failed || !job.later;
}
