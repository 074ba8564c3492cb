#include "zip/zipalias.h"

#include <stdlib.h>

static struct str
recorded(const unsigned char *entry)
{
	return zipentry_plain(zipentry_recorded(entry));
}

int
zipalias_add(struct zipaliases *aliases, const unsigned char *entries,
	const unsigned char *entry)
{
	if (zipentry_unreachable(recorded(entry), NULL) != NULL)
		return 0;
	/* The array is doubled when its size is a power of two. */
	if ((aliases->n & (aliases->n - 1)) == 0) {
		size_t room = aliases->n ? 2 * aliases->n : 1;
		uint32_t *more = realloc(aliases->at, room * sizeof(*more));

		if (more == NULL)
			return -1;
		aliases->at = more;
	}
	aliases->at[aliases->n++] = (uint32_t)(entry - entries);
	return 0;
}

static int
by_recorded(const void *a, const void *b, void *data)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const unsigned char *entries = data;
	int order = str_compare(recorded(entries + x), recorded(entries + y));

	return order ? order : (x > y) - (x < y);
}

void
zipalias_sort(struct zipaliases *aliases, unsigned char *entries)
{
	uint32_t *less;

	if (aliases->n == 0)
		return;
	qsort_r(aliases->at, aliases->n, sizeof(*aliases->at), by_recorded,
		entries);
	less = realloc(aliases->at, aliases->n * sizeof(*less));
	if (less != NULL)
		aliases->at = less;
}

/* The first place in the list whose name is not less than name; with past, the
 * first one whose name is greater. */
static size_t
seek_recorded(const struct zipaliases *aliases, const unsigned char *entries,
	struct str name, bool past)
{
	size_t from = 0, to = aliases->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = str_compare(
			recorded(entries + aliases->at[middle]), name);

		if (order < 0 || (past && order == 0))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const unsigned char *
zipalias_find(const struct zipaliases *aliases, const unsigned char *entries,
	struct str name)
{
	size_t at = seek_recorded(aliases, entries, name, true);
	const unsigned char *entry;

	if (at == 0)
		return NULL;
	entry = entries + aliases->at[at - 1];
	return str_eq(recorded(entry), name) ? entry : NULL;
}

/* The beginning of name, with as many components as directory has.  p is NULL
 * when name has no more components than that. */
static struct str
same_depth(struct str name, struct str directory)
{
	struct str rest = name;

	while (directory.p != NULL) {
		str_cut(&directory, '/');
		str_cut(&rest, '/');
	}
	return rest.p == NULL
		? rest
		: str_slice(name, 0, (size_t)(rest.p - name.p) - 1);
}

/* Whether found comes before the names in the directory called name. */
static bool
comes_before(struct str found, struct str name)
{
	int order = str_compare(
		str_slice(found, 0, found.n < name.n ? found.n : name.n), name);

	return order < 0 ||
		(order == 0 && (found.n == name.n || found.p[name.n] < '/'));
}

/* The name for requests of the directory recorded as name.  p is NULL when no
 * member in the list lies in it. */
static struct str
directory_of(const struct zipaliases *aliases, const unsigned char *entries,
	struct str name)
{
	size_t from = 0, to = aliases->n;
	const unsigned char *entry;
	struct str found;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (comes_before(recorded(entries + aliases->at[middle]), name))
			from = middle + 1;
		else
			to = middle;
	}
	if (from == aliases->n)
		return (struct str){NULL, 0};
	entry = entries + aliases->at[from];
	found = recorded(entry);
	if (!str_starts(found, name) || found.n == name.n ||
		found.p[name.n] != '/')
		return (struct str){NULL, 0};
	return same_depth(zipentry_name(entry), name);
}

struct str
zipalias_path(const struct zipaliases *aliases, const unsigned char *entries,
	struct str name)
{
	for (size_t n = name.n; aliases->n > 0 && n > 0; n--) {
		struct str own = {NULL, 0};
		char *path;

		if (n == name.n || name.p[n] == '/')
			own = directory_of(
				aliases, entries, str_slice(name, 0, n));
		if (own.p == NULL)
			continue;
		path = malloc(own.n + name.n - n + 1);
		if (path == NULL)
			break;
		memcpy(path, own.p, own.n);
		memcpy(path + own.n, name.p + n, name.n - n);
		return (struct str){path, own.n + name.n - n};
	}
	return (struct str){NULL, 0};
}
