/* The access log: a line for each request, in the combined format of Apache and
 * nginx, with more behind it. */

#ifndef ACCESSLOG_H
#define ACCESSLOG_H

#include <time.h>

#include "base/line.h"
#include "http/request.h"
#include "http/response.h"

/* What a line says. */
struct access {
	const struct request *request;   /* NULL: it was not read */
	const struct response *response; /* its status, and what was found */
	uint64_t bytes;                  /* of the body, that were sent */
	int64_t us;                      /* from the beginning to the end */
	time_t ended;
};

/* Write the line that access makes: at most LINE_SIZE bytes, what clients send
 * is quoted and cut off where it is long.  Pure. */
void accesslog_format(struct line *line, const struct access *access);

struct accesslog {
	const char *path; /* "-": standard output */
	int fd;
	_Atomic bool failing; /* a line was not written, and none since */
	_Atomic bool torn;    /* the file ends in a part of a line */
};

/* What EPERM means. */
#define ACCESSLOG_NOT_BY_ROOT                                               \
	"root writes no log where others can put a link in its place: say " \
	"--user"

/* Open the log at path, which must stay where it is; it is made when it is
 * missing, with mode 0640.  -1 with errno: EPERM when the caller is root and
 * others can exchange something on the way to it. */
int accesslog_open(struct accesslog *log, const char *path);

/* Root may open it there, as far as others can exchange something. */
bool accesslog_is_for_root(const char *path);

/* Open it again, for the file may have been renamed.  When that fails it is
 * logged, and the old file goes on being written.  Beside other threads that
 * write. */
void accesslog_reopen(struct accesslog *log);

void accesslog_close(struct accesslog *log);

/* Write a line with one write(2).  That it fails is logged once, until it works
 * again, and nothing else happens.  Any thread. */
void accesslog_write(struct accesslog *log, const struct line *line);

#endif
