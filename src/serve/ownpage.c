#include "serve/ownpage.h"

#include "http/negotiate.h"
#include "http/ownform.h"
#include "http/ownname.h"
#include "http/page.h"
#include "http/path.h"
#include "http/subzip.h"
#include "serve/gzip.h"
#include "serve/listing.h"
#include "serve/logfind.h"
#include "serve/logjump.h"
#include "serve/lognav.h"
#include "serve/logquery.h"
#include "serve/logresults.h"
#include "serve/logview.h"
#include "serve/readme.h"
#include "serve/search.h"
#include "serve/statuspage.h"

/* Names in an archive; to sort more by size or time, or to add up their sizes,
 * is long work. */
enum { LISTED_AT_ONCE = 4096 };

static struct str
archive_name(const struct job *job)
{
	return path_last(job->route.archive);
}

/* Choose the coding of a page that is made while it is sent. */
static enum coding
choose_page_coding(struct job *job)
{
	job->response->vary = true;
	return negotiate_page_coding(job->request);
}

/* Make a page the body, in its coding.  HEAD has no source. */
static void
add_page(struct response *response, enum coding coding, struct source *source)
{
	response->content_encoding = encoding_names[coding];
	if (!response->head)
		body_add_source(&response->body,
			coding == CODING_GZIP ? gzip_open(source) : source, 0);
}

/* Evaluate the request's conditions for one of the responder's own pages.  Its
 * entity tag, if it has one, is in the response.  true when the page is wanted.
 */
static bool
wants_page(struct job *job)
{
	enum status status = negotiate_page(job->request, job->response->etag);

	if (status == STATUS_FAILED_CONDITION)
		job_fail(job, status);
	else if (status == STATUS_NOT_MODIFIED)
		job->response->status = status;
	return status == STATUS_GO;
}

/* The query of a listing.  A client that says it takes HTML is a browser, which
 * is slow with very long pages: unless it asks for something else, it gets the
 * first page.  Programs say that they take anything, and get everything at
 * once, as some look at one page only.  They always do in the tree of listings,
 * which is for them, so that no cache can give them a page. */
static struct str
listing_query(struct job *job)
{
	struct str query = job->request->param[PARAM_QUERY_STRING];

	if (job->tree || page_query(query, STR("page")).n > 0 ||
		page_query(query, STR("format")).n > 0)
		return query;
	job->response->vary_on = STR("Accept");
	if (!str_has_nocase(
		    job->request->param[PARAM_ACCEPT], STR("text/html")))
		return query;
	return arena_printf(job->arena, "page=1&%.*s", STR_ARG(query));
}

/* Whether what takes work for each name has to wait for a turn. */
static bool
lists_later(const struct job *job)
{
	return job->at_once &&
		zipdir_count(job->archive->zipdir) > LISTED_AT_ONCE;
}

/* Answer with the listing of directory, over which walk leads. */
static void
serve_listing(struct job *job, struct str directory, struct zipdir_walk walk)
{
	struct response *response = job->response;
	struct str query = listing_query(job);
	struct listing_view view = listing_view_of(query, job->arena);
	enum coding coding = choose_page_coding(job);
	struct readme *readme = arena_get(job->arena, sizeof(*readme));
	struct source *source;
	enum status status;

	response->etag = ownform_listing_tag(
		job->archive, query, coding, job->service->site, job->arena);
	if (!wants_page(job))
		return;
	if (!listing_is_walked(&view) && lists_later(job)) {
		job_fail(job, STATUS_LATER);
		return;
	}
	status = readme ? readme_find(job, directory, readme)
			: STATUS_UNAVAILABLE;
	if (status != STATUS_GO) {
		job_fail(job, status);
		return;
	}
	view.readme = readme;
	view.mime = job->service->site->mime;
	view.careful = job->service->site->untrusted;
	view.archive = archive_name(job);
	view.directory = directory;
	view.tree = job->tree;
	view.written = job->archive->id.modified.tv_sec;
	view.download = !job_hides(job);
	source = listing_open(job->archive, walk, &view);
	response->content_type =
		view.json ? STR("application/json") : PAGE_TYPE;
	if (!view.json)
		response->content_security_policy =
			source != NULL && listing_has_images(source)
			? page_images_policy
			: page_listing_policy;
	if (response->head && source != NULL) {
		source->close(source);
		source = NULL;
	}
	add_page(response, coding, source);
}

