/* The text about a directory that stands below its listing. */

#ifndef README_H
#define README_H

#include "serve/job.h"
#include "serve/logfind.h"

enum {
	README_BYTES = 64 * 1024, /* are shown, and then the rest of a line */
};

struct readme {
	/* Set by readme_find. */
	struct str name; /* of the member; empty: there is none */
	bool is_text;    /* it is shown; else there is only a link to it */
	struct member member;
	struct logtext text;

	/* The position. */
	struct logfind *find; /* NULL: to be opened */
	uint64_t shown;       /* bytes */
};

/* Find README.md, README.txt or README in directory, also in lower case, that
 * is a text, or else README.html.  STATUS_GO, also when there is none;
 * STATUS_LATER with job->at_once, or STATUS_UNAVAILABLE. */
enum status readme_find(
	struct job *job, struct str directory, struct readme *readme);

/* Bytes of memory that showing it takes. */
uint64_t readme_memory(const struct archive *archive, const struct readme *r);

/* Add the next part of it, with a heading, as HTML: the text as it is, shown as
 * a log's page shows it.  What is damaged is left out.  1; 0 at the end; or
 * as read of a source.  archive must be the one in which it was found. */
ssize_t readme_add(
	struct readme *readme, struct archive *archive, struct text *row);
void readme_close(struct readme *readme);

#endif
