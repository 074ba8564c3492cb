/* What a connection answers aside from responses: a few bytes, sent at once, to
 * records that ask for something else than a member.  All are for the owner of
 * the connection (conn.h) alone, and log what was wrong. */

#ifndef ASIDE_H
#define ASIDE_H

#include "fcgi/conn.h"

/* Send no more; what the peer still sends is to be read and dropped.  To close
 * while it sends would reset the connection and could lose the answer. */
enum conn_wait aside_drain(struct conn *conn);

/* What the peer sent is wrong, for the reason why: CONN_CLOSE. */
enum conn_wait aside_close(const char *why);

/* Refuse a request for another role than that of responder. */
enum conn_wait aside_refuse_role(struct conn *conn);

/* Refuse what is not FastCGI, in the language of the peer if that is known.  A
 * front end, which has sent FastCGI before, gets no answer in HTTP. */
enum conn_wait aside_refuse_foreign(struct conn *conn);

/* Answer the management record that has come (section 4).  false when the
 * connection is to be closed. */
bool aside_manage(struct conn *conn);

/* The request that is coming in was aborted: end it (section 5.4).  false when
 * the connection is to be closed. */
bool aside_abort(struct conn *conn);

/* Answer 503 for a request whose storage does not respond, if nothing of its
 * response was sent, and shut the connection down.  For the main thread, while
 * the owner of conn cannot go on. */
void aside_give_up(const struct conn *conn);

#endif
