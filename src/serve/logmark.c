#include "serve/logmark.h"

#include "serve/logtime.h"

/* Whether the cells begin with text, in which "0" stands for any digit. */
static bool
cells_start(const struct ansi_cell *cell, size_t n, struct str text)
{
	if (n < text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '0' ? !ansi_is_digit(cell[i].point)
				     : cell[i].point != (uint32_t)text.p[i])
			return false;
	}
	return true;
}

size_t
logmark_time(const struct ansi_cell *cell, size_t n)
{
	size_t i = logtime_find(cell, n, NULL);

	if (i > 0 &&
		(cells_start(cell + i, n - i, STR("00O ")) ||
			cells_start(cell + i, n - i, STR("00O+")) ||
			cells_start(cell + i, n - i, STR("00E ")) ||
			cells_start(cell + i, n - i, STR("00E+"))))
		i += 4;
	return i;
}

/* What stands behind the text of a mark. */
enum form {
	PLAIN,    /* the title, if any */
	NAME,     /* a name that ends at a blank, or at options in brackets */
	DURATION, /* the same, with "duration=" in nanoseconds in it */
	TIMED,    /* a time in seconds, ":", and a name like that */
	WHOLE,    /* a name up to the end of the line */
	QUOTED,   /* a name in "'", somewhere in what TeamCity writes */
	ROUND,    /* a title in parentheses */
	KEPT,     /* as PLAIN; the mark itself is shown */
	COMMAND   /* parameters, "::", and what there is to say */
};

static const struct entry {
	struct str text;
	enum logmark_kind kind;
	enum logmark_system system;
	enum form form;
	bool collapsed, unsure;
	const char *label, *class;
} table[] = {
#define TEXT(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
#define START(system, form, text)                                            \
	{                                                                    \
		TEXT(text), LOGMARK_START, system, form, false, false, NULL, \
			NULL                                                 \
	}
#define TITLE(text, collapsed, unsure)                               \
	{                                                            \
		TEXT(text), LOGMARK_START, LOGMARK_BUILDKITE, PLAIN, \
			collapsed, unsure, NULL, NULL                \
	}
#define END(system, form, text)                                            \
	{                                                                  \
		TEXT(text), LOGMARK_END, system, form, false, false, NULL, \
			NULL                                               \
	}
#define TIME(form, text)                                                      \
	{                                                                     \
		TEXT(text), LOGMARK_TIME, LOGMARK_TRAVIS, form, false, false, \
			NULL, NULL                                            \
	}
#define WORD(class, form, text, label)                                        \
	{                                                                     \
		TEXT(text), LOGMARK_WORD, LOGMARK_GITHUB, form, false, false, \
			label, class                                          \
	}
	START(LOGMARK_GITHUB, PLAIN, "::group::"),
	START(LOGMARK_GITHUB, PLAIN, "##[group]"),
	END(LOGMARK_GITHUB, PLAIN, "::endgroup::"),
	END(LOGMARK_GITHUB, PLAIN, "##[endgroup]"),
	START(LOGMARK_TRAVIS, NAME, "travis_fold:start:"),
	END(LOGMARK_TRAVIS, NAME, "travis_fold:end:"),
	TIME(NAME, "travis_time:start:"),
	TIME(DURATION, "travis_time:end:"),
	START(LOGMARK_GITLAB, TIMED, "section_start:"),
	END(LOGMARK_GITLAB, TIMED, "section_end:"),
	START(LOGMARK_JENKINS, ROUND, "[Pipeline] { ("),
	START(LOGMARK_JENKINS, KEPT, "[Pipeline] {"),
	END(LOGMARK_JENKINS, KEPT, "[Pipeline] }"),
	START(LOGMARK_AZURE, WHOLE, "##[section]Starting: "),
	END(LOGMARK_AZURE, WHOLE, "##[section]Finishing: "),
	START(LOGMARK_TEAMCITY, QUOTED, "##teamcity[blockOpened "),
	END(LOGMARK_TEAMCITY, QUOTED, "##teamcity[blockClosed "),
	START(LOGMARK_TEAMCITY, QUOTED, "##teamcity[testSuiteStarted "),
	END(LOGMARK_TEAMCITY, QUOTED, "##teamcity[testSuiteFinished "),
	TITLE("~~~ ", false, false),
	TITLE("--- ", true, true),
	TITLE("+++ ", false, true),
	WORD("co", PLAIN, "##[command]", NULL),
	WORD("bo", PLAIN, "##[section]", NULL),
	WORD("wa", PLAIN, "##[warning]", "Warning: "),
	WORD("er", PLAIN, "##[error]", "Error: "),
	WORD("bo", PLAIN, "##[notice]", "Notice: "),
	WORD("di", PLAIN, "##[debug]", "Debug: "),
	WORD("wa", COMMAND, "::warning", "Warning: "),
	WORD("er", COMMAND, "::error", "Error: "),
	WORD("bo", COMMAND, "::notice", "Notice: "),
	WORD("di", COMMAND, "::debug", "Debug: "),
	WORD("op", KEPT, "^^^ +++", NULL),
	WORD("di", KEPT, "[Pipeline] ", NULL),
#undef TEXT
#undef START
#undef TITLE
#undef END
#undef TIME
#undef WORD
};

/* The number of cells of a name, which ends at a blank or at options in
 * brackets. */
static size_t
name_length(const struct ansi_cell *cell, size_t n)
{
	size_t i = 0;

	while (i < n && cell[i].point > ' ' && cell[i].point != '[')
		i++;
	return i;
}

