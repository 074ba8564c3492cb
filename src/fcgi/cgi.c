#include "fcgi/cgi.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "fcgi/fcgi.h"
#include "fcgi/listener.h"
#include "http/answer.h"

enum { DRAIN_MAX = 64 * 1024 * 1024 };

static int
put(int fd, struct str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
	return 0;
}

/* Write the response.  *sent grows by the bytes of its body that were written.
 */
static int
put_response(struct response *response, int fd, uint64_t *sent)
{
	enum body_result result = BODY_END;
	struct str span = response_head(response);

	if (put(fd, span) < 0)
		return -1;
	while (!response->head && !response->body.arena->failed &&
		(result = body_next(&response->body, &span)) != BODY_END &&
		result != BODY_CUT) {
		if (result == BODY_SPAN && put(fd, span) < 0)
			return -1;
		*sent += span.n;
	}
	return result == BODY_CUT ? -1 : 0;
}

/* Read the request's body from standard input and discard it.  A server that
 * has not finished sending it might otherwise lose the answer. */
static void
drain_body(const struct request *request)
{
	char scrap[4096];
	uint64_t left = 0;

	str_number(request->param[PARAM_CONTENT_LENGTH], DRAIN_MAX, &left);
	/* Apache gives a chunked body without its length, often on the socket
	 * to which the response goes.  Leaving it unread would reset that. */
	if (getenv("HTTP_TRANSFER_ENCODING") != NULL)
		left = DRAIN_MAX;
	while (left > 0) {
		ssize_t n = read(STDIN_FILENO, scrap,
			left < sizeof(scrap) ? (size_t)left : sizeof(scrap));

		if (n <= 0)
			break;
		left -= (uint64_t)n;
	}
}

int
cgi_run(const struct service *service, char *const *environment, int fd)
{
	struct arena arena = {0};
	struct request request;
	struct response response;
	struct account account;
	int result;

	account_begin(&account, service->accounts);
	request_read(&request, environment, &arena);
	account_note(&account, &request, &arena);
	drain_body(&request);
	(void)serve(service, &request, &arena, &response, false);
	while (!answer_locate(&response))
		;
	account_enter(&account, PHASE_SEND);
	result = put_response(&response, fd, &account.bytes);
	account_end(&account, NULL, &response, result < 0);
	response_free(&response);
	arena_free(&arena);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

bool
cgi_is_started(void)
{
	/* libfcgi takes a socket that has lost its peer for a listening one. */
	return getenv("REQUEST_METHOD") != NULL &&
		(fcgi_is_cgi() || !listener_listens(STDIN_FILENO));
}

void
cgi_name_arguments(int argc, char *const *argv)
{
	const char *file = getenv("SCRIPT_FILENAME");
	struct arena arena = {0};
	struct text words = {.arena = &arena};

	if (argc == 2 && file != NULL && strcmp(argv[1], file) == 0)
		return;
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			text_byte(&words, ' ');
		text_add(&words, str_of(argv[i]));
	}
	if (argc > 1)
		log_pairs(LOG_WARN, "arguments-ignored",
			{"why", STR("they may come from the request: see WWZ_OPTIONS")},
			{"words", text_str(&words)});
	arena_free(&arena);
}

/* Quotes are not special: a backslash suffices. */
char **
cgi_options(const char *text, struct arena *arena, int *argc)
{
	static const char blanks[] = " \t\n";
	static char name[] = "wwz", command[] = "serve";
	size_t n = strlen(text);
	char **argv = arena_get(arena, (n / 2 + 4) * sizeof(*argv));
	char *at = arena_get(arena, n + 1);

	if (argv == NULL || at == NULL)
		return NULL;
	argv[0] = name;
	argv[1] = command;
	*argc = 2;
	for (text += strspn(text, blanks); *text != '\0';
		text += strspn(text, blanks)) {
		argv[(*argc)++] = at;
		while (*text != '\0' && strchr(blanks, *text) == NULL) {
			if (*text == '\\' && text[1] != '\0')
				text++;
			*at++ = *text++;
		}
		*at++ = '\0';
	}
	argv[*argc] = NULL;
	return argv;
}
