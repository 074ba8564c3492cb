/* fnmatch(3) compares component with component; only "**", which stands for any
 * number of components, is beyond it.  As in every search for wildcards, only
 * the last "**" seen is tried again with more components, so a name takes time
 * in proportion to the lengths of pattern and name, multiplied. */

#include "pack/ignore.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>

/* A line without the blanks at its end, unless a backslash precedes one. */
static struct str
without_blanks(struct str line)
{
	size_t end = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\\' && i + 1 < line.n)
			end = ++i + 1;
		else if (line.p[i] != ' ')
			end = i + 1;
	}
	return str_slice(line, 0, end);
}

/* Copy the components of text.  A slash behind a backslash is a slash. */
static bool
set_components(
	struct ignore_pattern *pattern, struct str text, struct arena *arena)
{
	struct text copy = {.arena = arena};

	pattern->n = 1;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n && text.p[++i] != '/')
			text_byte(&copy, '\\');
		pattern->n += text.p[i] == '/';
		text_byte(&copy, text.p[i] == '/' ? '\0' : text.p[i]);
	}
	text_byte(&copy, '\0');
	pattern->components = copy.p;
	return !arena->failed;
}

int
ignore_add(struct ignore *ignore, struct str text)
{
	struct ignore_pattern pattern = {.n = 0}, *more;

	text = without_blanks(text);
	pattern.negated = str_starts(text, STR("!"));
	if (pattern.negated)
		text = str_slice(text, 1, text.n);
	pattern.directory = str_ends(text, STR("/"));
	if (pattern.directory)
		text = str_slice(text, 0, text.n - 1);
	if (text.n == 0)
		return 0;
	pattern.anchored = memchr(text.p, '/', text.n) != NULL;
	if (text.p[0] == '/')
		text = str_slice(text, 1, text.n);
	if (!set_components(&pattern, text, &ignore->arena))
		return -1;
	more = reallocarray(ignore->patterns, ignore->n + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	ignore->patterns = more;
	ignore->patterns[ignore->n++] = pattern;
	return 0;
}

int
ignore_add_lines(struct ignore *ignore, struct str text)
{
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_slice(text, 3, text.n);
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n');

		if (str_ends(line, STR("\r")))
			line.n--;
		if (!str_starts(line, STR("#")) && ignore_add(ignore, line) < 0)
			return -1;
	}
	return 0;
}

static bool
match_component(const char *pattern, struct str name)
{
	char copy[NAME_MAX + 1];

	if (name.n > NAME_MAX)
		return false;
	memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	return fnmatch(pattern, copy, 0) == 0;
}

/* A place in a comparison: what is left of the pattern, and of the name, whose
 * p is NULL at its end. */
struct place_in_match {
	const char *pattern;
	size_t n;
	struct str name;
};

/* Whether a component is "**"; git takes more asterisks for the same. */
static bool
is_stars(const char *component)
{
	size_t n = strspn(component, "*");

	return n > 1 && component[n] == '\0';
}

/* Compare as far as the next "**", which then is the next component, or the
 * end. */
static bool
match_until_stars(struct place_in_match *at)
{
	for (; at->n > 0 && !is_stars(at->pattern); at->n--) {
		if (at->name.p == NULL ||
			!match_component(at->pattern, str_cut(&at->name, '/')))
			return false;
		at->pattern += strlen(at->pattern) + 1;
	}
	return at->n > 0 || at->name.p == NULL;
}

static bool
match_components(const struct ignore_pattern *pattern, struct str name)
{
	struct place_in_match stars = {.n = 0},
			      at = {pattern->components, pattern->n, name};

	for (;;) {
		bool right = match_until_stars(&at);

		if (right && at.n == 0)
			return true;
		if (right) {
			at.pattern += strlen(at.pattern) + 1;
			/* At the end it stands for what is below, not for the
			 * directory itself. */
			if (--at.n == 0)
				return at.name.p != NULL;
			stars = at;
		} else {
			if (stars.name.p == NULL)
				return false;
			str_cut(&stars.name, '/');
			at = stars;
		}
	}
}

bool
ignore_is(const struct ignore *ignore, struct str name, bool directory)
{
	size_t slash = name.n;

	while (slash > 0 && name.p[slash - 1] != '/')
		slash--;
	for (size_t i = ignore->n; i-- > 0;) {
		const struct ignore_pattern *pattern = &ignore->patterns[i];

		if (pattern->directory && !directory)
			continue;
		if (pattern->anchored ? match_components(pattern, name)
				      : match_component(pattern->components,
						str_slice(name, slash, name.n)))
			return !pattern->negated;
	}
	return false;
}

void
ignore_free(struct ignore *ignore)
{
	free(ignore->patterns);
	arena_free(&ignore->arena);
	*ignore = (struct ignore){0};
}
