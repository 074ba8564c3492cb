#include "base/log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

const char *const log_names[LOG_LEVELS] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

enum log_level log_limit = LOG_INFO;

struct log_sink *log_sink;

/* Set by log_copy and log_divert, for this thread. */
static _Thread_local struct line *copy;
static _Thread_local bool diverted;

void
log_copy(struct line *line)
{
	copy = line;
	diverted = false;
}

void
log_divert(struct line *line)
{
	copy = line;
	diverted = line != NULL;
}

static void
add_log_time(struct line *line)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	line_printf(line, " time=%s.%03ldZ", text, now.tv_nsec / 1000000);
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
	line_add(&line, str_of(log_names[level]));
	line_add(&line, STR(" "));
	line_add(&line, str_of(word));
	add_log_time(&line);
	for (; pairs->key != NULL; pairs++) {
		line_add(&line, STR(" "));
		line_add(&line, str_of(pairs->key));
		line_add(&line, STR("="));
		if (plain(pairs->value))
			line_add(&line, pairs->value);
		else
			line_quote(&line, pairs->value, LINE_SIZE);
	}
	line_end(&line);
	if (copy != NULL && (diverted || level <= LOG_WARN))
		line_add(copy, (struct str){line.p, line.n});
	if (diverted)
		return;
	/* A failure to write the log must not affect the operation it reports
	 * on. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		errno = saved;
	errno = saved;
}
