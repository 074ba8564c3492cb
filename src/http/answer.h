/* A response from what was negotiated: header fields and body. */

#ifndef ANSWER_H
#define ANSWER_H

#include "http/negotiate.h"
#include "http/response.h"
#include "http/site.h"

/* Fill in response, whose body has its archive and is empty yet.  Any thread.
 */
void answer(struct response *response, const struct representations *found,
	const struct negotiation *negotiation, const struct site *site);

/* The same for a page that is shown under an error's status: whole, and with
 * nothing that would let it be kept or resumed. */
void answer_error_page(struct response *response,
	const struct representations *found,
	const struct negotiation *negotiation, const struct site *site,
	enum status status);

#endif
