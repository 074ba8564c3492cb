/* Log lines on standard error: "level word time=… key=value …". */

#ifndef LOG_H
#define LOG_H

#include "base/line.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

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

/* Receives log lines instead of standard error, for commands that report faults
 * in their own way. */
struct log_sink {
	void (*take)(struct log_sink *sink, const char *word,
		const struct log_pair *pairs);
};

/* NULL: standard error.  Set once, before threads start. */
extern struct log_sink *log_sink;

/* Write one line of at most 4,096 bytes with one write(2).  A key of NULL ends
 * pairs.  Preserves errno.  Any thread. */
void log_line(
	enum log_level level, const char *word, const struct log_pair *pairs);

/* From now on, also add this thread's lines at LOG_WARN and LOG_ERROR to copy,
 * as far as they fit, until the next call.  NULL ends this. */
void log_copy(struct line *copy);

/* The same for lines of all levels, which are then not written to standard
 * error. */
void log_divert(struct line *copy);

/* log_pairs(LOG_WARN, "word", {"key", value}, {"key2", value2}) */
#define log_pairs(level, word, ...)                                       \
	do {                                                              \
		if ((level) <= log_limit)                                 \
			log_line(level, word,                             \
				(const struct log_pair[]){                \
					__VA_ARGS__, {NULL, {NULL, 0}}}); \
	} while (0)

#endif
