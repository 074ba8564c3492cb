#include "base/log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

const char *const log_names[LOG_LEVELS] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
};

enum log_level log_limit = LOG_INFO;

static _Thread_local struct log_sink *sink;

void
log_redirect(struct log_sink *to)
{
	sink = to;
}

static bool
collect(struct log_sink *to, const struct log_entry *entry)
{
	struct log_collector *collector = (struct log_collector *)to;

	if (entry->level <= LOG_WARN)
		line_add(&collector->lines, entry->text);
	return false;
}

void
log_collect(struct log_collector *collector)
{
	collector->sink.take = collect;
	collector->lines.n = 0;
	log_redirect(&collector->sink);
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

static void
format_line(struct line *line, enum log_level level, const char *word,
	const struct log_pair *pairs)
{
	line->n = 0;
	line_add(line, str_of(log_names[level]));
	line_add(line, STR(" "));
	line_add(line, str_of(word));
	add_log_time(line);
	for (; pairs->key != NULL; pairs++) {
		line_add(line, STR(" "));
		line_add(line, str_of(pairs->key));
		line_add(line, STR("="));
		if (plain(pairs->value))
			line_add(line, pairs->value);
		else
			line_quote(line, pairs->value, LINE_SIZE);
	}
	line_end(line);
}

void
log_line(enum log_level level, const char *word, const struct log_pair *pairs)
{
	int saved = errno;
	struct line line;
	struct log_entry entry = {.level = level, .word = word, .pairs = pairs};

	if (level > log_limit)
		return;
	format_line(&line, level, word, pairs);
	entry.text = (struct str){line.p, line.n};
	if (sink != NULL && sink->take(sink, &entry))
		return;
	/* A failure to write the log must not affect the operation it reports
	 * on. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		errno = saved;
	errno = saved;
}
