/* Puts the next records of a response into the connection's queue. */

#ifndef REPLY_H
#define REPLY_H

#include "fcgi/conn.h"

/* Fill the queue, which must be empty, with the next bytes of the response.
 * The head comes before the first ones, the end after the last.  BODY_SPAN when
 * something was queued, BODY_END when nothing is left, BODY_LATER when there is
 * nothing yet, BODY_CUT as body_next. */
enum body_result reply_fill(struct conn *conn);

/* The same for a response whose request the front end has aborted: only the end
 * is queued. */
enum body_result reply_abort(struct conn *conn);

/* Whether the peer has closed the connection.  Over TCP that looks as if it had
 * only shut down its sending side, until something is sent to it: it answers
 * that with a reset, which a later call finds.  So this may queue an empty
 * record of FCGI_STDERR, once in a response.  To a peer that is still there it
 * means that there are no errors (FastCGI specification 1.0, section 6.1).
 * Before the head is sent nothing is queued: the head itself goes out in the
 * same turn. */
bool reply_is_unwanted(struct conn *conn);

/* Whether the request that is being answered has been aborted.  This is not
 * asked for a response that is sent in one go. */
bool reply_is_aborted(const struct conn *conn);

/* Make records of FCGI_STDERR from what was logged for the request, for the
 * front end's own log.  They lie in the connection's arena.  Empty when nothing
 * was logged or log lines are not passed on. */
struct str reply_errors(struct conn *conn, const struct line *errors);

#endif