/* Answer with the zip file of directory, over which walk leads. */
static void
serve_subzip(struct job *job, struct str directory, struct zipdir_walk walk)
{
	struct subzip *zip = arena_get(job->arena, sizeof(*zip));
	struct str name = path_last(directory);
	struct representations found;
	enum status status;

	job->what = "a directory, as a zip file";
	if (zip == NULL)
		return;
	*zip = (struct subzip){.archive = job->archive, .walk = walk};
	status = lists_later(job) ? STATUS_LATER : subzip_measure(zip);
	if (directory.n == 0) {
		name = archive_name(job);
		name.n -= path_suffix(name, job->service->site->suffix);
	}
	if (status == STATUS_GO)
		status = ownform_subzip(
			&found, zip, name, job->service->site, job->arena);
	if (status == STATUS_GO)
		job_serve_found(job, &found);
	else
		job_fail(job, status);
}

/* Begin a walk over directory, for a page that tells what is in it.  If there
 * is none to be had, answer so and return false. */
static bool
begin_walk(struct job *job, struct str directory, struct zipdir_walk *walk)
{
	enum status status = job_walk(job, directory, walk);

	if (status == STATUS_NOT_FOUND) {
		job_serve_missing(job);
		return false;
	}
	if (status == STATUS_GO && !job->service->site->listing)
		status = STATUS_FORBIDDEN;
	if (status != STATUS_GO) {
		job_fail(job, status);
		return false;
	}
	job->fields = NULL; /* the page is not the author's */
	return true;
}

void
ownpage_list(struct job *job, struct str directory)
{
	struct zipdir_walk walk;

	job->what = "a directory, as a listing";
	if (!begin_walk(job, directory, &walk))
		return;
	if (page_asks(job->request->param[PARAM_QUERY_STRING], STR("download")))
		serve_subzip(job, directory, walk);
	else
		serve_listing(job, directory, walk);
}

/* What is to be searched for.  false when it cannot be. */
static bool
read_search(struct job *job, struct search_view *view)
{
	struct str query = job->request->param[PARAM_QUERY_STRING];

	view->lines = logquery_view(query);
	view->lines.q = page_field(query, STR("q"), job->arena);
	view->member = page_field(query, STR("member"), job->arena);
	return view->lines.q.n == 0 ||
		logmatch_can(view->lines.q, view->lines.regex);
}

/* Search in all texts below directory. */
static void
serve_search(struct job *job, struct str directory)
{
	struct response *response = job->response;
	struct search_view view = {
		.archive = archive_name(job), .directory = directory};
	struct zipdir_walk walk;
	enum coding coding;

	job->what = "a search in the texts of a directory";
	if (!begin_walk(job, directory, &walk))
		return;
	if (!read_search(job, &view)) {
		job_fail(job, STATUS_BAD_REQUEST);
		return;
	}
	coding = choose_page_coding(job);
	response->etag = ownform_search_tag(job->archive,
		job->request->param[PARAM_QUERY_STRING], coding,
		job->service->site, job->arena);
	if (!wants_page(job))
		return;
	response->content_type =
		view.lines.json ? STR("application/json") : PAGE_TYPE;
	if (!view.lines.json)
		response->content_security_policy = page_log_policy;
	add_page(response, coding,
		response->head ? NULL
			       : search_open(job->archive, walk, &view,
					 job->service->site));
}

/* Lead to an error in the log of member. */
static void
serve_jump(struct job *job, const struct member *member,
	const struct logtext *text, const struct logpage_view *view)
{
	body_add_source(&job->response->body,
		logjump_open(job->archive, member, text->start, &text->how,
			view, route_path(job->request, job->arena)),
		0);
}

