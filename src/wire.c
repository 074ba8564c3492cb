#include "wire.h"

enum {
	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	END_REQUEST = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6,

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

/* What has been seen of a request. */
struct look {
	struct wire_request *request;
	bool begun, params_end;
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
	/* A second request on the connection: libfcgi refuses that one. */
	if (look->begun)
		return WIRE_PART;
	if (r->content != BEGIN_SIZE)
		return WIRE_BAD;
	look->begun = true;
	look->request->id = (uint16_t)r->id;
	look->request->keep = (content[2] & KEEP_CONN) != 0;
	return get16be(content) == RESPONDER ? WIRE_PART : WIRE_WRONG_ROLE;
}

/* A record of the request that was begun; WIRE_PART to go on. */
static enum wire_state
take(struct look *look, const struct record *r)
{
	if (r->type == PARAMS && !look->params_end) {
		look->params_end = r->content == 0;
		look->request->params += r->content;
		return look->request->params > WIRE_PARAMS_MAX
			? WIRE_PARAMS_TOO_LONG
			: WIRE_PART;
	}
	if (r->type == STDIN && look->params_end) {
		look->body += r->content;
		if (look->body > WIRE_BODY_MAX)
			return WIRE_BODY_TOO_LONG;
		return r->content == 0 ? WIRE_WHOLE : WIRE_PART;
	}
	return WIRE_BAD;
}

static enum wire_state
look_at(struct look *look, const struct record *r, const unsigned char *content)
{
	if (r->id == 0)
		return WIRE_PART;
	if (r->type == BEGIN_REQUEST)
		return begin(look, r, content);
	if (!look->begun || r->id != look->request->id)
		return WIRE_PART;
	return take(look, r);
}

/* A record whose content is not all there says something already: its length.
 */
static enum wire_state
look_at_part(struct look *look, const struct record *r)
{
	if (look->begun && r->id == look->request->id && r->type != 0 &&
		r->type != BEGIN_REQUEST &&
		take(look, r) >= WIRE_PARAMS_TOO_LONG)
		return take(look, r);
	return WIRE_PART;
}

enum wire_state
wire_look(const unsigned char *p, size_t n, struct wire_request *request)
{
	struct look look = {.request = request};
	bool management = n > 0;
	size_t at = 0;

	*request = (struct wire_request){0};
	while (n - at >= WIRE_HEADER_SIZE) {
		struct record r = read_header(p + at);
		enum wire_state state;

		if (p[at] != 1)
			return WIRE_BAD;
		if (r.size > n - at)
			return look_at_part(&look, &r);
		state = look_at(&look, &r, p + at + WIRE_HEADER_SIZE);
		management = management && r.id == 0;
		at += r.size;
		request->size = at;
		if (state != WIRE_PART)
			return state;
	}
	return management && at == n ? WIRE_MANAGEMENT : WIRE_PART;
}

size_t
wire_param_size(struct str pair)
{
	struct str value = pair, name = str_cut(&value, '=');

	return (name.n < 128 ? 1 : 4) + (value.n < 128 ? 1u : 4u) + name.n +
		value.n;
}

static void
put_header(unsigned char *p, unsigned type, uint16_t id, size_t n)
{
	p[0] = 1;
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
