/* The access log: a line for each request, in the combined format of Apache and
 * nginx, followed by fields of our own. */

#ifndef ACCESSLOG_H
#define ACCESSLOG_H

#include <time.h>

#include "base/line.h"
#include "http/request.h"
#include "http/response.h"

/* The contents of a line. */
struct access {
	const struct request *request;   /* NULL: the request was not read */
	const struct response *response; /* gives status, archive and member */
	uint64_t bytes;                  /* sent, of the body */
	int64_t us; /* microseconds that the request took */
	time_t ended;
};

/* Format access as a line of at most LINE_SIZE bytes.  Text from clients is
 * quoted, and cut off if it is long.  Pure. */
void accesslog_format(struct line *line, const struct access *access);

struct accesslog {
	const char *path; /* "-": standard output */
	int fd;
	_Atomic bool failing; /* the last line could not be written */
	_Atomic bool torn;    /* the file ends in an incomplete line */
};

/* The message for the EPERM of accesslog_open. */
#define ACCESSLOG_NOT_BY_ROOT                                               \
	"root writes no log where others can put a link in its place: use " \
	"--user"

/* Open the log at path, a string that must outlive log.  A missing file is
 * created with mode 0640.  -1 with errno, which is EPERM when the caller is
 * root and other users can change the path. */
int accesslog_open(struct accesslog *log, const char *path);

/* Whether root may open the log at path, because no other user can change the
 * path. */
bool accesslog_is_for_root(const char *path);

/* Reopen the log, since the file may have been renamed.  A failure is logged,
 * and the old file stays in use.  Other threads may be writing meanwhile. */
void accesslog_reopen(struct accesslog *log);

void accesslog_close(struct accesslog *log);

/* Write a line with one write(2).  A failure is only logged, once until writing
 * works again.  Any thread. */
void accesslog_write(struct accesslog *log, const struct line *line);

#endif
