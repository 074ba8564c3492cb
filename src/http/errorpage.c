#include "http/errorpage.h"

#include "http/page.h"

enum { RETRY_SECONDS = 2 };

static const struct {
	enum status status;
	const char *sentence;
} sentences[] = {
	{STATUS_MOVED, "This is at another address."},
	{STATUS_FOUND, "This is at another address for now."},
	{STATUS_SEE_OTHER, "The answer is at another address."},
	{STATUS_TEMPORARY, "This is at another address for now."},
	{STATUS_PERMANENT, "This is at another address."},
	{STATUS_BAD_REQUEST,
		"The address holds something that is not allowed there."},
	{STATUS_FORBIDDEN, "Access to this is not allowed."},
	{STATUS_NOT_FOUND, "There is nothing at this address."},
	{STATUS_NOT_ALLOWED, "This can only be read."},
	{STATUS_NOT_ACCEPTABLE,
		"There is no form of this that the browser accepts."},
	{STATUS_FAILED_CONDITION, "This has changed since you last read it."},
	{STATUS_TOO_LARGE,
		"The request has more content than the server reads."},
	{STATUS_RANGE, "The requested part lies outside the content."},
	{STATUS_FIELDS_TOO_LARGE,
		"The request is longer than the server reads."},
	{STATUS_ERROR, "This is damaged and cannot be shown."},
	{STATUS_UNSUPPORTED,
		"This is stored in a way that the server cannot read."},
	{STATUS_UNAVAILABLE, "This is not ready yet. Please try again."},
};

static const char *
sentence_of(enum status status)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (sentences[i].status == status)
			return sentences[i].sentence;
	}
	return "";
}

void
errorpage_answer(struct response *response, enum status status)
{
	struct text page = {.arena = response->body.arena};
	struct str title;

	response_withdraw(response);
	response->status = status;
	response->content_type = PAGE_TYPE;
	response->has_length = true;
	if (status == STATUS_UNAVAILABLE)
		response->retry_seconds = RETRY_SECONDS;
	title = arena_printf(
		page.arena, "%d %s", (int)status, response_reason(status));
	page_begin(&page, title, "e", (struct str){NULL, 0}, false);
	text_printf(&page, "<h1>%.*s</h1>\n<p>%s</p>\n", STR_ARG(title),
		sentence_of(status));
	page_end(&page);
	body_add_text(&response->body, text_str(&page));
}
