/* What of a response goes out next: its records, in the connection's queue. */

#ifndef REPLY_H
#define REPLY_H

#include "fcgi/conn.h"

/* Put the next bytes of the response into the queue, from which all was sent,
 * with the head in front of the first and the end behind the last.  BODY_SPAN
 * when there is something in it, BODY_END when there is nothing left,
 * BODY_LATER when there is nothing yet, BODY_CUT as body_next. */
enum body_result reply_fill(struct conn *conn);

/* Records of what was logged while the request was worked at, for the front
 * end's own log: in the connection's arena.  Empty when there are none, or the
 * front end is not told. */
struct str reply_errors(struct conn *conn, const struct line *errors);

#endif
