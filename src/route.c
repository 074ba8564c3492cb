/* Front ends do not agree on which parameter carries the path of the archive's
 * file; each candidate is tried until one has a component with the suffix:
 *
 *   WWZ_ARCHIVE, with PATH_INFO as the member
 *   SCRIPT_FILENAME (with Apache's proxy: in front), and PATH_INFO behind it
 *   PATH_TRANSLATED
 *   DOCUMENT_ROOT + REDIRECT_URL
 *   DOCUMENT_ROOT + path of REQUEST_URI, decoded
 */

#include "route.h"

#include "log.h"
#include "path.h"

/* A path of a file, cut in two where the archive's name ends. */
struct split {
	struct str archive;
	struct str member;
};

/* The path after "SCHEME://HOST", which is absent nearly always. */
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

static struct str
request_path(const struct request *request)
{
	struct str uri = request->param[PARAM_REQUEST_URI];

	return without_host(str_cut(&uri, '?'));
}

/* Cut path behind its first component below root that ends in suffix. */
static bool
split_at_suffix(struct str path, struct str root, struct str suffix,
	struct split *split)
{
	size_t at = 0;

	if (str_starts(path, root) && path.n > root.n && path.p[root.n] == '/')
		at = root.n;
	while (at < path.n) {
		struct str rest = str_slice(path, at, path.n);
		struct str name = str_cut(&rest, '/');

		at += name.n;
		if (name.n > suffix.n && str_ends(name, suffix)) {
			split->archive = str_slice(path, 0, at);
			split->member = str_slice(path, at, path.n);
			return true;
		}
		at++;
	}
	return false;
}

static struct str
join(struct str a, struct str b, struct arena *arena)
{
	if (b.n == 0)
		return a;
	return arena_printf(arena, "%.*s%.*s", STR_ARG(a), STR_ARG(b));
}

static bool
split_script(const struct request *request, struct str root, struct str suffix,
	struct split *split, struct arena *arena)
{
	struct str script = request->param[PARAM_SCRIPT_FILENAME];

	if (str_starts(script, STR("proxy:")))
		script = without_host(str_slice(script, 6, script.n));
	if (!split_at_suffix(script, root, suffix, split))
		return false;
	split->member =
		join(split->member, request->param[PARAM_PATH_INFO], arena);
	return true;
}

/* "ROOT" + path; nothing without a path. */
static bool
split_below(struct str root, struct str path, struct str suffix,
	struct split *split, struct arena *arena)
{
	return path.n > 0 && path.p[0] == '/' &&
		split_at_suffix(join(root, path, arena), root, suffix, split);
}

static bool
find_split(const struct request *request, struct str root, struct str suffix,
	struct split *split, struct arena *arena)
{
	const struct str *param = request->param;
	struct str decoded;

	if (param[PARAM_WWZ_ARCHIVE].n > 0) {
		split->archive = param[PARAM_WWZ_ARCHIVE];
		split->member = param[PARAM_PATH_INFO];
		return true;
	}
	if (split_script(request, root, suffix, split, arena) ||
		split_at_suffix(
			param[PARAM_PATH_TRANSLATED], root, suffix, split) ||
		split_below(
			root, param[PARAM_REDIRECT_URL], suffix, split, arena))
		return true;
	decoded = path_decode(request_path(request), arena);
	return split_below(root, decoded, suffix, split, arena);
}

static enum status
refuse(const struct request *request, enum status status, enum log_level level,
	const char *word, const char *why)
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
		[PATH_CLIMBS] = "the path climbs out with ..",
		[PATH_MEMORY] = "no memory for the path",
	};

	return refuse(request,
		fault == PATH_MEMORY ? STATUS_UNAVAILABLE : STATUS_BAD_REQUEST,
		LOG_INFO, "bad-path", why[fault]);
}

/* What stands below root in path, which has no "/" in front, as root. */
static bool
below(struct str path, struct str root, struct str *rest)
{
	if (root.n > 0 && root.p[0] == '/')
		root = str_slice(root, 1, root.n);
	if (root.n == 0) {
		*rest = path;
		return true;
	}
	if (!str_starts(path, root) || path.n <= root.n ||
		path.p[root.n] != '/')
		return false;
	*rest = str_slice(path, root.n + 1, path.n);
	return true;
}

/* The root of this request: "/a/b", or "" for "/"; p is NULL for none. */
static enum path_fault
find_root(const struct request *request, const struct site *site,
	struct str *root, struct arena *arena)
{
	struct str given = request->param[PARAM_DOCUMENT_ROOT];
	enum path_fault fault;
	bool slash;

	*root = site->root;
	if (root->p != NULL)
		return PATH_FINE;
	if (given.n == 0 || given.p[0] != '/')
		return PATH_FINE;
	fault = path_normalise(given, root, &slash, arena);
	if (fault == PATH_FINE && root->n > 0)
		*root = arena_printf(arena, "/%.*s", STR_ARG(*root));
	return fault;
}

static enum status
place(struct route *route, const struct split *split, struct str root,
	const struct request *request, const struct site *site,
	struct arena *arena)
{
	struct str path, rest;
	bool slash;
	enum path_fault fault =
		path_normalise(split->archive, &path, &slash, arena);

	if (fault != PATH_FINE)
		return refuse_path(request, fault);
	if (!below(path, root, &rest) &&
		(site->root_given.n == 0 ||
			!below(path, site->root_given, &rest))) {
		if (memmem(split->archive.p, split->archive.n, "..", 2))
			return refuse_path(request, PATH_CLIMBS);
		return refuse(request, STATUS_FORBIDDEN, LOG_WARN,
			"archive-outside", "the archive is not below the root");
	}
	route->archive =
		arena_printf(arena, "%.*s//%.*s", STR_ARG(root), STR_ARG(rest));
	fault = path_normalise(
		split->member, &route->member, &route->slash, arena);
	return fault ? refuse_path(request, fault) : STATUS_GO;
}

enum status
route_find(struct route *route, const struct request *request,
	const struct site *site, struct arena *arena)
{
	struct split split;
	struct str root;
	enum path_fault fault = find_root(request, site, &root, arena);
	enum status status;

	if (fault != PATH_FINE)
		return refuse_path(request, fault);
	if (root.p == NULL)
		return refuse(request, STATUS_ERROR, LOG_ERROR, "no-root",
			"neither --root nor a DOCUMENT_ROOT");
	if (!find_split(request, root, site->suffix, &split, arena))
		return refuse(request, STATUS_NOT_FOUND, LOG_WARN, "no-archive",
			"no parameter names an archive");
	status = place(route, &split, root, request, site, arena);
	if (status == STATUS_GO && arena->failed)
		return refuse_path(request, PATH_MEMORY);
	return status;
}

struct str
route_with_slash(const struct request *request, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct str path = request_path(request);
	struct str query = request->param[PARAM_REQUEST_URI];
	bool raw = true;

	str_cut(&query, '?');
	if (path.n == 0) {
		path = join(request->param[PARAM_SCRIPT_NAME],
			request->param[PARAM_PATH_INFO], arena);
		query = request->param[PARAM_QUERY_STRING];
		raw = false;
	}
	while (path.n > 0 && path.p[0] == '/')
		path = str_slice(path, 1, path.n);
	text_byte(&text, '/');
	path_encode(&text, path, raw);
	text_byte(&text, '/');
	while (query.p != NULL) {
		text_byte(&text, '?');
		path_encode(&text, str_cut(&query, '?'), true);
	}
	return text_str(&text);
}
