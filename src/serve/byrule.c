#include "serve/byrule.h"

#include "http/answer.h"

enum status
byrule_read(struct job *job)
{
	if (job->service->site->untrusted || job->tree)
		return STATUS_GO;
	job->rules = rules_get(job->archive);
	if (job->rules == NULL ||
		!rulepath_cut(&job->ruled, job->route.member, job->arena))
		return STATUS_UNAVAILABLE;
	job->fields =
		headers_find(&job->rules->headers, &job->ruled, job->arena);
	return STATUS_GO;
}

/* Send the member that a rule names in place of what was requested. */
static void
serve_instead(struct job *job, struct str name)
{
	struct member member;

	if (job_find(job, name, &member) || job_find_page(job, name, &member) ||
		job_find_index(job, name, &member))
		job_serve(job, &member);
	else
		job_serve_nearest(job);
}

/* The URL that a rule redirects to; p is NULL when it is not known. */
static struct str
location_of(struct job *job, const struct redirect_target *target)
{
	struct text text = {.arena = job->arena};
	struct str path = target->host.n > 0
		? target->path
		: route_to(job->request, &job->route, target->path,
			  target->slash, job->arena);

	if (path.p == NULL)
		return path;
	text_add(&text, target->host);
	text_add(&text, path);
	if (target->query.p == NULL) {
		route_add_query(&text, job->request);
	} else {
		text_byte(&text, '?');
		text_add(&text, target->query);
	}
	if (target->fragment.p != NULL) {
		text_byte(&text, '#');
		text_add(&text, target->fragment);
	}
	return text_str(&text);
}

static bool
redirect_to(struct job *job, const struct redirect_target *target)
{
	struct str location = location_of(job, target);

	if (location.p == NULL)
		return false;
	answer_redirect(
		job->response, target->status, location, job->service->site);
	return true;
}

bool
byrule_serve(struct job *job, bool forced)
{
	struct redirect_target target;

	if (job->rules == NULL ||
		!redirects_find(&job->rules->redirects, &job->ruled, forced,
			&target, job->arena))
		return false;
	job->what =
		arena_printf(job->arena, "line %u of _redirects", target.line)
			.p;
	if (target.status == STATUS_OK)
		serve_instead(job, target.path);
	else if (target.status != STATUS_NOT_FOUND)
		return redirect_to(job, &target);
	else if (!job_serve_error_page(job, target.path))
		job_serve_nearest(job);
	return true;
}
