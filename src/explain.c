#include "explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "http/answer.h"
#include "http/page.h"

enum { FIRST_REFUSAL = 400 }; /* statuses from here on are errors */

static const char *
method_name(unsigned method)
{
	switch (method) {
	case ZIP_STORED:
		return "stored";
	case ZIP_DEFLATED:
		return "deflated";
	case ZIP_ZSTD:
		return "zstd";
	default:
		return "compressed";
	}
}

static const char *
shown_coding(enum coding coding)
{
	return coding == CODING_IDENTITY ? "identity"
					 : encoding_names[coding].p;
}

/* What is told of an answer: lines "name: value", or one JSON object. */
struct telling {
	bool json;
	struct text text;
};

/* Begin a member of the object. */
static void
tell_key(struct telling *telling, const char *name)
{
	text_printf(&telling->text,
		"%c\"%s\":", telling->text.n == 0 ? '{' : ',', name);
}

static void
tell(struct telling *telling, const char *name, struct str value)
{
	if (telling->json) {
		tell_key(telling, name);
		page_add_json(&telling->text, value);
	} else {
		text_printf(&telling->text, "%s: %.*s\n", name, STR_ARG(value));
	}
}

/* Tell a name, which comes from outside: in lines, what a terminal would not
 * show becomes \xHH. */
static void
tell_name(struct telling *telling, const char *what, struct str name)
{
	struct text plain = {.arena = telling->text.arena};

	if (!telling->json) {
		page_add_plain(&plain, name);
		name = text_str(&plain);
	}
	tell(telling, what, name);
}

/* Say why encoding.c and negotiate.c chose this coding. */
static void
tell_why(struct telling *telling, const struct response *response,
	const struct request *request)
{
	unsigned others = response->available & ~(1u << response->coding);
	struct text why = {.arena = telling->text.arena};

	text_printf(&why, "%s: ", shown_coding(response->coding));
	if (response->chosen == CHOSEN_FOR_RANGE)
		text_printf(&why, "Range without %s",
			request->param[PARAM_IF_RANGE].n > 0
				? "an entity tag in If-Range"
				: "If-Range");
	else if (response->chosen == CHOSEN_BY_IF_RANGE)
		text_add(&why, STR("If-Range names its entity tag"));
	else if (response->chosen == CHOSEN_BY_IF_MATCH)
		text_add(&why, STR("If-Match names its entity tag"));
	else if (others == 0)
		text_add(&why, STR("there is no other form"));
	else if (request->param[PARAM_ACCEPT_ENCODING].n == 0)
		text_add(&why, STR("the request has no Accept-Encoding"));
	else {
		text_printf(&why, "q=%g%s, no less than",
			response->weight / 1000.0,
			response->sent == SENT_GZIP
				? " and the member is deflated"
				: "");
		for (int i = 0; i < CODINGS; i++) {
			if ((others & 1u << i) != 0)
				text_printf(&why, " %s",
					shown_coding((enum coding)i));
		}
	}
	tell(telling, "why", text_str(&why));
}

static void
tell_member(struct telling *telling, const struct response *response,
	const struct request *request)
{
	static const char *const sent[SENTS] = {
		[SENT_AS_IT_LIES] = "as it lies in the archive",
		[SENT_GZIP] = "as gzip, without inflating",
		[SENT_INFLATED] = "inflated",
		[SENT_UNPACKED] = "unpacked by libzip",
		[SENT_HANDED_OFF] = "by lighttpd, as it lies in the archive",
	};

	if (response->coding == CODING_NONE)
		return;
	tell_name(telling, "member", response->member);
	tell(telling, "method",
		arena_printf(telling->text.arena, "%s (%u)",
			method_name(response->method), response->method));
	tell(telling, "sent", str_of(sent[response->sent]));
	if (response->guessed)
		tell(telling, "type",
			STR("from the content, not from the name"));
	tell_why(telling, response, request);
}

/* Tell the lines of the log: in JSON, as an array. */
static void
tell_log(struct telling *telling, const struct line *lines)
{
	struct str rest = {lines->p, lines->n};

	if (telling->json) {
		tell_key(telling, "log");
		text_byte(&telling->text, '[');
	}
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		if (!telling->json) {
			tell(telling, "log", line);
			continue;
		}
		page_add_json(&telling->text, line);
		if (rest.n > 0)
			text_byte(&telling->text, ',');
	}
	if (telling->json)
		text_byte(&telling->text, ']');
}

static void
tell_field(struct telling *telling, struct str field, bool first)
{
	struct str value = field, name = str_cut(&value, ':');

	if (!telling->json) {
		text_add(&telling->text, STR("  "));
		page_add_plain(&telling->text, field);
		text_byte(&telling->text, '\n');
		return;
	}
	if (!first)
		text_byte(&telling->text, ',');
	page_add_json(&telling->text, name);
	text_byte(&telling->text, ':');
	page_add_json(&telling->text, str_trim(value));
}

