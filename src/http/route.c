/* Front ends pass the path of the archive's file in different parameters.  Each
 * candidate is tried in turn until one has a component with a suffix:
 *
 *   WWZ_ARCHIVE, with PATH_INFO as the member
 *   SCRIPT_FILENAME (with Apache's proxy: in front), and PATH_INFO behind it
 *   PATH_TRANSLATED
 *   DOCUMENT_ROOT + REDIRECT_URL
 *   DOCUMENT_ROOT + path of REQUEST_URI, decoded */

#include "http/route.h"

#include "base/log.h"
#include "http/path.h"

/* The root without symbolic links, and as given on the command line. */
struct roots {
	struct str plain, given;
};

/* A path, cut in two where the archive's name ends. */
struct split {
	struct str archive; /* relative to the root, when it is below */
	struct str member;
	bool below;
};

/* The path of url, without "SCHEME://HOST", which is rarely there. */
static struct str
without_host(struct str url)
{
	const char *at;

	if (url.n == 0 || url.p[0] == '/')
		return url;
	at = memmem(url.p, url.n, "://", 3);
	if (at == NULL)
		return url;
	url = str_slice(url, (size_t)(at - url.p) + 3, url.n);
	at = memchr(url.p, '/', url.n);
	return at ? str_slice(url, (size_t)(at - url.p), url.n) : STR("/");
}

struct str
route_raw_path(const struct request *request)
{
	struct str uri = request->param[PARAM_REQUEST_URI];

	return without_host(str_cut(&uri, '?'));
}

/* Set *rest to what follows root in path.  Components are compared: "//" and
 * "/./" count as "/" in both.  false when path is not below root. */
static bool
strip_root(struct str path, struct str root, struct str *rest)
{
	struct str wanted, name;

	while (root.n > 0) {
		wanted = str_cut(&root, '/');
		if (wanted.n == 0)
			continue;
		do
			name = str_cut(&path, '/');
		while (path.p != NULL &&
			(name.n == 0 || str_eq(name, STR("."))));
		if (!str_eq(name, wanted))
			return false;
	}
	*rest = path;
	return true;
}

/* The same for either spelling of the root. */
static bool
strip_roots(struct str path, const struct roots *roots, struct str *rest)
{
	return strip_root(path, roots->plain, rest) ||
		(roots->given.n > 0 && strip_root(path, roots->given, rest));
}

/* Cut path after its first component that ends in one of suffixes. */
static bool
split_at_suffix(struct str path, struct str suffixes, struct split *split)
{
	size_t at = 0;

	while (at < path.n) {
		struct str rest = str_slice(path, at, path.n);
		struct str name = str_cut(&rest, '/');

		at += name.n;
		if (path_suffix(name, suffixes) > 0) {
			split->archive = str_slice(path, 0, at);
			split->member = str_slice(path, at, path.n);
			return true;
		}
		at++;
	}
	return false;
}

/* Split the path of a file.  Only the part below the root is searched, because
 * the root itself may end in a suffix. */
static bool
split_file(struct str path, const struct roots *roots, struct str suffixes,
	struct split *split)
{
	struct str rest;

	split->below = strip_roots(path, roots, &rest);
	return split_at_suffix(split->below ? rest : path, suffixes, split);
}

/* a followed by b.  Both may hold a NUL. */
static struct str
join_bytes(struct str a, struct str b, struct arena *arena)
{
	struct text text = {.arena = arena};

	text_add(&text, a);
	text_add(&text, b);
	return text_str(&text);
}

/* Split the path of a URL, which is relative to DOCUMENT_ROOT or, without one,
 * to the root. */
static bool
split_url(struct str path, const struct request *request,
	const struct roots *roots, struct str suffixes, struct split *split,
	struct arena *arena)
{
	struct str above = request->param[PARAM_DOCUMENT_ROOT];

