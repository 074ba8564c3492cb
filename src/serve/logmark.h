/* Recognises in a line of a log the marks by which CI systems group lines. */

#ifndef LOGMARK_H
#define LOGMARK_H

#include "serve/ansi.h"

/* The most cells that a mark may take, including its name and the time. */
enum { LOGMARK_CELLS = 256 };

enum logmark_kind { LOGMARK_NONE, LOGMARK_START, LOGMARK_END };

/* "::group::TITLE" and "##[group]TITLE" of GitHub, which have no names;
 * "travis_fold:start:NAME" of Travis; "section_start:TIME:NAME" of GitLab. */
enum logmark_system { LOGMARK_GITHUB, LOGMARK_TRAVIS, LOGMARK_GITLAB };

struct logmark {
	enum logmark_kind kind;
	enum logmark_system system;
	size_t at, end; /* range of its cells, without the name */
	size_t name;    /* length of the name, which follows end */
};

/* Find the mark at the beginning of a line, or after the time that some systems
 * write there.  Pure. */
struct logmark logmark_find(const struct ansi_cell *cell, size_t n);

/* The number of cells of a leading "2026-11-22T19:00:00.0000000Z ", with
 * GitLab's "00O " or "00O+" after it.  Pure. */
size_t logmark_time(const struct ansi_cell *cell, size_t n);

#endif
