/* The parameters of a request: a byte for what the administrator said, and
 * "NAME=VALUE" strings, each ended by a NUL or by the input's end.
 *
 * What routes to an archive names a path below the root, and a member of it, in
 * plain components and without control characters.  A redirect stays on the
 * host, and holds only what may stand in a URL. */

#include "fuzz_file.h"
#include "http/path.h"
#include "http/request.h"
#include "http/route.h"

enum { STRINGS_MAX = 64 };

static bool
has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return true;
	}
	return false;
}

/* Components that are none of "", "." and "..", "/" between them. */
static bool
is_plain(struct str path)
{
	for (size_t at = 0, end; at <= path.n; at = end + 1) {
		struct str part;

		for (end = at; end < path.n && path.p[end] != '/'; end++)
			;
		part = str_slice(path, at, end);
		if (part.n == 0 || str_eq(part, STR(".")) ||
			str_eq(part, STR("..")))
			return false;
	}
	return true;
}

/* The root that an archive's path has to start with. */
static struct str
root_of(const struct request *request, const struct site *site,
	struct arena *arena)
{
	struct str root = site->root;
	bool slash;

	if (root.p != NULL)
		return root;
	fuzz_law(path_normalise(request->param[PARAM_DOCUMENT_ROOT], &root,
			 &slash, arena) == PATH_FINE,
		"the root is a path", request->param[PARAM_DOCUMENT_ROOT]);
	return root.n == 0 ? root : arena_printf(arena, "/%s", root.p);
}

static void
check_route(const struct route *route, struct str root)
{
	struct str archive = route->archive;
	const char *slashes = memmem(archive.p, archive.n, "//", 2);
	struct str rest;

	fuzz_law(slashes != NULL && slashes == archive.p + root.n &&
			str_starts(archive, root),
		"the archive's path is the root, // and more", archive);
	rest = str_slice(archive, root.n + 2, archive.n);
	fuzz_law(is_plain(rest), "the archive's path is plain", archive);
	fuzz_law(root.n == 0 || is_plain(str_slice(root, 1, root.n)),
		"the root is plain", archive);
	fuzz_law(!has_control(archive), "a path has no control characters",
		archive);
	fuzz_law(route->member.n == 0 || is_plain(route->member),
		"the member's name is plain", route->member);
	fuzz_law(!has_control(route->member),
		"a member's name has no control characters", route->member);
}

static bool
has_encoded_control(struct str path)
{
	for (size_t i = 0; i + 2 < path.n; i++) {
		const char *p = path.p + i;

		if (p[0] == '%' &&
			(p[1] == '0' || p[1] == '1' ||
				memcmp(p + 1, "7f", 2) == 0 ||
				memcmp(p + 1, "7F", 2) == 0) &&
			p[2] != '\0' &&
			strchr("0123456789abcdefABCDEF", p[2]) != NULL)
			return true;
	}
	return false;
}

/* Nothing but the URL, which is a path, can have led to an archive. */
static bool
only_url(const struct request *request)
{
	const struct str *param = request->param;

	return str_starts(param[PARAM_REQUEST_URI], STR("/")) &&
		param[PARAM_WWZ_ARCHIVE].n == 0 &&
		param[PARAM_SCRIPT_FILENAME].n == 0 &&
		param[PARAM_PATH_TRANSLATED].n == 0 &&
		param[PARAM_REDIRECT_URL].n == 0;
}

static void
check_redirect(struct str location)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
				      "OPQRSTUVWXYZ"
				      "0123456789-._~!$&()*+,;=:@/?%";

	fuzz_law(location.n > 0 && location.p[0] == '/' &&
			(location.n == 1 || location.p[1] != '/'),
		"a redirect stays on the host", location);
	for (size_t i = 0; i < location.n; i++)
		fuzz_law(location.p[i] != '\0' &&
				strchr(allowed, location.p[i]) != NULL,
			"a redirect is a URL", location);
	for (size_t i = 0; i < location.n; i++)
		fuzz_law(location.p[i] != '%' ||
				strspn(location.p + i + 1,
					"0123456789abcdefABCDEF") >= 2,
			"a redirect's escapes are whole", location);
}

/* Such a request is an error that is always logged. */
static bool
lacks_root(const struct request *request, const struct site *site)
{
	struct str given = request->param[PARAM_DOCUMENT_ROOT];

	return site->root.p == NULL && (given.n == 0 || given.p[0] != '/');
}

static void
check(char *const *environment, const struct site *site, struct arena *arena)
{
	struct request request;
	struct route route;
	struct str root, path;
	enum status status;

	request_read(&request, environment, arena);
	if (lacks_root(&request, site))
		return;
	status = route_find(&route, &request, site, arena);
	path = request.param[PARAM_REQUEST_URI];
	fuzz_law(!arena->failed, "memory does not run out", path);
	if (status != STATUS_GO)
		return;
	root = root_of(&request, site, arena);
	check_route(&route, root);
	if (!route.slash)
		check_redirect(
			arena_copy(arena, route_with_slash(&request, arena)));
	path = str_cut(&path, '?');
	fuzz_law(!only_url(&request) || !has_encoded_control(path),
		"a URL with a control character is refused", path);
}

/* Cut input into strings of their own; how many. */
static size_t
cut_strings(struct str input, char *strings[])
{
	size_t n = 0;

	while (input.p != NULL && n < STRINGS_MAX) {
		struct str string = str_cut(&input, '\0');

		strings[n] = strndup(string.p, string.n);
		if (strings[n++] == NULL)
			abort();
	}
	strings[n] = NULL;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct site sites[4] = {
		{.suffix = {".wwz", 4}},
		{.suffix = {".wwz", 4}, .root = {"/w", 2}},
		{.suffix = {".wwz", 4}, .root = {"", 0}},
		{.suffix = {".wwz", 4},
			.root = {"/srv/r.wwz", 10},
			.root_given = {"/w", 2}},
	};
	struct str input = {(const char *)data, size};
	const struct site *site = &sites[fuzz_byte(&input) % 4];
	char *strings[STRINGS_MAX + 1];
	struct arena arena = {0};
	size_t n;

	if (input.n == 0)
		return 0;
	n = cut_strings(input, strings);
	check(strings, site, &arena);
	while (n > 0)
		free(strings[--n]);
	arena_free(&arena);
	return 0;
}
