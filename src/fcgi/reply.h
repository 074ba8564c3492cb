/* The next records of a response, put into the connection's queue. */

#ifndef REPLY_H
#define REPLY_H

#include "fcgi/conn.h"

/* Refill the queue, of which everything was sent, with the next bytes of the
 * response: the head comes before the first, the end after the last.  BODY_SPAN
 * when something was queued, BODY_END when nothing is left, BODY_LATER when
 * there is nothing yet, BODY_CUT as body_next. */
enum body_result reply_fill(struct conn *conn);

/* The same for a response that is to end where it stands, since the front end
 * has aborted the request: only the end is queued. */
enum body_result reply_abort(struct conn *conn);

/* The peer has closed the connection.  Over TCP that looks as if it had only
 * shut down its sending side, until something is sent to it: it answers that
 * with a reset, which a later call finds.  So this may queue an empty record of
 * FCGI_STDERR, once in a response.  To others it means that there are no errors
 * (FastCGI specification 1.0, section 6.1).  Before the head is sent nothing is
 * queued: the head itself goes out in the same turn. */
bool reply_is_unwanted(struct conn *conn);

/* Records of FCGI_STDERR with what was logged for the request, for the front
 * end's own log; in the connection's arena.  Empty when nothing was logged or
 * log lines are not passed on. */
struct str reply_errors(struct conn *conn, const struct line *errors);

#endif
