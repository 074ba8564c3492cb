/* Accounts for requests: measures the time that each phase takes; at the end
 * counts and logs the request. */

#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "serve/accesslog.h"
#include "serve/stats.h"

/* The places where requests are counted and logged.  Set once. */
struct accounts {
	struct stats *stats;   /* NULL: nothing is counted */
	struct accesslog *log; /* NULL: no access log */
	/* Requests that take longer, without PHASE_PEER, are logged; -1: none.
	 */
	int64_t slow_ns;
};

/* Reopen the access log and clear the slowest requests, at SIGHUP.  Other
 * threads may be using accounts. */
void account_reopen(const struct accounts *accounts);

/* The account of one request.  If account_begin was given NULL, it is all zero
 * and the other functions do nothing. */
struct account {
	const struct accounts *accounts;
	struct request *request; /* what to log, in the arena; or NULL */
	int64_t began, mark;     /* nanoseconds, CLOCK_MONOTONIC */
	int64_t first; /* when PHASE_SEND was entered first; 0: not yet */
	int64_t spent[PHASES];
	enum phase phase;
	uint64_t bytes; /* of the body that were sent */
};

/* Begin a request.  accounts may be NULL. */
void account_begin(struct account *account, const struct accounts *accounts);

/* Copy those parts of request that are logged to arena.  The text of request
 * itself may be released then. */
void account_note(struct account *account, const struct request *request,
	struct arena *arena);

/* End the current phase and begin another. */
void account_enter(struct account *account, enum phase phase);

/* End the request, answered with response, and return the contents of its line
 * in the access log.  Call either this or account_end, once. */
struct access account_access(
	struct account *account, const struct response *response);

/* End the request, answered with response, and count and log it.  cut: the
 * response was not sent completely.  mine may be NULL. */
void account_end(struct account *account, struct counters *mine,
	const struct response *response, bool cut);

#endif
