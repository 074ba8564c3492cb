/* A record is checked when its header has come, which is enough to refuse it,
 * and again at its end.  Content that is needed is moved to the front of the
 * buffer as it comes, over the headers in between; all other content is
 * dropped.  So a buffer holds only parameters and less than one header,
 * whatever is sent. */

#include "fcgi/wire.h"

#include <assert.h>
#include <fastcgi.h>

static_assert(sizeof(FCGI_Header) == WIRE_HEADER_SIZE &&
		FCGI_HEADER_LEN == WIRE_HEADER_SIZE,
	"a header has 8 bytes");

static unsigned
get16be(unsigned char high, unsigned char low)
{
	return (unsigned)high << 8 | low;
}

/* Begin a record between requests.  It is FCGI_BEGIN_REQUEST, a management
 * record, or a leftover of a request that has ended, which is ignored. */
static enum wire_state
open_first(struct wire *wire)
{
	if (wire->record_id == FCGI_NULL_REQUEST_ID) {
		wire->keeping = wire->type == FCGI_GET_VALUES;
		return WIRE_PART;
	}
	if (wire->type != FCGI_BEGIN_REQUEST)
		return WIRE_PART;
	wire->id = (uint16_t)wire->record_id;
	wire->keeping = true;
	return wire->size == sizeof(FCGI_BeginRequestBody) ? WIRE_PART
							   : WIRE_BAD;
}

/* Begin a record, of which only the header has come. */
static enum wire_state
open_record(struct wire *wire, const FCGI_Header *header)
{
	if (header->version != FCGI_VERSION_1)
		return WIRE_BAD;
	wire->open = true;
	wire->keeping = false;
	wire->type = header->type;
	wire->record_id = get16be(header->requestIdB1, header->requestIdB0);
	wire->size = wire->content =
		get16be(header->contentLengthB1, header->contentLengthB0);
	wire->padding = header->paddingLength;
	if (wire->stage == WIRE_BETWEEN)
		return open_first(wire);
	/* Requests are not multiplexed, and management records are not accepted
	 * inside one. */
	if (wire->record_id != wire->id)
		return WIRE_BAD;
	if (wire->type == FCGI_ABORT_REQUEST)
		return WIRE_PART;
	if (wire->type == FCGI_PARAMS && wire->stage == WIRE_PARAMS) {
		wire->keeping = true;
		return wire->held + wire->size <= WIRE_PARAMS_MAX
			? WIRE_PART
			: WIRE_PARAMS_TOO_LONG;
	}
	if (wire->type == FCGI_STDIN && wire->stage == WIRE_BODY) {
		wire->body += wire->size;
		return wire->body <= WIRE_BODY_MAX ? WIRE_PART
						   : WIRE_BODY_TOO_LONG;
	}
	return WIRE_BAD;
}

static enum wire_state
begin_request(struct wire *wire, const unsigned char *p)
{
	FCGI_BeginRequestBody body;

	memcpy(&body, p, sizeof(body));
	wire->held = 0;
	wire->stage = WIRE_PARAMS;
	wire->keep = (body.flags & FCGI_KEEP_CONN) != 0;
	return get16be(body.roleB1, body.roleB0) == FCGI_RESPONDER
		? WIRE_PART
		: WIRE_WRONG_ROLE;
}

/* The record is complete. */
static enum wire_state
close_record(struct wire *wire, const unsigned char *p)
{
	wire->open = false;
	if (wire->record_id == FCGI_NULL_REQUEST_ID)
		return WIRE_QUESTION;
	if (wire->type == FCGI_BEGIN_REQUEST)
		return begin_request(wire, p);
	if (wire->stage != WIRE_BETWEEN && wire->type == FCGI_ABORT_REQUEST)
		return WIRE_ABORTED;
	if (wire->stage == WIRE_BODY && wire->size == 0)
		return WIRE_WHOLE;
	if (wire->stage == WIRE_PARAMS && wire->size == 0)
		wire->stage = WIRE_BODY;
	return WIRE_PART;
}

/* Subtract from *left the bytes of it that lie between at and n.  Returns how
 * many these are. */
static size_t
take_left(size_t *left, size_t at, size_t n)
{
	size_t taken = n - at < *left ? n - at : *left;

	*left -= taken;
	return taken;
}

/* Parse the bytes from *at to n, to the end of one record at most. */
static enum wire_state
look_step(struct wire *wire, unsigned char *p, size_t *at, size_t n)
{
	enum wire_state state = WIRE_PART;
	size_t taken;

	if (!wire->open) {
		state = open_record(wire, (const FCGI_Header *)(p + *at));
		*at += WIRE_HEADER_SIZE;
		if (state != WIRE_PART)
			return state;
	}
	taken = take_left(&wire->content, *at, n);
	if (wire->keeping && taken > 0) {
		memmove(p + wire->held, p + *at, taken);
		wire->held += taken;
	}
	*at += taken;
	*at += take_left(&wire->padding, *at, n);
	return wire->content + wire->padding > 0 ? WIRE_PART
						 : close_record(wire, p);
}

/* Whether byte is what other protocols begin with, where a record should begin.
 */
static bool
is_foreign(const struct wire *wire, unsigned char byte)
{
	return !wire->open && wire->stage == WIRE_BETWEEN &&
		byte != FCGI_VERSION_1;
}