static void
tell_head(struct telling *telling, const struct response *response)
{
	struct str head = response_head(response);
	bool first = true;

	if (telling->json) {
		tell_key(telling, "status");
		text_number(&telling->text, (uint64_t)response->status);
		tell_key(telling, "fields");
		text_byte(&telling->text, '{');
	} else {
		text_printf(&telling->text, "status: %d %s\n",
			(int)response->status,
			response_reason(response->status));
	}
	while (head.n > 0) {
		struct str line = str_cut(&head, '\n');

		if (line.n <= 1 || str_starts(line, STR("Status:")))
			continue;
		tell_field(telling, str_slice(line, 0, line.n - 1), first);
		first = false;
	}
	if (telling->json)
		text_byte(&telling->text, '}');
}

static void
tell_archive(struct telling *telling, struct str archive, int64_t revalidate_ns)
{
	if (archive.n == 0)
		return;
	tell_name(telling, "archive", archive);
	if (revalidate_ns > 0)
		tell(telling, "replaced",
			arena_printf(telling->text.arena,
				"seen after at most %" PRId64 " ms",
				revalidate_ns / 1000000));
}

static void
tell_answer(struct telling *telling, const struct response *response,
	const struct request *request)
{
	if (response->what != NULL)
		tell(telling, "found", str_of(response->what));
	tell_member(telling, response, request);
	if (response->status == STATUS_NOT_ACCEPTABLE)
		tell(telling, "why",
			STR("Accept-Encoding allows none of its forms"));
	tell_head(telling, response);
}

/* Make the body as if it were sent, so that faults in it are logged.  false
 * when it would be cut. */
static bool
make_body(struct response *response, struct account *account)
{
	enum body_result result = BODY_LATER;
	struct str span;

	while (!response->head &&
		(result == BODY_LATER || result == BODY_SPAN)) {
		result = body_next(&response->body, &span);
		if (result == BODY_SPAN)
			account->bytes += span.n;
	}
	return result != BODY_CUT;
}

/* Make the request with the parameters that a front end would send. */
static void
make_request(struct request *request, const struct service *service,
	const struct options *options, struct arena *arena)
{
	struct request_reader reader;

	request_begin(&reader, request, arena);
	request_add_line(&reader, STR("GET"), str_of(options->words[0]),
		STR("HTTP/1.1"));
	request_add(&reader, STR("DOCUMENT_ROOT"), service->site->root);
	for (int i = 0; i < options->nfields; i++) {
		struct str value = str_of(options->fields[i]);
		struct str name = str_cut(&value, ':');

		request_add_field(&reader, name, str_trim(value));
	}
}

/* Lines are shown with the answer, and nowhere else. */
static bool
take_line(struct log_sink *sink, const struct log_entry *entry)
{
	struct log_collector *log = (struct log_collector *)sink;

	line_add(&log->lines, entry->text);
	return true;
}

static void
write_telling(struct telling *telling)
{
	if (telling->json)
		text_add(&telling->text, STR("}\n"));
	fwrite(telling->text.p, 1, telling->text.n, stdout);
}

int
explain(const struct service *service, const struct options *options)
{
	const struct accounts accounts = {.slow_ns = -1};
	struct service watched = *service;
	struct arena arena = {0};
	struct telling telling = {
		.json = options->json, .text = {.arena = &arena}};
	struct request request;
	struct response response;
	struct account account;
	struct access access;
	struct log_collector log = {.sink = {take_line}};
	struct line line;
	bool sent;

	watched.accounts = &accounts;
	account_begin(&account, &accounts);
	make_request(&request, service, options, &arena);
	account_note(&account, &request, &arena);
	log_redirect(&log.sink);
	(void)serve(&watched, &request, &arena, &response, false);
	while (!answer_locate(&response))
		;
	tell_archive(&telling, response.archive, service->revalidate_ns);
	tell_answer(&telling, &response, &request);
	sent = make_body(&response, &account) &&
		(int)response.status < FIRST_REFUSAL;
	log_redirect(NULL);
	access = account_access(&account, &response);
	accesslog_format(&line, &access);
	tell(&telling, telling.json ? "access_log" : "access log",
		(struct str){line.p, line.n - 1});
	tell_log(&telling, &log.lines);
	write_telling(&telling);
	sent = sent && !arena.failed;
	response_free(&response);
	arena_free(&arena);
	return fflush(stdout) == 0 && sent ? EXIT_SUCCESS : EXIT_FAILURE;
}
