/* Makes a response, its header fields and its body, from the result of the
 * negotiation. */

#ifndef ANSWER_H
#define ANSWER_H

#include "http/negotiate.h"
#include "http/response.h"
#include "http/site.h"

/* Fill in response, whose body is empty and has its archive.  Any thread. */
void answer(struct response *response, const struct representations *found,
	const struct negotiation *negotiation, const struct site *site);

/* The same for a member that serves as the page of an error status: whole, and
 * without the fields that would let it be cached or resumed. */
void answer_error_page(struct response *response,
	const struct representations *found,
	const struct negotiation *negotiation, const struct site *site,
	enum status status);

/* Redirect to location, with a page that says so.  The redirection may be kept
 * as long as a member. */
void answer_redirect(struct response *response, enum status status,
	struct str location, const struct site *site);

/* If it has yet to be found out where the client is to go (body_locate), take a
 * step.  false when more steps are needed; in the end response is a redirection
 * or an error.  To be called before the head is made, until it is true.  Any
 * thread. */
bool answer_locate(struct response *response);

#endif
