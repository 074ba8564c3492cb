#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

const char *const log_names[LOG_LEVELS] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

enum log_level log_limit = LOG_INFO;

struct log_sink *log_sink;

struct line {
	char p[LINE_SIZE];
	size_t n;
};

/* What does not fit is cut off; room for the newline stays. */
static void
add(struct line *line, const char *p, size_t n)
{
	if (n > LINE_SIZE - 1 - line->n)
		n = LINE_SIZE - 1 - line->n;
	memcpy(line->p + line->n, p, n);
	line->n += n;
}

static void
add_string(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

static void
add_time(struct line *line)
{
	struct timespec now;
	struct tm utc;
	char text[64];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	n = strftime(text, sizeof(text), " time=%Y-%m-%dT%H:%M:%S", &utc);
	add(line, text, n);
	snprintf(text, sizeof(text), ".%03ldZ", now.tv_nsec / 1000000);
	add_string(line, text);
}

static bool
plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' ||
			s.p[i] == '\\' || s.p[i] == '=')
			return false;
	}
	return s.n > 0;
}

static void
add_value(struct line *line, struct str s)
{
	if (plain(s)) {
		add(line, s.p, s.n);
		return;
	}
	add_string(line, "\"");
	for (size_t i = 0; i < s.n && line->n < LINE_SIZE - 1; i++) {
		char escaped[5];

		if (s.p[i] < ' ' || s.p[i] > '~')
			snprintf(escaped, sizeof(escaped), "\\x%02X",
				(unsigned char)s.p[i]);
		else if (s.p[i] == '"' || s.p[i] == '\\')
			snprintf(escaped, sizeof(escaped), "\\%c", s.p[i]);
		else
			snprintf(escaped, sizeof(escaped), "%c", s.p[i]);
		add_string(line, escaped);
	}
	add_string(line, "\"");
}

void
log_line(enum log_level level, const char *word, const struct log_pair *pairs)
{
	int saved = errno;
	struct line line = {.n = 0};

	if (level > log_limit)
		return;
	if (log_sink != NULL) {
		log_sink->take(log_sink, word, pairs);
		return;
	}
	add_string(&line, log_names[level]);
	add_string(&line, " ");
	add_string(&line, word);
	add_time(&line);
	for (; pairs->key != NULL; pairs++) {
		add_string(&line, " ");
		add_string(&line, pairs->key);
		add_string(&line, "=");
		add_value(&line, pairs->value);
	}
	line.p[line.n++] = '\n';
	/* A log that cannot be written must not end what it reports on. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		errno = saved;
	errno = saved;
}
