#include "wire.h"

enum {
	VERSION = 1,

	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	END_REQUEST = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6,
	STDERR = 7,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11,

	RESPONDER = 1,
	KEEP_CONN = 1,
	REQUEST_COMPLETE = 0,
	UNKNOWN_ROLE = 3,
	BEGIN_SIZE = 8,
};

struct record {
	unsigned type, id;
	size_t content; /* bytes */
	size_t size;    /* of the whole record */
};

/* Where in the stream of names and values (section 3.4) a look stands. */
struct pairs {
	int lengths;   /* of the pair's two that are known */
	int more;      /* bytes of a length that are still to come... */
	size_t number; /* ...and what those before them say */
	size_t left;   /* bytes of the pair's name and value */
};

/* What has been seen of a request. */
struct look {
	struct wire_request *request;
	bool begun, params_end;
	struct pairs pairs;
	size_t body;
};

static unsigned
get16be(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static struct record
read_header(const unsigned char *p)
{
	struct record r = {
		.type = p[1], .id = get16be(p + 2), .content = get16be(p + 4)};

	r.size = WIRE_HEADER_SIZE + r.content + p[6];
	return r;
}

static enum wire_state
begin(struct look *look, const struct record *r, const unsigned char *content)
{
	/* libfcgi would take padding for the next record. */
	if (r->content != BEGIN_SIZE ||
		r->size != WIRE_HEADER_SIZE + BEGIN_SIZE)
		return WIRE_BAD;
	look->begun = true;
	look->request->id = (uint16_t)r->id;
	look->request->keep = (content[2] & KEEP_CONN) != 0;
	return get16be(content) == RESPONDER ? WIRE_PART : WIRE_WRONG_ROLE;
}

/* A length has one byte, or four when the first one's high bit is set. */
static void
take_length(struct pairs *pairs, unsigned char byte)
{
	if (pairs->more == 0) {
		pairs->more = byte < 0x80 ? 1 : 4;
		pairs->number = 0;
		byte &= 0x7f;
	}
	pairs->number = pairs->number << 8 | byte;
	if (--pairs->more > 0)
		return;
	pairs->left += pairs->number;
	pairs->lengths++;
}

/* Go over content of FCGI_PARAMS.  false when a length is beyond all limits:
 * libfcgi would believe it. */
static bool
walk_pairs(struct look *look, const unsigned char *p, size_t n)
{
	struct pairs *pairs = &look->pairs;

	while (n > 0) {
		size_t skip;

		if (pairs->lengths < 2) {
			take_length(pairs, *p++);
			n--;
			if (pairs->lengths < 2)
				continue;
			look->request->pairs++;
			if (pairs->left > WIRE_PARAMS_MAX)
				return false;
		}
		skip = n < pairs->left ? n : pairs->left;
		if (memchr(p, 0, skip) != NULL)
			look->request->holds_nul = true;
		pairs->left -= skip;
		p += skip;
		n -= skip;
		if (pairs->left == 0)
			pairs->lengths = 0;
	}
	return true;
}

static enum wire_state
take_params(struct look *look, const struct record *r, const unsigned char *p)
{
	look->request->params += r->content;
	if (look->request->params > WIRE_PARAMS_MAX)
		return WIRE_PARAMS_TOO_LONG;
	if (!walk_pairs(look, p, r->content))
		return WIRE_PARAMS_TOO_LONG;
	if (r->content > 0)
		return WIRE_PART;
	look->params_end = look->request->params_whole = true;
	/* A pair without its end. */
	return look->pairs.lengths + look->pairs.more > 0 ? WIRE_BAD
							  : WIRE_PART;
}

static enum wire_state
take_body(struct look *look, const struct record *r)
{
	look->body += r->content;
	if (look->body > WIRE_BODY_MAX)
		return WIRE_BODY_TOO_LONG;
	return r->content == 0 ? WIRE_WHOLE : WIRE_PART;
}

static enum wire_state
look_at(struct look *look, const struct record *r, const unsigned char *content)
{
	/* Nobody asks in the middle of a request; libfcgi would answer, and
	 * lose memory on it. */
	if (r->id == 0)
		return WIRE_BAD;
	if (r->type == BEGIN_REQUEST && !look->begun)
		return begin(look, r, content);
	if (r->id != look->request->id)
		return WIRE_BAD;
	if (r->type == PARAMS && !look->params_end)
		return take_params(look, r, content);
	if (r->type == STDIN && look->params_end)
		return take_body(look, r);
	return WIRE_BAD;
}

/* A record whose content is not all there tells its length already. */
static enum wire_state
look_at_part(struct look *look, const struct record *r)
{
	if (!look->begun || r->id != look->request->id)
		return WIRE_PART;
	if (r->type == PARAMS &&
		look->request->params + r->content > WIRE_PARAMS_MAX)
		return WIRE_PARAMS_TOO_LONG;
	if (r->type == STDIN && look->body + r->content > WIRE_BODY_MAX)
		return WIRE_BODY_TOO_LONG;
	return WIRE_PART;
}

enum wire_state
wire_look(const unsigned char *p, size_t n, struct wire_request *request)
{
	struct look look = {.request = request};
	size_t at = 0;

	*request = (struct wire_request){0};
	while (n - at >= WIRE_HEADER_SIZE) {
		struct record r = read_header(p + at);
		enum wire_state state;

		if (p[at] != VERSION)
			return WIRE_BAD;
		if (r.size > n - at)
			return look_at_part(&look, &r);
		request->size = at + r.size;
		if (r.id == 0 && at == 0)
			return WIRE_MANAGEMENT;
		if (r.type != BEGIN_REQUEST && at == 0)
			return WIRE_STRAY;
		state = look_at(&look, &r, p + at + WIRE_HEADER_SIZE);
		at += r.size;
		if (state != WIRE_PART)
			return state;
	}
	return WIRE_PART;
}

static void
put_header(unsigned char *p, unsigned type, uint16_t id, size_t n)
{
	p[0] = VERSION;
	p[1] = (unsigned char)type;
	p[2] = (unsigned char)(id >> 8);
	p[3] = (unsigned char)id;
	p[4] = (unsigned char)(n >> 8);
	p[5] = (unsigned char)n;
	p[6] = 0;
	p[7] = 0;
}

void
wire_stdout(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n)
{
	put_header(header, STDOUT, id, n);
}

void
wire_stderr(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n)
{
	put_header(header, STDERR, id, n);
}

static void
put_end(unsigned char *p, uint16_t id, unsigned char protocol_status)
{
	put_header(p, STDOUT, id, 0);
	put_header(p + WIRE_HEADER_SIZE, END_REQUEST, id, WIRE_HEADER_SIZE);
	memset(p + 2 * WIRE_HEADER_SIZE, 0, WIRE_HEADER_SIZE);
	p[2 * WIRE_HEADER_SIZE + 4] = protocol_status;
}

void
wire_end(unsigned char end[WIRE_END_SIZE], uint16_t id)
{
	put_end(end, id, REQUEST_COMPLETE);
}

void
wire_refuse_role(unsigned char end[WIRE_END_SIZE], uint16_t id)
{
	put_end(end, id, UNKNOWN_ROLE);
}

/* Add a name and its value to what is answered to FCGI_GET_VALUES, if content
 * asks for it. */
static size_t
put_value(unsigned char *p, const struct record *r,
	const unsigned char *content, struct str name, struct str value)
{
	if (memmem(content, r->content, name.p, name.n) == NULL)
		return 0;
	p[0] = (unsigned char)name.n;
	p[1] = (unsigned char)value.n;
	memcpy(p + 2, name.p, name.n);
	memcpy(p + 2 + name.n, value.p, value.n);
	return 2 + name.n + value.n;
}

size_t
wire_manage(const unsigned char *p, unsigned char reply[WIRE_REPLY_SIZE])
{
	struct record r = read_header(p);
	const unsigned char *content = p + WIRE_HEADER_SIZE;
	unsigned char *to = reply + WIRE_HEADER_SIZE;

	if (r.type != GET_VALUES) {
		put_header(reply, UNKNOWN_TYPE, 0, WIRE_HEADER_SIZE);
		memset(to, 0, WIRE_HEADER_SIZE);
		to[0] = (unsigned char)r.type;
		return 2 * WIRE_HEADER_SIZE;
	}
	to += put_value(to, &r, content, STR("FCGI_MAX_CONNS"), STR("10000"));
	to += put_value(to, &r, content, STR("FCGI_MAX_REQS"), STR("10000"));
	to += put_value(to, &r, content, STR("FCGI_MPXS_CONNS"), STR("0"));
	put_header(reply, GET_VALUES_RESULT, 0,
		(size_t)(to - reply) - WIRE_HEADER_SIZE);
	return (size_t)(to - reply);
}