/* Show lines of the log of member, or what is found in it. */
static void
serve_lines(struct job *job, const struct member *member,
	const struct logtext *text, struct logpage_view *view)
{
	struct response *response = job->response;
	struct text link = {.arena = job->arena};
	bool searches = view->q.n > 0;
	enum coding coding = choose_page_coding(job);

	response->etag =
		ownform_log_tag(member, job->request->param[PARAM_QUERY_STRING],
			coding, job->service->site, job->arena);
	if (!wants_page(job))
		return;
	view->name = path_last(member->name);
	text_add(&link, STR("../"));
	path_encode(&link, view->name, false);
	view->link = text_str(&link);
	view->size = member->size;
	view->beside = job->service->site->listing;
	response->content_type =
		searches && view->json ? STR("application/json") : PAGE_TYPE;
	if (!searches || !view->json)
		response->content_security_policy = page_log_policy;
	if (!searches && view->refresh > 0)
		response->refresh = lognav_refresh(view, job->arena);
	add_page(response, coding,
		response->head ? NULL
			       : (searches ? logresults_open : logview_open)(
					 job->archive, member, text->start,
					 &text->how, view));
}

/* Show the member called name as a log. */
static void
serve_log(struct job *job, struct str name)
{
	struct logpage_view view =
		logquery_view(job->request->param[PARAM_QUERY_STRING]);
	struct logtext text = {.at_once = job->at_once};
	struct member member;
	enum status status = STATUS_NOT_FOUND;

	job->what = job->service->site->log_errors
		? "a member, line by line, with the site's own errors"
		: "a member, line by line";
	if (job_find(job, name, &member))
		status = represent_log(
			&text, job->archive, &member, job->service->site);
	if (status == STATUS_NOT_FOUND) {
		job_serve_missing(job);
		return;
	}
	view.errors = job->service->site->log_errors;
	view.q = page_field(
		job->request->param[PARAM_QUERY_STRING], STR("q"), job->arena);
	if (status == STATUS_GO && view.q.n > 0 &&
		!logmatch_can(view.q, view.regex))
		status = STATUS_BAD_REQUEST;
	if (status != STATUS_GO) {
		job_fail(job, status);
		return;
	}
	job->response->member = arena_copy(job->arena, member.name);
	if (view.q.n == 0 && view.jump != LOGPAGE_STAY)
		serve_jump(job, &member, &text, &view);
	else
		serve_lines(job, &member, &text, &view);
}

/* Without counters there is no status page. */
static void
serve_status(struct job *job)
{
	const struct accounts *accounts = job->service->accounts;

	if (accounts == NULL || accounts->stats == NULL) {
		job_serve_missing(job);
		return;
	}
	job->what = "the page about this process";
	if (wants_page(job))
		statuspage_answer(job->response,
			job->request->param[PARAM_QUERY_STRING],
			accounts->stats, job->service->cache,
			job->service->revalidate_ns);
}

static void
serve_archive(struct job *job)
{
	struct representations found;

	job->what = job_hides(job)
		? "the archive itself, which would give hidden names away"
		: "the archive itself";
	if (!job->service->site->listing || job_hides(job))
		job_fail(job, STATUS_FORBIDDEN);
	else if (ownform_archive(&found, job->archive, archive_name(job),
			 job->service->site, job->arena) != STATUS_GO)
		job_fail(job, STATUS_UNAVAILABLE);
	else
		job_serve_found(job, &found);
}

bool
ownpage_serve(struct job *job)
{
	const struct route *route = &job->route;

	if (route->slash)
		return false;
	switch (ownname_page(route->member)) {
	case OWNNAME_LISTING:
		ownpage_list(job, path_parent(route->member));
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
	case OWNNAME_SEARCH:
		serve_search(job, path_parent(route->member));
		return true;
	default:
		return false;
	}
}
