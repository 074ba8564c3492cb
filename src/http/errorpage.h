/* The pages that say why there is no other answer. */

#ifndef ERRORPAGE_H
#define ERRORPAGE_H

#include "http/response.h"

/* Make response the page for an error, whatever it was to be before: Allow and
 * Location stay, and a 503 says when to come again.  Any thread. */
void errorpage_answer(struct response *response, enum status status);

#endif
