/* Answers as the archive's author says in _redirects and _headers. */

#ifndef BYRULE_H
#define BYRULE_H

#include "serve/job.h"

/* Get what the archive, which is ruled, says about the path that was requested.
 * STATUS_GO, also if that is nothing; STATUS_UNAVAILABLE when memory runs out.
 */
enum status byrule_read(struct job *job);

/* Answer as the first rule of _redirects says that matches; with forced, the
 * first of those that count whether or not a member has that name.  false if
 * there is none. */
bool byrule_serve(struct job *job, bool forced);

#endif
