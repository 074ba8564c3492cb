#include "explain.h"

#include <stdio.h>
#include <stdlib.h>

/* "Name: value" as HTTP_NAME=value. */
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

static void
print(const struct response *response)
{
	struct str head = response_head(response);

	if (response->archive.n > 0)
		printf("archive: %.*s\n", STR_ARG(response->archive));
	if (response->member.n > 0)
		printf("member: %.*s\n", STR_ARG(response->member));
	if (response->form != NULL)
		printf("sent: %s\n", response->form);
	printf("status: %d %s\n", (int)response->status,
		response_reason(response->status));
	while (head.n > 0) {
		struct str line = str_cut(&head, '\n');

		if (line.n > 1 && !str_starts(line, STR("Status:")))
			printf("  %.*s\n", (int)line.n - 1, line.p);
	}
}

/* The parameters that a front end would send. */
static void
make_request(struct request *request, const struct service *service,
	const char *path, const char *const *fields, int nfields,
	struct arena *arena)
{
	struct str query = str_of(path);
	const char **environment =
		arena_get(arena, ((size_t)nfields + 5) * sizeof(char *));
	int n = 0;

	*request = (struct request){.method = METHOD_GET};
	if (environment == NULL)
		return;
	str_cut(&query, '?');
	environment[n++] = "REQUEST_METHOD=GET";
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

int
explain(const struct service *service, const char *path,
	const char *const *fields, int nfields)
{
	struct arena arena = {0};
	struct request request;
	struct response response;

	make_request(&request, service, path, fields, nfields, &arena);
	serve(service, &request, &arena, &response);
	print(&response);
	response_free(&response);
	arena_free(&arena);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
