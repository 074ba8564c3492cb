/* Answers with wwz's own pages: listings, log pages, the status page, and the
 * archive itself. */

#ifndef OWNPAGE_H
#define OWNPAGE_H

#include "serve/job.h"

/* Answer if the route's member is one of wwz's own names (ownname.h).  false if
 * it is not. */
bool ownpage_serve(struct job *job);

/* Show the directory, or an error page that says why not. */
void ownpage_list(struct job *job, struct str directory);

#endif
