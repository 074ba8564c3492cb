/* Log lines: "level word time=… key=value …" on standard error, one a line. */

#ifndef LOG_H
#define LOG_H

#include "base/line.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

/* The names of the levels, as they are written and as --log-level reads them.
 */
extern const char *const log_names[LOG_LEVELS];

/* Lines above this level are not written.  Set once, before threads start. */
extern enum log_level log_limit;

/* A key and its value.  A value is quoted where it needs it; bytes outside of
 * printable ASCII are written as \xHH, so that nobody forges a line. */
struct log_pair {
	const char *key; /* NULL ends a list */
	struct str value;
};

/* Where lines go when not to standard error: to a command that tells of faults
 * in its own way. */
struct log_sink {
	void (*take)(struct log_sink *sink, const char *word,
		const struct log_pair *pairs);
};

/* NULL: standard error.  Set once, before threads start. */
extern struct log_sink *log_sink;

/* Write one line with one write(2), at most 4,096 bytes; pairs end with a key
 * of NULL.  Keeps errno.  Any thread. */
void log_line(
	enum log_level level, const char *word, const struct log_pair *pairs);

/* From here on, lines of this thread at LOG_WARN and worse are also added to
 * copy, as far as they fit, until the next call; NULL ends it. */
void log_copy(struct line *copy);

/* The same, but for all lines, and they are written nowhere else. */
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
