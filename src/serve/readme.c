#include "serve/readme.h"

#include "http/page.h"
#include "http/path.h"

/* The first one that there is counts. */
static const char *const names[] = {
	"README.md",
	"README.txt",
	"README",
	"readme.md",
	"readme.txt",
	"readme",
	"README.html",
	"readme.html",
};

/* Whether the member that was found can be shown or linked to. */
static enum status
take_readme(struct job *job, struct readme *r)
{
	enum status status;

	if (str_ends(r->name, STR(".html")))
		return STATUS_GO;
	if (!source_is_readable(&r->member))
		return STATUS_NOT_FOUND;
	r->text.at_once = job->at_once;
	status = represent_log(
		&r->text, job->archive, &r->member, job->service->site);
	r->is_text = status == STATUS_GO;
	return status == STATUS_ERROR && !source_is_damaged()
		? STATUS_UNAVAILABLE
		: status;
}

enum status
readme_find(struct job *job, struct str directory, struct readme *r)
{
	enum status status = STATUS_NOT_FOUND;

	*r = (struct readme){.name = {NULL, 0}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		r->name = str_of(names[i]);
		if (job_find(job, path_join(directory, r->name, job->arena),
			    &r->member))
			status = take_readme(job, r);
		if (job->later)
			status = STATUS_LATER;
		if (status == STATUS_GO || status == STATUS_LATER ||
			status == STATUS_UNAVAILABLE)
			return status;
	}
	r->name = (struct str){NULL, 0};
	return STATUS_GO;
}

uint64_t
readme_memory(const struct archive *archive, const struct readme *r)
{
	return r->is_text ? unwrap_memory(archive, &r->member, r->text.start,
				    &r->text.how) +
			logfind_memory()
			  : 0;
}

static void
add_heading(const struct readme *r, struct text *row)
{
	text_add(row, STR("<section>\n<h2><a href=\""));
	path_encode_link(row, r->name);
	text_add(row, STR("\">"));
	page_add(row, r->name);
	text_add(row, STR("</a></h2>\n"));
}

/* Begin to read the text. */
static bool
open_readme(struct readme *r, struct archive *archive)
{
	const struct logmatch_what what = {.windows = r->text.how.windows};
	struct position position = {0};
	struct source *text = unwrap_open(
		archive, &r->member, r->text.start, &r->text.how, &position);

	if (text != NULL)
		r->find = logfind_new(text, 1, false, &what);
	return r->find != NULL;
}

/* Add what is behind the text, and end. */
static ssize_t
end_readme(struct readme *r, struct text *row)
{
	if (r->is_text)
		text_add(row, STR("</pre>\n"));
	if (r->shown >= README_BYTES)
		text_add(row, STR("<p>The file goes on.</p>\n"));
	text_add(row, STR("</section>\n"));
	r->name = (struct str){NULL, 0};
	return 1;
}

ssize_t
readme_add(struct readme *r, struct archive *archive, struct text *row)
{
	struct logfind_line line;
	ssize_t got = 0;

	if (r->name.n == 0)
		return 0;
	if (r->find == NULL) {
		add_heading(r, row);
		if (!r->is_text)
			return end_readme(r, row);
		text_add(row, STR("<pre>\n"));
		return open_readme(r, archive) ? 1 : -1;
	}
	if (r->shown < README_BYTES)
		got = logfind_take(r->find, &line);
	/* What may be there the next time is not left out. */
	if (got == SOURCE_LATER || (got < 0 && !source_is_damaged()))
		return got;
	if (got <= 0)
		return end_readme(r, row);
	logmatch_show(logfind_match(r->find), line.bytes, row);
	text_byte(row, '\n');
	r->shown += line.bytes.n + 1;
	return 1;
}

void
readme_close(struct readme *r)
{
	logfind_free(r->find);
	r->find = NULL;
}
