/* Recognises in a line of a log the marks of CI systems: those that group
 * lines, and words that say what a line is. */

#ifndef LOGMARK_H
#define LOGMARK_H

#include "serve/ansi.h"

/* The most cells that a mark may take, including its name and the time. */
enum { LOGMARK_CELLS = 256 };

enum logmark_kind {
	LOGMARK_NONE,
	LOGMARK_START,
	LOGMARK_END,
	LOGMARK_WORD,
	LOGMARK_TIME /* says how long what is before it took, or nothing */
};

/* "::group::TITLE" and "##[group]TITLE" of GitHub and Azure, which have no
 * names and do not nest; "travis_fold:start:NAME" of Travis,
 * within which "travis_time:end:ID:start=NS,finish=NS,duration=NS" says how
 * long a command took; "section_start:TIME:NAME[OPTIONS]" of GitLab;
 * "[Pipeline] { (TITLE)" of Jenkins, which nest without names;
 * "##[section]Starting: NAME" of Azure;
 * "##teamcity[blockOpened name='NAME']", and those of test suites; "--- TITLE",
 * "+++ TITLE" and "~~~ TITLE" of Buildkite, each of which ends the one
 * before. */
enum logmark_system {
	LOGMARK_GITHUB,
	LOGMARK_TRAVIS,
	LOGMARK_GITLAB,
	LOGMARK_JENKINS,
	LOGMARK_AZURE,
	LOGMARK_TEAMCITY,
	LOGMARK_BUILDKITE
};

struct logmark {
	enum logmark_kind kind;
	enum logmark_system system;
	size_t at, end; /* range of its cells that are not to be shown... */
	size_t stop;    /* ...and what is shown ends here */
	size_t name;    /* the name, or parameters of a word: first cell... */
	size_t nname;   /* ...and length */
	int64_t time;   /* in it, in ms since 1970, or LOGTIME_NONE */
	int64_t took;   /* told by it, in ms, or LOGTIME_NONE */
	bool collapsed; /* the group is */
	bool unsure;    /* others write that, too */
	const char *label; /* of a word: what is shown in its place; or NULL */
	const char *class; /* of a word: the class of what is shown */
};

/* Find the mark at the beginning of a line, or after the time that some systems
 * write there.  Pure. */
struct logmark logmark_find(const struct ansi_cell *cell, size_t n);

/* The number of cells of a leading time (logtime.h), with GitLab's "00O " or
 * "00O+" after it.  Pure. */
size_t logmark_time(const struct ansi_cell *cell, size_t n);

#endif
