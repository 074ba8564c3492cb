/* What a request was and what it cost: measured on its way, and at its end
 * counted and logged. */

#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "serve/accesslog.h"
#include "serve/stats.h"

/* Who wants to know.  Set once. */
struct accounts {
	struct stats *stats;   /* NULL: nothing is counted */
	struct accesslog *log; /* NULL: there is none */
	int64_t slow_ns;       /* what takes longer is logged; -1: nothing is */
};

/* Open the log again, and forget the slowest requests: at HUP.  Beside other
 * threads. */
void account_reopen(const struct accounts *accounts);

/* One request's.  All zero when nobody wants to know: then all calls do
 * nothing. */
struct account {
	const struct accounts *accounts;
	struct request *request; /* what is said of it, in the arena; or NULL */
	int64_t began, mark;     /* nanoseconds, CLOCK_MONOTONIC */
	int64_t spent[PHASES];
	enum phase phase;
	uint64_t bytes; /* of the body that were sent */
};

/* A request begins; accounts may be NULL. */
void account_begin(struct account *account, const struct accounts *accounts);

/* Remember what is said of request, whose text may go: in arena. */
void account_note(struct account *account, const struct request *request,
	struct arena *arena);

/* What follows is this phase. */
void account_enter(struct account *account, enum phase phase);

/* The request ends now, with response: what a line of the access log says of
 * it. Once, unless account_end does it. */
struct access account_access(
	struct account *account, const struct response *response);

/* The request has ended, with response; cut: it did not become whole.  mine may
 * be NULL. */
void account_end(struct account *account, struct counters *mine,
	const struct response *response, bool cut);

#endif