/* Where point is in the cells from `at` on; n if it is not. */
static size_t
find_point(const struct ansi_cell *cell, size_t n, size_t at, uint32_t point)
{
	while (at < n && cell[at].point != point)
		at++;
	return at;
}

/* Read a time and what follows it. */
static bool
read_timed(struct logmark *mark, const struct ansi_cell *cell, size_t n)
{
	static const struct str collapsed = {"[collapsed=true", 15};
	size_t end = mark->end;
	int64_t time = 0;

	for (; end < n && ansi_is_digit(cell[end].point); end++) {
		if (time < INT64_C(1) << 50)
			time = time * 10 + (cell[end].point - '0');
	}
	if (end == n || cell[end++].point != ':')
		return false;
	mark->time = time * 1000;
	mark->name = end;
	mark->nname = name_length(cell + end, n - end);
	mark->collapsed = cells_start(
		cell + end + mark->nname, n - end - mark->nname, collapsed);
	mark->end = mark->kind == LOGMARK_END ? end + mark->nname : end;
	if (mark->stop == n && cell[n - 1].point == ']')
		mark->stop = end + mark->nname;
	return true;
}

/* The number behind "duration=", which is in nanoseconds, in milliseconds. */
static int64_t
read_duration(const struct ansi_cell *cell, size_t n)
{
	static const struct str key = {",duration=", 10};
	int64_t ns = 0;
	size_t at = 0;

	while (at < n && !cells_start(cell + at, n - at, key))
		at++;
	if (at == n)
		return LOGTIME_NONE;
	for (at += key.n; at < n && ansi_is_digit(cell[at].point); at++) {
		if (ns < INT64_C(1) << 53)
			ns = ns * 10 + (cell[at].point - '0');
	}
	return ns / 1000000;
}

/* Find name='NAME', in which "|" escapes a character. */
static bool
read_quoted(struct logmark *mark, const struct ansi_cell *cell, size_t n)
{
	static const struct str name = {"name='", 6};
	size_t at = mark->end, end;

	while (at < n && !cells_start(cell + at, n - at, name))
		at++;
	if (at == n)
		return false;
	mark->name = at + name.n;
	for (end = mark->name; end < n && cell[end].point != '\''; end++)
		end += cell[end].point == '|';
	if (end >= n)
		return false;
	mark->nname = end - mark->name;
	mark->end = mark->name;
	mark->stop = mark->kind == LOGMARK_END ? mark->end : end;
	return true;
}

/* Read what follows the text of a mark, in n cells of a line of `whole`. */
static bool
read_rest(struct logmark *mark, const struct ansi_cell *cell, size_t n,
	size_t whole, enum form form)
{
	size_t at = mark->end;

	switch (form) {
	case NAME:
		mark->name = at;
		mark->nname = name_length(cell + at, n - at);
		if (mark->kind != LOGMARK_START)
			mark->end += mark->nname;
		return true;
	case DURATION:
		n = name_length(cell + at, n - at);
		mark->took = read_duration(cell + at, n);
		mark->end += n;
		return true;
	case TIMED:
		return read_timed(mark, cell, n);
	case WHOLE:
		mark->name = at;
		mark->nname = n - at;
		mark->end = mark->at + STR("##[section]").n;
		return true;
	case QUOTED:
		return read_quoted(mark, cell, n);
	case ROUND:
		mark->stop = find_point(cell, whole, at, ')');
		return mark->stop < whole;
	case KEPT:
		mark->end = mark->at;
		return true;
	case COMMAND:
		/* "::error::" or "::error file=a.c::" */
		if (at == whole ||
			(cell[at].point != ' ' && cell[at].point != ':'))
			return false;
		at = find_point(cell, whole, at, ':');
		while (at + 1 < whole && cell[at + 1].point != ':')
			at = find_point(cell, whole, at + 1, ':');
		if (at + 1 >= whole)
			return false;
		mark->name = mark->end + (cell[mark->end].point == ' ');
		mark->nname = at - mark->name;
		mark->end = at + 2;
		return true;
	case PLAIN:
		break;
	}
	return true;
}

/* Whether a mark can begin with point. */
static bool
can_begin(uint32_t point)
{
	return point == '#' || point == ':' || point == 't' || point == 's' ||
		point == '[' || point == '~' || point == '-' || point == '+' ||
		point == '^';
}

struct logmark
logmark_find(const struct ansi_cell *cell, size_t whole)
{
	/* This is called for each carriage return of a line, so only its
	 * beginning is searched. */
	size_t n = whole < LOGMARK_CELLS ? whole : LOGMARK_CELLS;
	size_t at = logmark_time(cell, n);
	struct logmark none = {.at = at, .end = at, .stop = whole}, mark;

	if (at == n || !can_begin(cell[at].point))
		return none;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct entry *e = &table[i];

		if (cell[at].point != (uint32_t)e->text.p[0] ||
			!cells_start(cell + at, n - at, e->text))
			continue;
		mark = (struct logmark){
			.kind = e->kind,
			.system = e->system,
			.at = at,
			.end = at + e->text.n,
			.stop = whole,
			.time = LOGTIME_NONE,
			.took = LOGTIME_NONE,
			.collapsed = e->collapsed,
			.unsure = e->unsure,
			.label = e->label,
			.class = e->class,
		};
		if (read_rest(&mark, cell, n, whole, e->form))
			return mark;
	}
	return none;
}
