#include "explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

/* Convert "Name: value" to HTTP_NAME=value. */
static struct str
parameter_of(struct str field, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct str value = field, name = str_cut(&value, ':');

	text_add(&text, STR("HTTP_"));
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		text_byte(&text, c == '-' ? '_' : c);
	}
	value = str_trim(value);
	text_printf(&text, "=%.*s", STR_ARG(value));
	return text_str(&text);
}

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

/* Print why encoding.c and negotiate.c chose this coding. */
static void
print_why(const struct response *response, const struct request *request)
{
	unsigned others = response->available & ~(1u << response->coding);

	printf("why: %s: ", shown_coding(response->coding));
	if (response->chosen == CHOSEN_FOR_RANGE)
		printf("Range without %s\n",
			request->param[PARAM_IF_RANGE].n > 0
				? "an entity tag in If-Range"
				: "If-Range");
	else if (response->chosen == CHOSEN_BY_IF_RANGE)
		printf("If-Range names its entity tag\n");
	else if (response->chosen == CHOSEN_BY_IF_MATCH)
		printf("If-Match names its entity tag\n");
	else if (others == 0)
		printf("there is no other form\n");
	else if (request->param[PARAM_ACCEPT_ENCODING].n == 0)
		printf("the request has no Accept-Encoding\n");
	else {
		printf("q=%g%s, no less than", response->weight / 1000.0,
			response->sent == SENT_GZIP
				? " and the member is deflated"
				: "");
		for (int i = 0; i < CODINGS; i++) {
			if ((others & 1u << i) != 0)
				printf(" %s", shown_coding((enum coding)i));
		}
		printf("\n");
	}
}

static void
print_member(const struct response *response, const struct request *request)
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
	printf("member: %.*s\n", STR_ARG(response->member));
	printf("method: %s (%u)\n", method_name(response->method),
		response->method);
	printf("sent: %s\n", sent[response->sent]);
	if (response->guessed)
		printf("type: from the content, not from the name\n");
	print_why(response, request);
}

/* Print lines after a label. */
static void
print_lines(const char *label, const struct line *lines)
{
	struct str rest = {lines->p, lines->n};

	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		printf("%s: %.*s\n", label, STR_ARG(line));
	}
}

static void
print_head(const struct response *response)
{
	struct str head = response_head(response);

	printf("status: %d %s\n", (int)response->status,
		response_reason(response->status));
	while (head.n > 0) {
		struct str line = str_cut(&head, '\n');

		if (line.n > 1 && !str_starts(line, STR("Status:")))
			printf("  %.*s\n", (int)line.n - 1, line.p);
	}
}

static void
print(const struct response *response, const struct request *request)
{
	if (response->archive.n > 0)
		printf("archive: %.*s\n", STR_ARG(response->archive));
	if (response->what != NULL)
		printf("found: %s\n", response->what);
	print_member(response, request);
	if (response->status == STATUS_NOT_ACCEPTABLE)
		printf("why: Accept-Encoding allows none of its forms\n");
	print_head(response);
}

/* Make the body as if it were sent, so that faults in it are logged. */
static void
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
}

/* Make the request with the parameters that a front end would send. */
static void
make_request(struct request *request, const struct service *service,
	const char *path, const char *const *fields, int nfields,
	struct arena *arena)
{
	struct str query = str_of(path);
	const char **environment =
		arena_get(arena, ((size_t)nfields + 6) * sizeof(char *));
	int n = 0;

	*request = (struct request){.method = METHOD_GET};
	if (environment == NULL)
		return;
	str_cut(&query, '?');
	environment[n++] = "REQUEST_METHOD=GET";
	environment[n++] = "SERVER_PROTOCOL=HTTP/1.1";
	environment[n++] = arena_printf(arena, "REQUEST_URI=%s", path).p;
	environment[n++] =
		arena_printf(arena, "QUERY_STRING=%.*s", STR_ARG(query)).p;
	environment[n++] = arena_printf(
		arena, "DOCUMENT_ROOT=%.*s", STR_ARG(service->site->root))
				   .p;
	for (int i = 0; i < nfields; i++)
		environment[n++] = parameter_of(str_of(fields[i]), arena).p;
	environment[n] = NULL;
	if (!arena->failed)
		request_read(request, (char *const *)environment, arena);
}

/* Lines are shown with the answer, and nowhere else. */
static bool
take_line(struct log_sink *sink, const struct log_entry *entry)
{
	struct log_collector *log = (struct log_collector *)sink;

	line_add(&log->lines, entry->text);
	return true;
}

int
explain(const struct service *service, const char *path,
	const char *const *fields, int nfields)
{
	const struct accounts accounts = {.slow_ns = -1};
	struct service watched = *service;
	struct arena arena = {0};
	struct request request;
	struct response response;
	struct account account;
	struct access access;
	struct log_collector log = {.sink = {take_line}};
	struct line line;

	watched.accounts = &accounts;
	account_begin(&account, &accounts);
	make_request(&request, service, path, fields, nfields, &arena);
	account_note(&account, &request, &arena);
	log_redirect(&log.sink);
	(void)serve(&watched, &request, &arena, &response, false);
	print(&response, &request);
	make_body(&response, &account);
	log_redirect(NULL);
	access = account_access(&account, &response);
	accesslog_format(&line, &access);
	print_lines("access log", &line);
	print_lines("log", &log.lines);
	response_free(&response);
	arena_free(&arena);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
