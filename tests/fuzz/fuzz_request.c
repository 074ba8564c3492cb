/* A whole request against a whole archive: a byte of what the administrator
 * said and what happens, the parameters, each ended by a NUL, one NUL more, and
 * the file /a.wwz below the root.
 *
 * The answer has one of the statuses that there are, a head of well-formed
 * fields, and as many bytes as its Content-Length says, or it is marked as cut.
 * HEAD has the fields of GET.  Pages that the responder writes itself are
 * UTF-8. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz_file.h"
#include "http/page.h"
#include "http/response.h"
#include "serve/serve.h"

enum {
	YOUNG = 1, /* the file has just been written */
	NO_LISTING = 2,
	UNTRUSTED = 4,
	IMMUTABLE = 8,
	SENDFILE = 16,
	SHORTEN = 32, /* the file becomes shorter behind the head */
	NO_INDEX = 64,
	MAX_AGE = 128,
};

enum { STRINGS_MAX = 64, PAGE_MAX = 1 << 20, TRIES = 5, OLD = 1500000000 };

/* The directory that the archive lies in, and the archive. */
static struct {
	char root[64];
	char path[80];
	int fd;
} place;

static void
remove_place(void)
{
	unlink(place.path);
	rmdir(place.root);
}

static void
make_place(void)
{
	if (place.root[0] != '\0')
		return;
	strcpy(place.root, "/tmp/wwz-fuzz-XXXXXX");
	if (mkdtemp(place.root) == NULL)
		abort();
	snprintf(place.path, sizeof(place.path), "%s/a.wwz", place.root);
	place.fd = open(place.path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (place.fd < 0 || atexit(remove_place) != 0)
		abort();
}

static void
put_archive(struct str content, bool young)
{
	const struct timespec old[2] = {{.tv_sec = OLD}, {.tv_sec = OLD}};

	fuzz_write(place.fd, content);
	if (futimens(place.fd, young ? NULL : old) < 0)
		abort();
}

/* Cut *input into strings of their own, up to an empty one or the end. */
static void
cut_strings(struct str *input, char *strings[])
{
	size_t n = 0;

	while (input->p != NULL && n < STRINGS_MAX) {
		struct str string = str_cut(input, '\0');

		if (string.n == 0)
			break;
		strings[n] = strndup(string.p, string.n);
		if (strings[n++] == NULL)
			abort();
	}
	strings[n] = NULL;
}

static bool
is_status(enum status status)
{
	switch (status) {
	case STATUS_OK:
	case STATUS_NO_CONTENT:
	case STATUS_PARTIAL:
	case STATUS_MOVED:
	case STATUS_FOUND:
	case STATUS_SEE_OTHER:
	case STATUS_NOT_MODIFIED:
	case STATUS_TEMPORARY:
	case STATUS_PERMANENT:
	case STATUS_BAD_REQUEST:
	case STATUS_FORBIDDEN:
	case STATUS_NOT_FOUND:
	case STATUS_NOT_ALLOWED:
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_FAILED_CONDITION:
	case STATUS_TOO_LARGE:
	case STATUS_RANGE:
	case STATUS_ERROR:
	case STATUS_UNSUPPORTED:
	case STATUS_UNAVAILABLE:
		return true;
	case STATUS_GO:
	case STATUS_LATER:            /* only with at_once */
	case STATUS_FIELDS_TOO_LARGE: /* the connection's */
		break;
	}
	return false;
}

/* "Name: value", without the line's end. */
static void
check_line(struct str line, struct str head)
{
	struct str value = line, name = str_cut(&value, ':');

	fuzz_law(value.p != NULL && name.n > 0, "a line has a name", head);
	for (size_t i = 0; i < name.n; i++)
		fuzz_law((name.p[i] >= 'a' && name.p[i] <= 'z') ||
				(name.p[i] >= 'A' && name.p[i] <= 'Z') ||
				(name.p[i] >= '0' && name.p[i] <= '9') ||
				name.p[i] == '-',
			"a name is a token", head);
	fuzz_law(value.n > 1 && value.p[0] == ' ' && value.p[1] != ' ' &&
			value.p[value.n - 1] != ' ',
		"a value is not empty, and has one space in front", head);
	for (size_t i = 0; i < value.n; i++)
		fuzz_law((unsigned char)value.p[i] >= 32 && value.p[i] != 127,
			"a value has no control characters", head);
}

/* Lines, each ended by CR LF, and an empty one at the end of all. */
static void
check_head(struct str head)
{
	size_t at = 0;

	for (;;) {
		const char *end = memmem(head.p + at, head.n - at, "\r\n", 2);
		struct str line;

		fuzz_law(end != NULL, "a line ends in CR LF", head);
		line = str_slice(head, at, (size_t)(end - head.p));
		at = (size_t)(end - head.p) + 2;
		if (line.n == 0)
			break;
		check_line(line, head);
	}
	fuzz_law(at == head.n, "the empty line ends the head", head);
}

/* The value of a field; p is NULL when there is none. */
static struct str
find_field(struct str head, const char *name)
{
	char wanted[64];
	const char *at;
	size_t n = (size_t)snprintf(wanted, sizeof(wanted), "\n%s: ", name);
	struct str value;

	if (str_starts(head, (struct str){wanted + 1, n - 1}))
		at = head.p - 1;
	else
		at = memmem(head.p, head.n, wanted, n);
	if (at == NULL)
		return (struct str){NULL, 0};
	value = (struct str){at + n, (size_t)(head.p + head.n - at) - n};
	fuzz_law(memmem(value.p, value.n, wanted, n) == NULL,
		"a field comes once", head);
	return str_cut(&value, '\r');
}

static void
check_fields(const struct response *response, struct str head)
{
	char status[8];
	struct str value = find_field(head, "Status");

	fuzz_law(is_status(response->status), "a status is known", head);
	snprintf(status, sizeof(status), "%d ", (int)response->status);
	fuzz_law(response->status == STATUS_OK
			? value.p == NULL
			: str_starts(value, str_of(status)),
		"a status stands in the head, 200 does not", head);
	value = find_field(head, "Location");
	fuzz_law((value.p != NULL) == (response->status == STATUS_MOVED),
		"a redirect says where to", head);
	fuzz_law(value.p == NULL ||
			(value.p[0] == '/' &&
				(value.n < 2 || value.p[1] != '/')),
		"a redirect stays on the host", head);
	fuzz_law(response->status < STATUS_BAD_REQUEST ||
			(find_field(head, "ETag").p == NULL &&
				find_field(head, "Last-Modified").p == NULL &&
				find_field(head, "Accept-Ranges").p == NULL &&
				find_field(head, "Cache-Control").p == NULL),
		"an error has no validators", head);
	value = find_field(head, "Content-Length");
	fuzz_law(value.p == NULL ||
			(response->status != STATUS_NOT_MODIFIED &&
				response->status != STATUS_NO_CONTENT),
		"what has no body has no length", head);
}

/* Pull the body: whether it came to its end; *n bytes, the first of them in
 * page. */
static bool
pull(struct response *response, uint64_t *n, char page[PAGE_MAX])
{
	enum body_result result;
	struct str span;

	*n = 0;
	for (;;) {
		result = body_next(&response->body, &span);
		if (result == BODY_LATER)
			continue;
		if (result != BODY_SPAN)
			break;
		fuzz_law(span.n > 0, "no span is empty", span);
		if (*n + span.n <= PAGE_MAX)
			memcpy(page + *n, span.p, span.n);
		*n += span.n;
	}
	return result == BODY_END;
}

/* The responder wrote the body: a page, or a listing for programs. */
static bool
is_ours(const struct response *response)
{
	return str_eq(response->content_security_policy, page_policy) ||
		(response->etag.n == 0 && response->status == STATUS_OK &&
			str_eq(response->content_type,
				STR("application/json")));
}

static void
check_page(struct str page, struct str head)
{
	fuzz_law(str_is_utf8(page), "a page of our own is UTF-8", page);
	for (size_t i = 0; i < page.n; i++)
		fuzz_law((unsigned char)page.p[i] >= 32 || page.p[i] == '\n',
			"a page of our own has no control characters", head);
}

static void
check_body(struct response *response, struct str head)
{
	static char page[PAGE_MAX];
	struct str length = find_field(head, "Content-Length");
	bool whole;
	uint64_t n, promised = 0;

	if (response->head)
		return;
	fuzz_law(length.p == NULL || str_number(length, UINT64_MAX, &promised),
		"Content-Length is a number", head);
	whole = pull(response, &n, page);
	if (length.p != NULL)
		fuzz_law(whole ? n == promised : n <= promised,
			"the body is as long as Content-Length, or cut", head);
	fuzz_law(n == 0 || find_field(head, "X-Sendfile2").p == NULL,
		"what the front end sends is not sent twice", head);
	if (length.p == NULL && response->status != STATUS_OK)
		fuzz_law(n == 0, "what has no length has no body", head);
	if (is_ours(response) && n <= PAGE_MAX)
		check_page((struct str){page, (size_t)n}, head);
}

/* Serve it anew, and copy the head. */
static struct str
serve_head(const struct site *site, const struct request *request,
	struct arena *arena, struct response *response)
{
	struct cache *cache = cache_new(1, 1 << 20, NULL);
	struct service service = {.site = site, .cache = cache};
	struct str head;

	if (cache == NULL)
		abort();
	(void)serve(&service, request, arena, response, false);
	head = response_head(response);
	fuzz_law(!arena->failed, "memory does not run out", head);
	cache_free(cache);
	return head;
}

static void
check_answer(const struct site *site, const struct request *request,
	const struct str *content, bool shorten)
{
	struct arena arena = {0};
	struct response response;
	struct str head = serve_head(site, request, &arena, &response);

	check_head(head);
	check_fields(&response, head);
	if (shorten && ftruncate(place.fd, (off_t)(content->n / 2)) < 0)
		abort();
	check_body(&response, head);
	response_free(&response);
	arena_free(&arena);
}

static bool
same_heads(const struct site *site, const struct request *request)
{
	struct request head_request = *request, get_request = *request;
	struct arena arena = {0};
	struct response response;
	struct str get, head;
	bool same;

	get_request.method = METHOD_GET;
	get = serve_head(site, &get_request, &arena, &response);
	response_free(&response);
	head_request.method = METHOD_HEAD;
	head = serve_head(site, &head_request, &arena, &response);
	response_free(&response);
	/* Only GET finds out that the content is damaged. */
	same = str_eq(get, head) || str_starts(get, STR("Status: 500 "));
	arena_free(&arena);
	return same;
}

/* A time that is later than now is said to be now, which may pass meanwhile. */
static void
check_methods(const struct site *site, const struct request *request)
{
	bool same = request->method > METHOD_HEAD ||
		request->param[PARAM_RANGE].n > 0 || site->sendfile;

	for (int i = 0; i < TRIES && !same; i++)
		same = same_heads(site, request);
	fuzz_law(same, "HEAD has the fields of GET",
		request->param[PARAM_REQUEST_URI]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str index = {"index.html", 10};
	struct str input = {(const char *)data, size};
	unsigned bits = fuzz_byte(&input);
	struct site site = {
		.suffix = STR(".wwz"),
		.index = &index,
		.nindex = (bits & NO_INDEX) != 0 ? 0 : 1,
		.listing = (bits & NO_LISTING) == 0,
		.max_age = (bits & MAX_AGE) != 0 ? 60 : -1,
		.immutable = (bits & IMMUTABLE) != 0,
		.untrusted = (bits & UNTRUSTED) != 0,
		.sendfile = (bits & SENDFILE) != 0,
	};
	char *strings[STRINGS_MAX + 1];
	struct arena arena = {0};
	struct request request;

	make_place();
	site.root = str_of(place.root);
	cut_strings(&input, strings);
	request_read(&request, strings, &arena);
	put_archive(input, (bits & YOUNG) != 0);
	check_methods(&site, &request);
	check_answer(&site, &request, &input, (bits & SHORTEN) != 0);
	for (size_t i = 0; strings[i] != NULL; i++)
		free(strings[i]);
	arena_free(&arena);
	return 0;
}
