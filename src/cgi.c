#include "cgi.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "path.h"

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

/* Write the response; *sent are the bytes of its body that went out. */
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

/* Read the request's body from standard input, and throw it away.  A server
 * that is not done sending it may otherwise lose the answer. */
static void
drain(const struct request *request)
{
	char scrap[4096];
	uint64_t left = 0;

	str_number(request->param[PARAM_CONTENT_LENGTH], DRAIN_MAX, &left);
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
	drain(&request);
	serve(service, &request, &arena, &response);
	account_enter(&account, PHASE_SEND);
	result = put_response(&response, fd, &account.bytes);
	account_end(&account, NULL, &response, result < 0);
	response_free(&response);
	arena_free(&arena);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* argument is word, but for backslashes: some servers put them in front of what
 * a shell would take notice of. */
static bool
same_word(const char *argument, struct str word)
{
	size_t i = 0;

	for (; *argument != '\0'; argument++) {
		if (*argument == '\\')
			continue;
		while (i < word.n && word.p[i] == '\\')
			i++;
		if (i == word.n || word.p[i++] != *argument)
			return false;
	}
	while (i < word.n && word.p[i] == '\\')
		i++;
	return i == word.n;
}

/* The arguments without the words of a query. */
static int
without_query(int argc, char *const *argv, const char *query)
{
	struct arena arena = {0};
	struct str rest = str_of(query), words = rest;
	int n = 0;

	if (rest.n == 0 || memchr(rest.p, '=', rest.n) != NULL)
		return argc;
	for (; words.p != NULL; n++)
		str_cut(&words, '+');
	for (int i = argc - n; i >= 1 && i < argc; i++) {
		struct str word = path_decode(str_cut(&rest, '+'), &arena);

		if (!same_word(argv[i], word)) {
			n = 0;
			break;
		}
	}
	arena_free(&arena);
	return argc > n ? argc - n : argc;
}

int
cgi_own_arguments(
	int argc, char *const *argv, const char *query, const char *script)
{
	argc = without_query(argc, argv, query);
	if (argc > 1 && script != NULL && strcmp(argv[argc - 1], script) == 0)
		argc--;
	return argc;
}
