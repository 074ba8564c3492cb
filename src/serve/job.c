#include "serve/job.h"

#include "archive/link.h"
#include "base/clock.h"
#include "http/answer.h"
#include "http/errorpage.h"
#include "http/page.h"
#include "http/path.h"
#include "zip/hiddenname.h"
#include "zip/rulename.h"

/* A page for missing members counts for what is missing in its directory and
 * below.  At most so many directories above a name are looked into, so that a
 * long path costs little; deeper ones count as the last of them. */
enum { ERROR_PAGE_DEPTH = 16 };

void
job_fail(struct job *job, enum status status)
{
	if (status == STATUS_LATER)
		job->later = true;
	else
		errorpage_answer(job->response, status);
	job->archive = NULL;
}

/* If the data of the chosen representation prove to be odd, choose another one.
 */
void
job_serve_found(struct job *job, struct representations *found)
{
	enum status status = STATUS_GO;
	struct negotiation n;
	unsigned before;

	do {
		before = found->available;
		negotiate(&n, job->request, found, clock_seconds());
		if (n.status == STATUS_OK || n.status == STATUS_PARTIAL)
			status = represent_confirm(
				found, job->archive, n.coding);
	} while (found->available != before);
	if (status != STATUS_GO) {
		job_fail(job, status);
		return;
	}
	answer(job->response, found, &n, job->service->site);
}

void
job_serve(struct job *job, const struct member *member)
{
	struct archive *archive = job->archive;
	struct representations found = {.at_once = job->at_once};
	enum status status;

	status = represent(
		&found, archive, member, job->service->site, job->arena);
	if (status == STATUS_GO && job->fields != NULL)
		represent_as(&found, headers_type(job->fields));
	if (page_asks(job->request->param[PARAM_QUERY_STRING], STR("download")))
		represent_to_save(&found, path_last(member->name), job->arena);
	if (status == STATUS_GO)
		job_serve_found(job, &found);
	else
		job_fail(job, status);
	if (job->response->status == STATUS_NOT_ACCEPTABLE &&
		(found.available & 1u << CODING_IDENTITY) == 0)
		job_fail(job, represent_missing(&found, archive, member));
}

bool
job_hides(const struct job *job)
{
	return !job->service->site->dotfiles &&
		zipdir_has_hidden(job->archive->zipdir);
}

static bool
hides_name(const struct job *job, struct str name)
{
	return job_hides(job) && hiddenname_is(name);
}

/* Whether requests get the member called name, which no link is part of. */
static bool
shows_member(const struct job *job, struct str name)
{
	return !hides_name(job, name) &&
		!(job->archive->ruled && rulename_is(name));
}

bool
job_find(struct job *job, struct str name, struct member *member)
{
	const struct zipdir *zipdir = job->archive->zipdir;
	struct str real;

	if (zipdir_find(zipdir, name, member)) {
		if (!member->link)
			return shows_member(job, member->name);
		name = member->name;
	}
	if (!zipdir_has_links(zipdir))
		return false;
	if (archive_sort(job->archive, job->at_once) == STATUS_LATER) {
		job->later = true;
		return false;
	}
	if (link_follow(job->archive, name, job->arena, member, &real) !=
			LINK_FILE ||
		!shows_member(job, name) || !shows_member(job, real))
		return false;
	job->linked = true;
	member->name = name;
	return true;
}

bool
job_find_page(struct job *job, struct str name, struct member *member)
{
	struct text page = {.arena = job->arena};

	if (job->tree || !job->service->site->clean_urls)
		return false;
	text_add(&page, name);
	text_add(&page, STR(".html"));
	return job_find(job, text_str(&page), member);
}

bool
job_find_index(struct job *job, struct str name, struct member *member)
{
	const struct site *site = job->service->site;

	for (size_t i = 0; i < site->nindex; i++) {
		if (job_find(job, path_join(name, site->index[i], job->arena),
			    member))
			return true;
	}
	return false;
}

/* The status for a name that led to no directory, but to end.  member is the
 * link that could not be read. */
static enum status
link_status(
	const struct job *job, enum link_end end, const struct member *member)
{
	switch (end) {
	case LINK_DAMAGED:
		return STATUS_ERROR;
	case LINK_UNREADABLE:
		(void)represent_unsupported(job->archive, member);
		return STATUS_UNSUPPORTED;
	case LINK_NO_MEMORY:
		return STATUS_UNAVAILABLE;
	default:
		return STATUS_NOT_FOUND;
	}
}

/* As archive_walk, but through symbolic links if need be. */
static enum status
walk_any(struct job *job, struct str name, struct zipdir_walk *walk)
{
	enum status status = archive_sort(job->archive, job->at_once);
	struct member member;
	enum link_end end;
	struct str real;

	if (status == STATUS_GO)
		status = archive_walk(job->archive, name, walk);
	if (status != STATUS_NOT_FOUND ||
		!zipdir_has_links(job->archive->zipdir))
		return status;
	end = link_find(job->archive, name, job->arena, &member, &real);
	if (end == LINK_DIRECTORY)
		return archive_walk(job->archive, real, walk);
	return link_status(job, end, &member);
}

enum status
job_walk(struct job *job, struct str name, struct zipdir_walk *walk)
{
	enum status status = walk_any(job, name, walk);

	if (status != STATUS_GO)
		return status;
	walk->hides = job_hides(job);
	return hides_name(job, name) || hides_name(job, walk->prefix)
		? STATUS_NOT_FOUND
		: STATUS_GO;
}

bool
job_serve_error_page(struct job *job, struct str name)
{
	/* It is never sent in a coding, so that no cache gives it to a client
	 * that does not accept the coding. */
	struct request plain = {.method = job->request->method};
	const struct site *site = job->service->site;
	struct representations found = {.at_once = job->at_once};
	struct negotiation n;
	struct member page;
	enum status status;

	if (!job_find(job, name, &page))
		return false;
	status = represent(&found, job->archive, &page, site, job->arena);
	if (status == STATUS_LATER)
		job->later = true;
	if (status != STATUS_GO)
		return false;
	negotiate(&n, &plain, &found, clock_seconds());
	if (n.status != STATUS_OK)
		return false;
	answer_error_page(job->response, &found, &n, site, STATUS_NOT_FOUND);
	return true;
}

/* The directory in which name lies, or the one ERROR_PAGE_DEPTH deep above it.
 */
static struct str
error_page_directory(struct str name)
{
	size_t end = 0;
	int depth = 0;

	for (size_t i = 0; i < name.n && depth < ERROR_PAGE_DEPTH; i++) {
		if (name.p[i] == '/') {
			end = i;
			depth++;
		}
	}
	return str_slice(name, 0, end);
}

void
job_serve_nearest(struct job *job)
{
	const struct str page = STR("404.html");
	struct str directory = error_page_directory(job->route.member);

	while (!job_serve_error_page(
		job, path_join(directory, page, job->arena))) {
		if (directory.n == 0) {
			job_fail(job, STATUS_NOT_FOUND);
			return;
		}
		directory = path_parent(directory);
	}
}

void
job_serve_missing(struct job *job)
{
	job->what = hides_name(job, job->route.member)
		? "a hidden name, as long as --dotfiles is not given"
		: "no member and no directory";
	job_serve_nearest(job);
}
