/* The floor of wwz: prepared bytes out of wwz's own connection code.
 *
 *	canned THREADS FILE <listening socket as descriptor 0>
 *
 * FILE holds what a CGI program would write, and is the answer to all requests.
 * This is linked with the objects of wwz, and the two functions below take the
 * place of those in serve.c and response.c (see the Makefile): connections,
 * threads, the reading of a request, and the way of a response into the socket
 * are wwz's.  Left out is what comes between: the path, the archive and its
 * freshness, the decision, the making of a head; and confinement.  A loop that
 * has none of all that: bare.c. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fcgi/fcgi.h"
#include "fcgi/server.h"

/* Set before threads start. */
static struct str head, content;

bool
serve(const struct service *service, const struct request *request,
	struct arena *arena, struct response *response, bool at_once)
{
	(void)service;
	(void)at_once;
	response_init(response, arena, request->method);
	body_add_text(&response->body, content);
	return true;
}

struct str
response_head(const struct response *response)
{
	/* Not a refusal, which nothing is prepared for. */
	assert(response->status == STATUS_OK);
	return head;
}

static int
fail(const char *what)
{
	perror(what);
	return 1;
}

/* Read FILE, which stays in memory; the head goes up to and with the empty
 * line.  -1 with errno. */
static int
prepare(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	const char *end;
	char *text;
	size_t n;

	if (file == NULL || fstat(fileno(file), &st) < 0)
		return -1;
	n = (size_t)st.st_size;
	text = malloc(n);
	if (text == NULL || fread(text, 1, n, file) != n)
		return -1;
	fclose(file);
	end = memmem(text, n, "\r\n\r\n", 4);
	assert(end != NULL);
	head = (struct str){text, (size_t)(end + 4 - text)};
	content = (struct str){text + head.n, n - head.n};
	return 0;
}

int
main(int argc, char **argv)
{
	struct server_limits limits = {
		.timeout_seconds = 60, .storage_seconds = 30, .io_threads = 1};
	struct service service = {.cache = cache_new(1, 0, NULL)};
	struct listeners listeners = {.n = 0};
	struct fault fault;
	int status;

	if (argc != 3 || (limits.threads = atoi(argv[1])) < 1) {
		fputs("usage: canned THREADS FILE\n", stderr);
		return 2;
	}
	if (prepare(argv[2]) < 0)
		return fail(argv[2]);
	if (service.cache == NULL || fcgi_init() < 0 ||
		server_hold_signals() < 0)
		return fail("start");
	if (listener_inherit(&listeners, &fault) < 0) {
		fprintf(stderr, "canned: %s\n", fault.text);
		return 1;
	}
	status = server_run(&listeners, &service, &limits);
	cache_free(service.cache);
	return status;
}
