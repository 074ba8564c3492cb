/* The time that begins a line of a log, as ISO 8601 has it. */

#ifndef LOGTIME_H
#define LOGTIME_H

#include "serve/ansi.h"

/* No time. */
#define LOGTIME_NONE INT64_MIN

/* Shorter durations, in milliseconds, are not worth telling. */
enum { LOGTIME_LEAST = 1000 };

/* The number of cells of a leading "2026-11-22T19:00:00.0000000Z ", with the
 * blank; 0 when there is none.  The fraction, which may follow a comma, and the
 * zone ("Z" or an offset) can be missing, a blank can stand for the "T", and
 * brackets around it.  *ms, if that is not NULL: milliseconds since 1970 UTC;
 * without a zone it is taken for UTC.  Pure. */
size_t logtime_find(const struct ansi_cell *cell, size_t n, int64_t *ms);

/* Add a duration of ms milliseconds, such as "1 min 40 s". */
void logtime_add_duration(struct text *text, int64_t ms);

#endif
