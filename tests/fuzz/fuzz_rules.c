/* _redirects and _headers: the first line of the input is the path of a
 * request, the rest the text of both files.
 *
 * No rule sends anybody to a host that the file does not name, to another
 * scheme, or out of the archive; nothing in a Location could end it.  No field
 * is sent that the file did not ask for, that steers a web server, or that has
 * more than one line. */

#include "fuzz.h"
#include "http/headers.h"
#include "http/path.h"
#include "http/redirects.h"
#include "http/route.h"

static bool
holds(struct str text, struct str part)
{
	return part.n == 0 ||
		(text.n > 0 && memmem(text.p, text.n, part.p, part.n) != NULL);
}

static struct str
lower(struct str text, struct arena *arena)
{
	struct str copy = arena_copy(arena, text);

	for (size_t i = 0; i < copy.n; i++) {
		char *c = (char *)(uintptr_t)&copy.p[i];

		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
	}
	return copy;
}

/* Bytes that may stand in a URL, encoded. */
static void
check_url(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		fuzz_law(url.p[i] > ' ' && url.p[i] <= '~' &&
				strchr("\"<>\\^`{|}", url.p[i]) == NULL,
			"a Location has only bytes of a URL", url);
}

static void
check_own_path(struct str path)
{
	struct str rest = path;

	while (rest.n > 0) {
		struct str name = str_cut(&rest, '/');

		fuzz_law(name.n > 0 && !str_eq(name, STR("..")) &&
				!str_eq(name, STR(".")),
			"a path within the archive", path);
	}
	for (size_t i = 0; i < path.n; i++)
		fuzz_law((unsigned char)path.p[i] >= ' ' && path.p[i] != 0x7f,
			"a path has no control characters", path);
}

/* The Location within the archive, at /s.wwz and as a whole site. */
static void
check_own_location(const struct redirect_target *target, struct str member,
	struct arena *arena)
{
	static const char *const bases[] = {"/s.wwz/", "/", "//evil/s.wwz/"};
	struct route route = {.member = member};

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct request request = {.method = METHOD_GET};
		struct text uri = {.arena = arena};
		struct str url;

		text_add(&uri, str_of(bases[i]));
		path_encode(&uri, member, false);
		request.param[PARAM_REQUEST_URI] = text_str(&uri);
		url = route_to(
			&request, &route, target->path, target->slash, arena);
		fuzz_law(url.n > 0 && url.p[0] == '/',
			"a Location of the archive begins with a slash", url);
		fuzz_law(url.n == 1 || url.p[1] != '/', "and with one alone",
			url);
		check_url(url);
	}
}

static void
check_redirects(struct str text, const struct ruled *ruled, bool forced,
	struct arena *arena)
{
	struct redirects redirects;
	struct redirect_target target;
	struct rulelines lines;

	rulelines_begin(&lines, text, arena);
	redirects_read(&redirects, &lines);
	if (!redirects_find(&redirects, ruled, forced, &target, arena))
		return;
	check_url(target.query);
	check_url(target.fragment);
	if (target.host.n == 0) {
		check_own_path(target.path);
		check_own_location(&target, ruled->path, arena);
		return;
	}
	check_url(target.host);
	check_url(target.path);
	fuzz_law(holds(text, target.host), "the file names the host",
		target.host);
	fuzz_law(str_starts(lower(target.host, arena), STR("http://")) ||
			str_starts(lower(target.host, arena), STR("https://")),
		"another site has http or https", target.host);
	fuzz_law(target.path.n == 0 || target.path.p[0] == '/',
		"a host ends where its path begins", target.path);
	fuzz_law(
		target.status != STATUS_OK && target.status != STATUS_NOT_FOUND,
		"wwz is no proxy", target.host);
}

/* Whether each part of a joined value stands in the text. */
static bool
asked_for(struct str value, struct str text)
{
	while (value.p != NULL) {
		struct str part = str_trim(str_cut(&value, ','));

		if (!holds(text, part))
			return false;
	}
	return true;
}

static void
check_field(struct str line, struct str text, struct arena *arena)
{
	static const char *const never[] = {"status", "location", "x-sendfile",
		"x-accel-", "x-lighttpd-", "x-litespeed-", "transfer-",
		"content-length", "content-encoding", "set-cookie", "etag"};
	struct str value = line, name = lower(str_cut(&value, ':'), arena);

	fuzz_law(value.p != NULL, "a field has a colon", line);
	fuzz_law(holds(lower(text, arena), name), "the file names the field",
		name);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		fuzz_law(!str_starts(name, str_of(never[i])),
			"no field that steers or frames", name);
	fuzz_law(asked_for(value, text), "the file has the value", value);
}

static void
check_head(struct str head, struct str text, struct arena *arena)
{
	while (head.n > 0) {
		struct str line = str_cut(&head, '\n');

		fuzz_law(str_ends(line, STR("\r")), "a line ends in CR LF",
			line);
		line.n--;
		if (line.n == 0)
			continue;
		fuzz_law(memchr(line.p, '\r', line.n) == NULL &&
				memchr(line.p, '\0', line.n) == NULL,
			"no CR and no NUL in a line", line);
		if (!str_starts(line, STR("Status: 304 ")))
			check_field(line, text, arena);
	}
}

static void
check_headers(struct str text, const struct ruled *ruled, enum status status,
	struct arena *arena)
{
	struct headers headers;
	struct header_set *set;
	struct rulelines lines;
	struct response response;

	rulelines_begin(&lines, text, arena);
	headers_read(&headers, &lines);
	set = headers_find(&headers, ruled, arena);
	if (set == NULL)
		return;
	response_init(&response, arena, METHOD_GET);
	response.status = status;
	response.content_type = headers_type(set);
	response.sniffable = true;
	headers_apply(set, &response);
	check_head(response_head(&response), text, arena);
	response_free(&response);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct str path = str_cut(&text, '\n'), plain;
	struct arena arena = {0};
	struct ruled ruled;
	bool slash;

	if (path_normalise(path_decode(path, &arena), &plain, &slash, &arena) ==
			PATH_FINE &&
		rulepath_cut(&ruled, plain, &arena)) {
		check_redirects(text, &ruled, false, &arena);
		check_redirects(text, &ruled, true, &arena);
		check_headers(text, &ruled, STATUS_OK, &arena);
		check_headers(text, &ruled, STATUS_NOT_MODIFIED, &arena);
	}
	arena_free(&arena);
	return 0;
}
