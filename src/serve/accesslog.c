#include "serve/accesslog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/trail.h"

/* The most bytes for each part of a line, so that all parts fit. */
enum {
	SHORT_MAX = 100,
	URI_MAX = 1500,
	FIELD_MAX = 450,
	NAME_MAX_SHOWN = 500,
};

static struct str
param(const struct access *access, enum param i)
{
	return access->request ? access->request->param[i]
			       : (struct str){NULL, 0};
}

/* Add s, in quotes only if it holds unusual characters. */
static void
add_word(struct line *line, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' ||
			s.p[i] == '\\' || s.n > SHORT_MAX) {
			line_quote(line, s, SHORT_MAX);
			return;
		}
	}
	line_add(line, s.n > 0 ? s : STR("-"));
}

static void
add_quoted(struct line *line, struct str s, size_t max)
{
	line_quote(line, s.n > 0 ? s : STR("-"), max);
}

/* Add the request line.  Each part has its own bound. */
static void
add_request(struct line *line, const struct access *access)
{
	const enum param parts[] = {
		PARAM_REQUEST_METHOD, PARAM_REQUEST_URI, PARAM_SERVER_PROTOCOL};
	const size_t max[] = {SHORT_MAX, URI_MAX, SHORT_MAX};

	line_add(line, STR("\""));
	for (size_t i = 0; i < 3; i++) {
		struct str s = param(access, parts[i]);

		if (i > 0 && s.n > 0)
			line_add(line, STR(" "));
		line_escape(line, s, max[i]);
	}
	if (param(access, PARAM_REQUEST_METHOD).n == 0)
		line_add(line, STR("-"));
	line_add(line, STR("\""));
}

static void
add_clf_time(struct line *line, time_t at)
{
	char text[40];
	struct tm utc;

	gmtime_r(&at, &utc);
	strftime(text, sizeof(text), "[%d/%b/%Y:%H:%M:%S +0000]", &utc);
	line_add(line, str_of(text));
}

static struct str
logged_coding(const struct response *response)
{
	if (response->coding == CODING_NONE)
		return STR("-");
	if (response->coding == CODING_IDENTITY)
		return STR("identity");
	return encoding_names[response->coding];
}

void
accesslog_format(struct line *line, const struct access *access)
{
	const struct response *response = access->response;

	line->n = 0;
	add_word(line, param(access, PARAM_REMOTE_ADDR));
	line_add(line, STR(" - "));
	add_word(line, param(access, PARAM_REMOTE_USER));
	line_add(line, STR(" "));
	add_clf_time(line, access->ended);
	line_add(line, STR(" "));
	add_request(line, access);
	line_printf(
		line, " %d %" PRIu64 " ", (int)response->status, access->bytes);
	add_quoted(line, param(access, PARAM_REFERER), FIELD_MAX);
	line_add(line, STR(" "));
	add_quoted(line, param(access, PARAM_USER_AGENT), FIELD_MAX);
	line_add(line, STR(" archive="));
	add_quoted(line, response->archive, NAME_MAX_SHOWN);
	line_add(line, STR(" member="));
	add_quoted(line, response->member, NAME_MAX_SHOWN);
	line_printf(line, " coding=%s us=%" PRId64, logged_coding(response).p,
		access->us);
	line_end(line);
}

/* Non-blocking, so that no thread waits for the reader of a pipe. */
static int
open_log_at(int directory, const char *path, int more)
{
	return openat(directory, path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK |
			O_NOCTTY | more,
		0640);
}

/* "/dev/stdout" and the like. */
static bool
is_device(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 && strchr(path + 5, '/') == NULL;
}

bool
accesslog_is_for_root(const char *path)
{
	struct trail trail;

	if (is_device(path))
		return true;
	if (trail_file(&trail, path) < 0)
		return errno != EPERM;
	close(trail.directory);
	return trail.of_root && !trail.shared;
}

/* Root must not write what clients send to a file that somebody else's link
 * points to. */
static int
open_by_root(const char *path)
{
	struct trail trail;
	int fd = -1, saved;

	if (is_device(path))
		return open_log_at(AT_FDCWD, path, 0);
	if (trail_file(&trail, path) < 0)
		return -1;
	errno = EPERM;
	if (trail.of_root && !trail.shared)
		fd = open_log_at(trail.directory, trail.name, O_NOFOLLOW);
	saved = errno;
	close(trail.directory);
	errno = saved;
	return fd;
}

static int
open_log(const char *path)
{
	return geteuid() == 0 ? open_by_root(path)
			      : open_log_at(AT_FDCWD, path, 0);
}

static void
complain(const struct accesslog *log)
{
	log_pairs(LOG_ERROR, "access-log-failed", {"file", str_of(log->path)},
		{"why", str_of(strerrordesc_np(errno))});
}

int
accesslog_open(struct accesslog *log, const char *path)
{
	*log = (struct accesslog){.path = path, .fd = STDOUT_FILENO};
	/* Reaching a file size limit is to be an error like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	if (strcmp(path, "-") == 0)
		return 0;
	log->fd = open_log(path);
	return log->fd < 0 ? -1 : 0;
}

void
accesslog_reopen(struct accesslog *log)
{
	int fd;

	if (log->fd == STDOUT_FILENO)
		return;
	fd = open_log(log->path);
	/* The descriptor keeps its number, since other threads may be writing
	 * to it. */
	if (fd < 0 || dup3(fd, log->fd, O_CLOEXEC) < 0)
		complain(log);
	else
		log->torn = false;
	if (fd >= 0)
		close(fd);
}

void
accesslog_close(struct accesslog *log)
{
	if (log->fd != STDOUT_FILENO)
		close(log->fd);
}

void
accesslog_write(struct accesslog *log, const struct line *line)
{
	ssize_t n;

	/* If the last line was cut short, end it with a newline first. */
	if (log->torn && write(log->fd, "\n", 1) == 1)
		log->torn = false;
	n = write(log->fd, line->p, line->n);
	if (n == (ssize_t)line->n) {
		if (log->failing)
			log->failing = false;
		return;
	}
	if (n >= 0)
		errno = ENOSPC;
	if (n > 0)
		log->torn = true;
	if (!atomic_exchange(&log->failing, true))
		complain(log);
}
