/* Negotiation takes three steps, in the order of RFC 9110: choose the coding,
 * evaluate the conditions, read the range.  Conditions compare entity tags, and
 * each coding has its own, so the coding has to be known first.
 *
 * A range makes the choice of a coding matter: the client joins the bytes to
 * those it has, which must be of the same representation.  So If-Match and
 * If-Range with entity tags select a representation that they name, if that is
 * acceptable.  A range without a tag gets identity, if acceptable, because
 * offsets in a coded form mean nothing to a client that did not get that form
 * before.  In all other cases the coding with the highest weight is chosen.  If
 * the tag of If-Range named none of the representations, it does not match this
 * one either, and the whole of it is sent. */

#include "http/negotiate.h"

#include "http/validator.h"

struct context {
	const struct request *request;
	const struct representations *found;
	int64_t now;
};

static struct str
field(const struct context *c, enum param param)
{
	return c->request->param[param];
}

static bool
asks_for_range(const struct context *c)
{
	return c->request->method == METHOD_GET && field(c, PARAM_RANGE).n > 0;
}

/* The representations to choose from, as bits: with a range those that If-Match
 * names, if one of them is acceptable. */
static unsigned
named_by_if_match(const struct context *c, const struct accept *accept)
{
	unsigned named = 0, acceptable = 0;

	if (!asks_for_range(c))
		return c->found->available;
	for (int i = 0; i < CODINGS; i++) {
		if ((c->found->available & 1u << i) == 0 ||
			!validator_matches(field(c, PARAM_IF_MATCH),
				c->found->of[i].etag, false))
			continue;
		named |= 1u << i;
		acceptable |= accept->weight[i] > 0 ? 1u << i : 0;
	}
	return acceptable != 0 ? named : c->found->available;
}

/* The one of the representations available whose entity tag If-Range names;
 * CODING_NONE when there is none, or no such field. */
static enum coding
named_by_if_range(const struct context *c, unsigned available)
{
	struct str tag = str_trim(field(c, PARAM_IF_RANGE));

	for (int i = 0; i < CODINGS; i++) {
		if ((available & 1u << i) != 0 &&
			str_eq(tag, c->found->of[i].etag))
			return (enum coding)i;
	}
	return CODING_NONE;
}

static void
choose_coding(const struct context *c, struct negotiation *n)
{
	struct accept accept = encoding_read(field(c, PARAM_ACCEPT_ENCODING));
	unsigned available = named_by_if_match(c, &accept);
	enum coding named = named_by_if_range(c, available);
	const unsigned identity = 1u << CODING_IDENTITY;
	const struct str if_range = field(c, PARAM_IF_RANGE);

	n->coding = encoding_choose(&accept, available);
	if (asks_for_range(c) && named != CODING_NONE &&
		accept.weight[named] > 0) {
		n->coding = named;
		n->chosen = CHOSEN_BY_IF_RANGE;
	} else if (asks_for_range(c) &&
		memchr(if_range.p ? if_range.p : "", '"', if_range.n) == NULL &&
		(available & identity) != 0 &&
		accept.weight[CODING_IDENTITY] > 0) {
		/* A date does not identify a representation: use identity. */
		n->coding = CODING_IDENTITY;
		n->chosen = CHOSEN_FOR_RANGE;
	} else if (available != c->found->available) {
		n->chosen = CHOSEN_BY_IF_MATCH;
	}
	if (n->coding != CODING_NONE)
		n->weight = accept.weight[n->coding];
}

/* How the date in a field compares with Last-Modified; ORDER_NONE for a missing
 * or malformed date. */
enum order { ORDER_NONE, ORDER_EARLIER, ORDER_SAME, ORDER_LATER };

static enum order
date_against_modified(const struct context *c, enum param param)
{
	int64_t date;

	if (field(c, param).n == 0 ||
		!validator_read_date(field(c, param), c->now, &date))
		return ORDER_NONE;
	if (date == c->found->modified)
		return ORDER_SAME;
	return date < c->found->modified ? ORDER_EARLIER : ORDER_LATER;
}

/* Section 13.2.2, steps 1 to 4. */
static enum status
evaluate(const struct context *c, struct str etag)
{
	enum order order;

	if (field(c, PARAM_IF_MATCH).n > 0) {
		if (!validator_matches(field(c, PARAM_IF_MATCH), etag, false))
			return STATUS_FAILED_CONDITION;
	} else if (date_against_modified(c, PARAM_IF_UNMODIFIED_SINCE) ==
		ORDER_EARLIER) {
		return STATUS_FAILED_CONDITION;
	}
	if (field(c, PARAM_IF_NONE_MATCH).n > 0)
		return validator_matches(
			       field(c, PARAM_IF_NONE_MATCH), etag, true)
			? STATUS_NOT_MODIFIED
			: STATUS_GO;
	order = date_against_modified(c, PARAM_IF_MODIFIED_SINCE);
	return order == ORDER_SAME ? STATUS_NOT_MODIFIED : STATUS_GO;
}

/* Step 5: the range applies only if the representation is the one that the
 * client has a part of.  A date shows this only when the file was not changed
 * within the last second, in which it can change again (section 8.8.2.2). */
static bool
if_range_holds(const struct context *c, struct str etag)
{
	struct str value = field(c, PARAM_IF_RANGE);

	if (value.n == 0)
		return true;
	if (str_eq(str_trim(value), etag))
		return true;
	return c->found->modified < c->now &&
		date_against_modified(c, PARAM_IF_RANGE) == ORDER_SAME;
}

void
negotiate(struct negotiation *result, const struct request *request,
	const struct representations *found, int64_t now)
{
	struct context c = {request, found, now};
	const struct representation *chosen;

	*result = (struct negotiation){.chosen = CHOSEN_BY_WEIGHT};
	choose_coding(&c, result);
	if (result->coding == CODING_NONE) {
		result->status = STATUS_NOT_ACCEPTABLE;
		return;
	}
	chosen = &found->of[result->coding];
	result->status = evaluate(&c, chosen->etag);
	if (result->status != STATUS_GO)
		return;
	result->status = STATUS_OK;
	if (!asks_for_range(&c) || !if_range_holds(&c, chosen->etag))
		return;
	result->nparts = range_read(
		field(&c, PARAM_RANGE), chosen->size, result->parts, PARTS_MAX);
	if (result->nparts == RANGE_NONE)
		result->status = STATUS_RANGE;
	else if (result->nparts > 0)
		result->status = STATUS_PARTIAL;
}

enum coding
negotiate_page_coding(const struct request *request)
{
	struct accept accept =
		encoding_read(request->param[PARAM_ACCEPT_ENCODING]);
	enum coding coding = encoding_choose(
		&accept, 1u << CODING_IDENTITY | 1u << CODING_GZIP);

	return coding == CODING_GZIP ? coding : CODING_IDENTITY;
}

/* Dates are ignored where there is none to compare them with (sections 13.1.3
 * and 13.1.4). */
enum status
negotiate_page(const struct request *request, struct str etag)
{
	struct request tags = {.method = request->method};
	struct context c = {.request = &tags};

	tags.param[PARAM_IF_MATCH] = request->param[PARAM_IF_MATCH];
	tags.param[PARAM_IF_NONE_MATCH] = request->param[PARAM_IF_NONE_MATCH];
	return evaluate(&c, etag);
}
