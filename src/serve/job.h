/* One request on its way to an answer: what the steps of serve.c share, and the
 * steps that several of them take. */

#ifndef JOB_H
#define JOB_H

#include "http/represent.h"
#include "http/route.h"
#include "http/rules.h"
#include "serve/serve.h"

struct job {
	const struct service *service;
	const struct request *request;
	struct arena *arena;
	struct response *response;
	struct route route;
	const struct rules *rules; /* of the archive; NULL: none */
	struct ruled ruled;        /* route.member, for the rules */
	struct header_set *fields; /* that the rules add; NULL: none */
	bool tree;                 /* directories are shown as listings */
	bool linked;               /* a symbolic link was followed */
	struct archive *archive;   /* lent by the response's body */
	int64_t started;           /* clock_ns */
	bool opened;               /* the archive was opened after that */
	int64_t opening;           /* nanoseconds spent getting the archive */
	const char *what;
	bool at_once; /* do no long work... */
	bool later;   /* ...although it is needed */
	bool slow;    /* or do it when slow storage may be waited for */
};

/* Answer with the error page for status, or, if that is STATUS_LATER, later. */
void job_fail(struct job *job, enum status status);

/* Answer with one of the representations that were found, as RFC 9110 says. */
void job_serve_found(struct job *job, struct representations *found);

/* Answer with member. */
void job_serve(struct job *job, const struct member *member);

/* Answer that there is no such member, and record that in job->what. */
void job_serve_missing(struct job *job);

/* The same with the page called name; false if there is none that can be sent.
 */
bool job_serve_error_page(struct job *job, struct str name);

/* The same with the nearest 404.html above what was requested, or else with the
 * error page. */
void job_serve_nearest(struct job *job);

/* Whether the archive has names that are not shown (hiddenname.h). */
bool job_hides(const struct job *job);

/* Find the member called name, through symbolic links if need be.  A member
 * found through a link keeps the name of the link, which decides its media
 * type.  Hidden names are found only if they are to be shown, and files of
 * rules (rulename.h) never.  When false, job->later may be set. */
bool job_find(struct job *job, struct str name, struct member *member);

/* Find, in the same way, the page that a name without ".html" stands for, and
 * the index file of the directory called name. */
bool job_find_page(struct job *job, struct str name, struct member *member);
bool job_find_index(struct job *job, struct str name, struct member *member);

/* As archive_walk, but through symbolic links if need be: a link that is
 * encrypted or damaged gives the status of such a member.  Hidden names are
 * left out unless they are to be shown.  With job->at_once also STATUS_LATER.
 */
enum status job_walk(
	struct job *job, struct str name, struct zipdir_walk *walk);

#endif
