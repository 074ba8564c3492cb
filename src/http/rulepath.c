/* A pattern with a splat is compared with the path from both ends, component by
 * component; the splat is what remains between them.  So nothing is tried
 * twice, whatever the pattern. */

#include "http/rulepath.h"

#include "http/path.h"

static bool
begins_name(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

size_t
rulepath_name(struct str text)
{
	size_t n = 0;

	while (n < text.n &&
		(begins_name(text.p[n]) ||
			(n > 0 &&
				(text.p[n] == '_' ||
					(text.p[n] >= '0' &&
						text.p[n] <= '9')))))
		n++;
	return n;
}

static bool
is_placeholder(struct str component)
{
	return component.n > 0 && component.p[0] == ':';
}

/* Why a component with a colon in front is no placeholder, else NULL. */
static const char *
placeholder_fault(struct str component)
{
	struct str name;

	if (!is_placeholder(component))
		return NULL;
	name = str_slice(component, 1, component.n);
	if (name.n == 0 || rulepath_name(name) < name.n)
		return "a placeholder is a whole component: a colon, a letter, and letters, digits or _";
	if (str_eq(name, STR("splat")))
		return ":splat stands for *, and only in what it is sent to";
	return NULL;
}

static const char *
check_components(struct str path)
{
	const char *why = NULL;

	while (why == NULL && path.n > 0)
		why = placeholder_fault(str_cut(&path, '/'));
	return why;
}

const char *
rulepath_read(struct rulepath *pattern, struct str text, struct arena *arena)
{
	struct str path, more;
	bool slash;

	if (text.n == 0 || text.p[0] != '/')
		return "a path of the archive begins with a slash; hosts cannot be matched";
	if (memchr(text.p, '?', text.n) != NULL ||
		memchr(text.p, '#', text.n) != NULL)
		return "queries and fragments cannot be matched";
	if (path_normalise(path_decode(text, arena), &path, &slash, arena) !=
		PATH_FINE)
		return "the path leads out of the archive, or has a control character";
	pattern->after = path;
	pattern->before = str_cut(&pattern->after, '*');
	pattern->splat = pattern->after.p != NULL;
	more = pattern->after;
	str_cut(&more, '*');
	if (more.p != NULL)
		return "more than one *";
	return check_components(path);
}

bool
rulepath_cut(struct ruled *ruled, struct str path, struct arena *arena)
{
	struct str rest = path;
	size_t slashes = 0, n = 0;

	for (size_t i = 0; i < path.n; i++)
		slashes += path.p[i] == '/';
	*ruled = (struct ruled){.path = path};
	ruled->start = arena_get(arena, (slashes + 2) * sizeof(uint32_t));
	if (ruled->start == NULL)
		return false;
	ruled->start[0] = 0;
	while (rest.n > 0) {
		str_cut(&rest, '/');
		n++;
		ruled->start[n] = (uint32_t)(path.n - rest.n) + (rest.n == 0);
	}
	ruled->n = n;
	return true;
}

/* Components `from` up to but not including `to`, with the slashes between
 * them. */
static struct str
components(const struct ruled *ruled, size_t from, size_t to)
{
	if (from >= to)
		return (struct str){NULL, 0};
	return str_slice(ruled->path, ruled->start[from], ruled->start[to] - 1);
}

static size_t
count_slashes(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '/';
	return n;
}

/* The components that only the splat and what stands next to it in its own
 * component stand for: *from up to but not including *to.  false when the path
 * has too few components. */
static bool
find_middle(const struct rulepath *pattern, const struct ruled *ruled,
	size_t *from, size_t *to)
{
	size_t last = count_slashes(pattern->after);

	*from = count_slashes(pattern->before);
	*to = ruled->n - last;
	return ruled->n >= *from + last;
}

/* What stands before the splat in its component, and after it. */
static struct str
splat_prefix(const struct rulepath *pattern)
{
	return path_last(pattern->before);
}

static struct str
splat_suffix(const struct rulepath *pattern)
{
	struct str after = pattern->after;

	return str_cut(&after, '/');
}

/* The components behind that of the splat. */
static struct str
behind_splat(const struct rulepath *pattern)
{
	struct str after = pattern->after;

	str_cut(&after, '/');
	return after;
}

/* Whether the components of text, n of them, are those of the path from number
 * `at` on. */
static bool
same_components(struct str text, size_t n, const struct ruled *ruled, size_t at)
{
	for (size_t i = 0; i < n; i++) {
		struct str wanted = str_cut(&text, '/');

		if (!is_placeholder(wanted) &&
			!str_eq(wanted, components(ruled, at + i, at + i + 1)))
			return false;
	}
	return true;
}

bool
rulepath_matches(const struct rulepath *pattern, const struct ruled *ruled)
{
	struct str middle, prefix, suffix;
	size_t from, to;

	if (!pattern->splat) {
		size_t n = pattern->before.n > 0
			? count_slashes(pattern->before) + 1
			: 0;

		return n == ruled->n &&
			same_components(pattern->before, n, ruled, 0);
	}
	if (!find_middle(pattern, ruled, &from, &to))
		return false;
	middle = components(ruled, from, to);
	prefix = splat_prefix(pattern);
	suffix = splat_suffix(pattern);
	return middle.n >= prefix.n + suffix.n && str_starts(middle, prefix) &&
		str_ends(middle, suffix) &&
		same_components(pattern->before, from, ruled, 0) &&
		same_components(
			behind_splat(pattern), ruled->n - to, ruled, to);
}

/* The number of the placeholder's component in text, or SIZE_MAX. */
static size_t
find_placeholder(struct str text, struct str name)
{
	for (size_t i = 0; text.n > 0; i++) {
		struct str component = str_cut(&text, '/');

		if (is_placeholder(component) &&
			str_eq(str_slice(component, 1, component.n), name))
			return i;
	}
	return SIZE_MAX;
}

bool
rulepath_has(const struct rulepath *pattern, struct str name)
{
	if (str_eq(name, STR("splat")))
		return pattern->splat;
	return find_placeholder(pattern->before, name) < SIZE_MAX ||
		find_placeholder(behind_splat(pattern), name) < SIZE_MAX;
}

static struct str
splat_value(const struct rulepath *pattern, const struct ruled *ruled)
{
	size_t from, to;
	struct str middle;

	find_middle(pattern, ruled, &from, &to);
	middle = components(ruled, from, to);
	return str_slice(middle, splat_prefix(pattern).n,
		middle.n - splat_suffix(pattern).n);
}

struct str
rulepath_value(const struct rulepath *pattern, const struct ruled *ruled,
	struct str name)
{
	size_t i, from, to;

	if (str_eq(name, STR("splat")))
		return splat_value(pattern, ruled);
	i = find_placeholder(pattern->before, name);
	if (i == SIZE_MAX) {
		find_middle(pattern, ruled, &from, &to);
		i = to + find_placeholder(behind_splat(pattern), name);
	}
	return components(ruled, i, i + 1);
}