enum wire_state
wire_look(struct wire *wire, unsigned char *p, size_t *n)
{
	enum wire_state state = WIRE_PART;
	size_t at = wire->held;

	while (state == WIRE_PART && at < *n) {
		if (is_foreign(wire, p[at]))
			state = WIRE_FOREIGN;
		else if (!wire->open && *n - at < WIRE_HEADER_SIZE)
			break;
		else
			state = look_step(wire, p, &at, *n);
	}
	if (at > wire->held && at < *n)
		memmove(p + wire->held, p + at, *n - at);
	*n -= at - wire->held;
	return state;
}

void
wire_next(struct wire *wire, unsigned char *p, size_t *n)
{
	*n -= wire->held;
	if (wire->held > 0 && *n > 0)
		memmove(p, p + wire->held, *n);
	*wire = (struct wire){.stage = WIRE_BETWEEN};
}

bool
wire_has_begun(const struct wire *wire)
{
	return wire->open || wire->stage != WIRE_BETWEEN;
}

/* A length has one byte, or four when the first one's high bit is set. */
static bool
take_length(struct str *rest, size_t *length)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t n = 1;

	if (rest->n == 0)
		return false;
	*length = p[0];
	if (p[0] >= 0x80) {
		n = 4;
		if (rest->n < n)
			return false;
		*length = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 |
			(size_t)p[2] << 8 | p[3];
	}
	*rest = str_slice(*rest, n, rest->n);
	return true;
}

bool
wire_pair(struct str *rest, struct str *name, struct str *value)
{
	if (!take_length(rest, &name->n) || !take_length(rest, &value->n) ||
		name->n > rest->n || value->n > rest->n - name->n)
		return false;
	name->p = rest->p;
	value->p = rest->p + name->n;
	*rest = str_slice(*rest, name->n + value->n, rest->n);
	return true;
}

static void
put_header(unsigned char *p, unsigned type, uint16_t id, size_t n)
{
	const FCGI_Header header = {
		.version = FCGI_VERSION_1,
		.type = (unsigned char)type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(n >> 8),
		.contentLengthB0 = (unsigned char)n,
	};

	memcpy(p, &header, sizeof(header));
}

void
wire_stdout(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n)
{
	put_header(header, FCGI_STDOUT, id, n);
}

void
wire_stderr(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n)
{
	put_header(header, FCGI_STDERR, id, n);
}

static void
put_end(unsigned char *p, uint16_t id, unsigned char status,
	unsigned char protocol_status)
{
	const FCGI_EndRequestBody body = {
		.appStatusB0 = status, .protocolStatus = protocol_status};

	put_header(p, FCGI_STDOUT, id, 0);
	put_header(p + WIRE_HEADER_SIZE, FCGI_END_REQUEST, id, sizeof(body));
	memcpy(p + 2 * WIRE_HEADER_SIZE, &body, sizeof(body));
}

void
wire_end(unsigned char end[WIRE_END_SIZE], uint16_t id)
{
	put_end(end, id, 0, FCGI_REQUEST_COMPLETE);
}

void
wire_end_aborted(unsigned char end[WIRE_END_SIZE], uint16_t id)
{
	put_end(end, id, 1, FCGI_REQUEST_COMPLETE);
}

bool
wire_aborts(const unsigned char header[WIRE_HEADER_SIZE], uint16_t id)
{
	return header[0] == FCGI_VERSION_1 && header[1] == FCGI_ABORT_REQUEST &&
		get16be(header[2], header[3]) == id;
}

void
wire_refuse_role(unsigned char end[WIRE_END_SIZE], uint16_t id)
{
	put_end(end, id, 0, FCGI_UNKNOWN_ROLE);
}

/* The names that FCGI_GET_VALUES may ask for, and the answers. */
static const struct {
	struct str name, value;
} values[] = {
	{{FCGI_MAX_CONNS, sizeof(FCGI_MAX_CONNS) - 1}, {"10000", 5}},
	{{FCGI_MAX_REQS, sizeof(FCGI_MAX_REQS) - 1}, {"10000", 5}},
	{{FCGI_MPXS_CONNS, sizeof(FCGI_MPXS_CONNS) - 1}, {"0", 1}},
};

enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* Mark in asked the values that content asks for.  false when content is not a
 * list of pairs. */
static bool
read_asked(struct str content, bool asked[VALUES])
{
	struct str name, value;

	while (content.n > 0) {
		if (!wire_pair(&content, &name, &value))
			return false;
		for (size_t i = 0; i < VALUES; i++)
			asked[i] |= str_eq(name, values[i].name);
	}
	return true;
}

static size_t
put_value(unsigned char *p, struct str name, struct str value)
{
	p[0] = (unsigned char)name.n;
	p[1] = (unsigned char)value.n;
	memcpy(p + 2, name.p, name.n);
	memcpy(p + 2 + name.n, value.p, value.n);
	return 2 + name.n + value.n;
}

size_t
wire_manage(const struct wire *wire, const unsigned char *p,
	unsigned char reply[WIRE_REPLY_SIZE])
{
	const FCGI_UnknownTypeBody unknown = {
		.type = (unsigned char)wire->type};
	bool asked[VALUES] = {false};
	size_t n = WIRE_HEADER_SIZE;

	if (wire->type != FCGI_GET_VALUES) {
		put_header(reply, FCGI_UNKNOWN_TYPE, 0, sizeof(unknown));
		memcpy(reply + n, &unknown, sizeof(unknown));
		return n + sizeof(unknown);
	}
	if (!read_asked((struct str){(const char *)p, wire->held}, asked))
		return 0;
	for (size_t i = 0; i < VALUES; i++) {
		if (asked[i])
			n += put_value(
				reply + n, values[i].name, values[i].value);
	}
	put_header(reply, FCGI_GET_VALUES_RESULT, 0, n - WIRE_HEADER_SIZE);
	return n;
}
