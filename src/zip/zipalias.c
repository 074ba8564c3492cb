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
	if (zipentry_unreachable(recorded(entry)) != NULL)
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

/* The first place whose name does not come before name; with past, the first
 * one that comes behind it. */
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

/* The beginning of name with as many components as directory. */
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

struct str
zipalias_directory(const struct zipaliases *aliases,
	const unsigned char *entries, struct str name)
{
	size_t at = seek_recorded(aliases, entries, name, true);

	/* Between a name and those below it, others can lie: "a", "a-", "a/".
	 */
	for (; at < aliases->n; at++) {
		const unsigned char *entry = entries + aliases->at[at];
		struct str found = recorded(entry);

		if (!str_starts(found, name) || found.p[name.n] > '/')
			break;
		if (found.p[name.n] == '/')
			return same_depth(zipentry_name(entry), name);
	}
	return (struct str){NULL, 0};
}