	if (path.n == 0 || path.p[0] != '/')
		return false;
	if (above.n == 0)
		above = roots->plain;
	return split_file(
		join_bytes(above, path, arena), roots, suffixes, split);
}

static bool
split_script(const struct request *request, const struct roots *roots,
	struct str suffixes, struct split *split, struct arena *arena)
{
	struct str script = request->param[PARAM_SCRIPT_FILENAME];

	if (str_starts(script, STR("proxy:")))
		script = without_host(str_slice(script, 6, script.n));
	if (!split_file(script, roots, suffixes, split))
		return false;
	split->member = join_bytes(
		split->member, request->param[PARAM_PATH_INFO], arena);
	return true;
}

static bool
find_split(const struct request *request, const struct roots *roots,
	struct str suffixes, struct split *split, struct arena *arena)
{
	const struct str *param = request->param;

	if (param[PARAM_WWZ_ARCHIVE].n > 0) {
		split->archive = param[PARAM_WWZ_ARCHIVE];
		split->member = param[PARAM_PATH_INFO];
		split->below =
			strip_roots(split->archive, roots, &split->archive);
		return true;
	}
	return split_script(request, roots, suffixes, split, arena) ||
		split_file(
			param[PARAM_PATH_TRANSLATED], roots, suffixes, split) ||
		split_url(param[PARAM_REDIRECT_URL], request, roots, suffixes,
			split, arena) ||
		split_url(path_decode(route_raw_path(request), arena), request,
			roots, suffixes, split, arena);
}

static enum status
refuse_route(const struct request *request, enum status status,
	enum log_level level, const char *word, const char *why)
{
	log_pairs(level, word, {"uri", request->param[PARAM_REQUEST_URI]},
		{"script", request->param[PARAM_SCRIPT_FILENAME]},
		{"why", str_of(why)});
	return status;
}

static enum status
refuse_path(const struct request *request, enum path_fault fault)
{
	static const char *const why[] = {
		[PATH_BYTES] = "a control character in the path",
		[PATH_CLIMBS] = "the path leads out of the archive with ..",
		[PATH_MEMORY] = "no memory for the path",
	};

	return refuse_route(request,
		fault == PATH_MEMORY ? STATUS_UNAVAILABLE : STATUS_BAD_REQUEST,
		LOG_INFO, "bad-path", why[fault]);
}

/* Refuse an archive outside the root, reached with ".." or named directly. */
static enum status
refuse_outside(const struct request *request, struct str path)
{
	while (path.p != NULL) {
		if (str_eq(str_cut(&path, '/'), STR("..")))
			return refuse_path(request, PATH_CLIMBS);
	}
	return refuse_route(request, STATUS_FORBIDDEN, LOG_WARN,
		"archive-outside", "the archive is not below the root");
}

/* Find the root of this request: "/a/b", or "" for "/"; p is NULL when there is
 * none. */
static enum path_fault
find_roots(const struct request *request, const struct site *site,
	struct roots *roots, struct arena *arena)
{
	struct str given = request->param[PARAM_DOCUMENT_ROOT];
	enum path_fault fault;
	bool slash;

	*roots = (struct roots){site->root, site->root_given};
	if (site->root.p != NULL || given.n == 0 || given.p[0] != '/')
		return PATH_FINE;
	roots->given = given;
	fault = path_normalise(given, &roots->plain, &slash, arena);
	if (fault == PATH_FINE && roots->plain.n > 0)
		roots->plain = join_bytes(STR("/"), roots->plain, arena);
	return fault;
}

static enum status
place_archive(struct route *route, const struct split *split, struct str root,
	const struct request *request, struct arena *arena)
{
	struct text archive = {.arena = arena};
	struct str rest;
	bool slash;
	enum path_fault fault =
		path_normalise(split->archive, &rest, &slash, arena);

	if (fault == PATH_FINE)
		fault = path_normalise(
			split->member, &route->member, &route->slash, arena);
	if (fault != PATH_FINE)
		return refuse_path(request, fault);
	if (!split->below || rest.n == 0)
		return refuse_outside(request, split->archive);
	text_add(&archive, root);
	text_add(&archive, STR("//"));
	text_add(&archive, rest);
	route->archive = text_str(&archive);
	return STATUS_GO;
}

