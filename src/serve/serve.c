/* A request is answered in the order of the functions here.  The last step
 * checks that the archive is still fresh: if it is, everything read before, the
 * index and the content of a small member, is what the file held at that
 * moment.  If the file has been replaced meanwhile, the whole response is made
 * again. */

#include "serve/serve.h"

#include <errno.h>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/ownname.h"
#include "http/path.h"
#include "serve/byrule.h"
#include "serve/ownpage.h"

enum { TRIES = 100 };

static void
redirect(struct job *job)
{
	struct str location = route_with_slash(job->request, job->arena);

	job_fail(job, STATUS_MOVED);
	job->response->location = location;
}

/* Find a page whose name is followed by a slash: a directory of that name comes
 * first. */
static bool
find_page_of_no_directory(struct job *job, struct member *member)
{
	struct zipdir_walk walk;

	return job_find_page(job, job->route.member, member) &&
		job_walk(job, job->route.member, &walk) == STATUS_NOT_FOUND;
}

static void
serve_page(struct job *job, const struct member *member)
{
	job->what = "a page, by its name without .html";
	job_serve(job, member);
}

/* Redirect to the page of a directory, which ends in "/". */
static void
serve_without_slash(struct job *job)
{
	struct zipdir_walk walk;
	enum status status = job_walk(job, job->route.member, &walk);

	job->what = "a directory, whose page ends in /";
	if (status == STATUS_GO)
		redirect(job);
	else if (status == STATUS_NOT_FOUND)
		job_serve_missing(job);
	else
		job_fail(job, status);
}

/* Answer for a path that ends in "/". */
static void
serve_directory(struct job *job)
{
	struct member member;

	if (!job->tree && job_find_index(job, job->route.member, &member)) {
		job->what = "a directory with an index file";
		job_serve(job, &member);
	} else if (find_page_of_no_directory(job, &member)) {
		serve_page(job, &member);
	} else if (!byrule_serve(job, false)) {
		ownpage_list(job, job->route.member);
	}
}

/* Answer for a path that does not. */
static void
serve_file(struct job *job)
{
	struct str name = job->route.member;
	struct member member;

	if (job_find(job, name, &member)) {
		job->what = job->linked ? "a member, by a symbolic link"
					: "a member";
		job_serve(job, &member);
	} else if (job_find_page(job, name, &member)) {
		serve_page(job, &member);
	} else if ((!job->tree && job_find_index(job, name, &member)) ||
		!byrule_serve(job, false)) {
		serve_without_slash(job);
	}
}

/* Answer with what the archive has at the path. */
static void
serve_content(struct job *job)
{
	enum status status = job->archive->ruled ? byrule_read(job) : STATUS_GO;

	if (status != STATUS_GO)
		job_fail(job, status);
	else if (job->rules != NULL && byrule_serve(job, true))
		;
	else if (job->route.slash)
		serve_directory(job);
	else
		serve_file(job);
	if (job->fields != NULL)
		headers_apply(job->fields, job->response);
}

/* The answer to OPTIONS; in part, also that to a method that is not allowed. */
static void
answer_options(struct response *response)
{
	response->status = STATUS_NO_CONTENT;
	response->allow = STR("GET, HEAD, OPTIONS");
}

/* Answer OPTIONS, by which browsers ask beforehand what another site may do
 * (CORS): the archive's author says that. */
static void
serve_options(struct job *job)
{
	enum status status = job->archive->status;

	if (status == STATUS_GO && job->archive->ruled)
		status = byrule_read(job);
	if (status == STATUS_LATER || status == STATUS_UNAVAILABLE) {
		job_fail(job, status);
		return;
	}
	answer_options(job->response);
	if (job->fields != NULL)
		headers_apply(job->fields, job->response);
}

static void
serve_route(struct job *job)
{
	const struct route *route = &job->route;

	if (job->request->method == METHOD_OPTIONS) {
		serve_options(job);
	} else if (job->archive->status != STATUS_GO) {
		job->what = "no archive that can be read";
		job_fail(job, job->archive->status);
	} else if (route->member.n == 0 && !route->slash) {
		job->what = "the archive's first page, which ends in /";
		redirect(job);
	} else if (!ownpage_serve(job)) {
		serve_content(job);
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

/* As archive_is_fresh, or whether it was so a short time ago. */
static bool
is_fresh(const struct service *service, struct archive *archive)
{
	int64_t now;

	if (service->revalidate_ns == 0 || archive->status != STATUS_GO)
		return archive_is_fresh(archive);
	now = clock_ns();
	if (archive->seen > 0 && now - archive->seen < service->revalidate_ns)
		return true;
	if (!archive_is_fresh(archive))
		return false;
	archive->seen = now;
	return true;
}

/* Whether the archive was the file at its path at some moment since the request
 * came, and has not changed until now. */
static bool
still_right(const struct job *job, struct archive *archive)
{
	if (is_fresh(job->service, archive))
		return true;
	return archive->status == STATUS_GO &&
		archive->opened >= job->started && archive_is_intact(archive);
}

/* Make the response; false when the archive has changed meanwhile. */
static bool
try(struct job *job)
{
	struct archive *archive;
	bool right;

	response_init(job->response, job->arena, job->request->method);
	job->response->archive = job->route.archive;
	/* Who may wait for storage may read a large directory, too. */
	archive = cache_get(job->service->cache, job->route.archive,
		job->at_once && !blocking_is_watched());
	/* Nothing that was found in another file counts. */
	job->rules = NULL;
	job->fields = NULL;
	job->linked = false;
	if (archive == NULL) {
		job->slow = errno == EINPROGRESS;
		job_fail(job,
			job->slow || errno == EAGAIN ? STATUS_LATER
						     : STATUS_UNAVAILABLE);
		return true;
	}
	time_opening(job, archive);
	body_init(&job->response->body, job->arena, archive_keep(archive));
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
		job_fail(job, job->response->body.broken);
	if (job->response->status == STATUS_ERROR &&
		archive_has_failed(archive, job->started))
		job_fail(job, STATUS_UNAVAILABLE);
	if (!body_borrow(&job->response->body))
		job_fail(job, STATUS_UNAVAILABLE);
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

/* "*" is the whole server (RFC 9110, section 7.1). */
static bool
is_for_server(const struct request *request)
{
	return str_eq(request->param[PARAM_REQUEST_URI], STR("*"));
}

/* Answer requests that need no archive; STATUS_GO when one is needed. */
static enum status
check_request(struct response *response, const struct request *request)
{
	if (body_is_too_large(request))
		return STATUS_TOO_LARGE;
	if (request->method == METHOD_GET || request->method == METHOD_HEAD)
		return STATUS_GO;
	answer_options(response);
	if (request->method != METHOD_OPTIONS)
		return STATUS_NOT_ALLOWED;
	return is_for_server(request) ? STATUS_NO_CONTENT : STATUS_GO;
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
	if (job->request->method == METHOD_OPTIONS && status != STATUS_GO)
		return;
	if (status == STATUS_GO)
		job->tree =
			ownname_in_tree(&job->route.member, job->route.slash);
	for (int i = 0; status == STATUS_GO && i < TRIES; i++) {
		if (try(job))
			return;
	}
	job_fail(job, status == STATUS_GO ? STATUS_UNAVAILABLE : status);
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
	response->slow = job.slow;
	response->opened = job.opened;
	response->opening = job.opening;
	response->what = job.what;
	if (arena->failed)
		fail_without_memory(response);
	return arena->failed || !job.later;
}
