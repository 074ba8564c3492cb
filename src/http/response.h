/* An HTTP response as a value: everything is decided before the first byte is
 * sent. */

#ifndef RESPONSE_H
#define RESPONSE_H

#include "base/status.h"
#include "http/body.h"
#include "http/encoding.h"
#include "http/request.h"

/* How the bytes of a member are produced. */
enum sent {
	SENT_NO_MEMBER,
	SENT_AS_IT_LIES,
	SENT_GZIP, /* its deflate stream, made a gzip file */
	SENT_INFLATED,
	SENT_UNPACKED, /* by libzip */
	SENT_HANDED_OFF,
	SENTS
};

struct response {
	enum status status;
	bool head;              /* answers HEAD: the body is not sent */
	bool has_length;        /* body.length is its Content-Length */
	bool vary;              /* Vary: Accept-Encoding */
	bool ranges;            /* Accept-Ranges: bytes */
	bool dated;             /* modified is its Last-Modified */
	bool sniffable;         /* no X-Content-Type-Options: nosniff */
	unsigned retry_seconds; /* Retry-After, if not 0 */
	struct str refresh;     /* seconds, and where to */
	int64_t modified;
	/* Header fields of the same names.  An empty one is not sent. */
	struct str location;
	struct str allow;
	struct str content_type;
	struct str cache_control;
	struct str content_disposition;
	struct str content_encoding;
	struct str content_range;
	struct str content_security_policy;
	struct str etag;
	struct str x_sendfile2;
	/* What the archive adds (headers.h): more names for Vary, and whole
	 * lines of other fields. */
	struct str vary_on, fields;

	struct body body;

	/* What was requested and found: for logs, counters and explain. */
	struct str archive, member;
	bool slow;   /* put off, because slow storage has to be waited for */
	bool opened; /* the archive was opened for this request */
	int64_t opening;    /* nanoseconds that opening took */
	const char *what;   /* a description of what is at the path: static, or
			     * in the body's arena */
	unsigned method;    /* of the member */
	unsigned available; /* as in struct representations */
	enum coding coding; /* CODING_NONE: no member was found */
	enum chosen chosen; /* that coding, because... */
	uint16_t weight;    /* ...and with this weight, in thousandths */
	enum sent sent;
	bool guessed; /* its type comes from the content, not the name */
};

/* Make a 200 without fields and with an empty body.  response must not be
 * moved. */
void response_init(
	struct response *response, struct arena *arena, enum method method);

/* Release the body.  The rest is in the arena. */
void response_free(struct response *response);

/* The header section, including the empty line, in the form of RFC 3875,
 * section 6.3.  Front ends need two things: no Status for 200, and Location
 * before Status.  In the body's arena; when that has failed, the result is the
 * head of a 503 without a body. */
struct str response_head(const struct response *response);

/* "Not Found" for STATUS_NOT_FOUND, and so on.  Static. */
const char *response_reason(enum status status);

/* Empty the body and remove all fields that describe a representation.  Allow
 * and Location stay. */
void response_withdraw(struct response *response);

#endif
