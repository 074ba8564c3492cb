/* The pages of error responses. */

#ifndef ERRORPAGE_H
#define ERRORPAGE_H

#include "http/response.h"

/* Turn response into the page for an error, whatever it held before.  Allow and
 * Location stay, and a 503 gets a Retry-After.  Any thread. */
void errorpage_answer(struct response *response, enum status status);

#endif
