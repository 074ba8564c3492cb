#include "cgi.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

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

static int
put_response(struct response *response, int fd)
{
	enum body_result result = BODY_END;
	struct str span = response_head(response);

	if (put(fd, span) < 0)
		return -1;
	while (!response->head && !response->body.arena->failed &&
		(result = body_next(&response->body, &span)) == BODY_SPAN) {
		if (put(fd, span) < 0)
			return -1;
	}
	return result == BODY_CUT ? -1 : 0;
}

int
cgi_run(const struct service *service, char *const *environment, int fd)
{
	struct arena arena = {0};
	struct request request;
	struct response response;
	int result;

	request_read(&request, environment, &arena);
	serve(service, &request, &arena, &response);
	result = put_response(&response, fd);
	response_free(&response);
	arena_free(&arena);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