enum status
route_find(struct route *route, const struct request *request,
	const struct site *site, struct arena *arena)
{
	struct roots roots;
	struct split split;
	enum path_fault fault = find_roots(request, site, &roots, arena);
	enum status status;

	if (fault != PATH_FINE)
		return refuse_path(request, fault);
	if (roots.plain.p == NULL)
		return refuse_route(request, STATUS_ERROR, LOG_ERROR, "no-root",
			"neither --root nor a DOCUMENT_ROOT");
	if (!find_split(request, &roots, site->suffix, &split, arena))
		return refuse_route(request, STATUS_NOT_FOUND, LOG_WARN,
			"no-archive", "no parameter names an archive");
	status = place_archive(route, &split, roots.plain, request, arena);
	if (status == STATUS_GO && arena->failed)
		return refuse_path(request, PATH_MEMORY);
	return status;
}

/* The path of the request's URL.  *raw: it is encoded. */
static struct str
url_path(const struct request *request, bool *raw, struct arena *arena)
{
	struct str path = route_raw_path(request);

	*raw = path.n > 0;
	return *raw ? path
		    : join_bytes(request->param[PARAM_SCRIPT_NAME],
			      request->param[PARAM_PATH_INFO], arena);
}

void
route_add_query(struct text *text, const struct request *request)
{
	struct str query = request->param[PARAM_REQUEST_URI];

	str_cut(&query, '?');
	if (route_raw_path(request).n == 0) {
		query = request->param[PARAM_QUERY_STRING];
		if (query.n == 0)
			query.p = NULL;
	}
	while (query.p != NULL) {
		text_byte(text, '?');
		path_encode(text, str_cut(&query, '?'), true);
	}
}

/* Add the path of the request's URL, in which one slash comes first. */
static void
add_url_path(struct text *text, const struct request *request)
{
	bool raw;
	struct str path = url_path(request, &raw, text->arena);

	while (path.n > 0 && path.p[0] == '/')
		path = str_slice(path, 1, path.n);
	text_byte(text, '/');
	path_encode(text, path, raw);
}

struct str
route_path(const struct request *request, struct arena *arena)
{
	struct text text = {.arena = arena};

	add_url_path(&text, request);
	return text_str(&text);
}

struct str
route_with_slash(const struct request *request, struct arena *arena)
{
	struct text text = {.arena = arena};

	add_url_path(&text, request);
	if (text.n > 1)
		text_byte(&text, '/');
	route_add_query(&text, request);
	return text_str(&text);
}

/* Remove name, which is normalised, from the end of *path, and the slash before
 * it. */
static bool
strip_name(struct str *path, struct str name)
{
	if (name.n == 0)
		return true;
	if (!str_ends(*path, name))
		return false;
	path->n -= name.n;
	if (path->n == 0)
		return true;
	return path->p[--path->n] == '/';
}

struct str
route_to(const struct request *request, const struct route *route,
	struct str name, bool slash, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct str base;
	bool raw, ignored;
	struct str path = url_path(request, &raw, arena);

	if (raw)
		path = path_decode(path, arena);
	if (path_normalise(path, &base, &ignored, arena) != PATH_FINE ||
		!strip_name(&base, route->member))
		return (struct str){NULL, 0};
	text_byte(&text, '/');
	path_encode(&text, base, false);
	if (base.n > 0 && name.n > 0)
		text_byte(&text, '/');
	path_encode(&text, name, false);
	if (slash && base.n + name.n > 0)
		text_byte(&text, '/');
	return text_str(&text);
}
