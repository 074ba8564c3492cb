/* Log lines on standard error: "level word time=… key=value …". */

#ifndef LOG_H
#define LOG_H

#include "base/line.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_LEVELS };

/* The names of the levels, in log lines and for --log-level. */
extern const char *const log_names[LOG_LEVELS];

/* Lines above this level are not written.  Set once, before threads start. */
extern enum log_level log_limit;

/* A key and its value.  A value is quoted if necessary; bytes outside printable
 * ASCII become \xHH, so that nobody can forge a line. */
struct log_pair {
	const char *key; /* NULL ends a list */
	struct str value;
};

/* A line: what it is made of, and its text with the newline. */
struct log_entry {
	enum log_level level;
	const char *word;
	const struct log_pair *pairs;
	struct str text;
};

/* Receives the lines of a thread before they are written. */
struct log_sink {
	/* entry is valid during the call.  true: the line is not written to
	 * standard error. */
	bool (*take)(struct log_sink *sink, const struct log_entry *entry);
};

/* Let sink receive this thread's lines until the next call.  With NULL they are
 * only written. */
void log_redirect(struct log_sink *sink);

/* A sink that collects warnings and errors, as far as there is room.  They are
 * written as well. */
struct log_collector {
	struct log_sink sink;
	struct line lines;
};

/* Collect this thread's lines until the next log_redirect. */
void log_collect(struct log_collector *collector);

/* Write one line of at most 4,096 bytes with one write(2).  A key of NULL ends
 * pairs.  Preserves errno.  Any thread. */
void log_line(
	enum log_level level, const char *word, const struct log_pair *pairs);

/* log_pairs(LOG_WARN, "word", {"key", value}, {"key2", value2}) */
#define log_pairs(level, word, ...)                                       \
	do {                                                              \
		if ((level) <= log_limit)                                 \
			log_line(level, word,                             \
				(const struct log_pair[]){                \
					__VA_ARGS__, {NULL, {NULL, 0}}}); \
	} while (0)

#endif
