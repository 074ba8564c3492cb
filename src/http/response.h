/* An answer as a value: all is decided before the first byte goes out. */

#ifndef RESPONSE_H
#define RESPONSE_H

#include "base/status.h"
#include "http/body.h"
#include "http/encoding.h"
#include "http/request.h"

/* How the bytes of a member come about. */
enum sent {
	SENT_NO_MEMBER,
	SENT_AS_IT_LIES,
	SENT_GZIP, /* its deflate stream as it lies, in gzip's clothes */
	SENT_INFLATED,
	SENT_UNPACKED, /* by libzip */
	SENT_HANDED_OFF,
	SENTS
};

struct response {
	enum status status;
	bool head;                /* the answer to HEAD: the body stays here */
	bool has_length;          /* body.length is its Content-Length */
	bool vary;                /* Vary: Accept-Encoding */
	bool ranges;              /* Accept-Ranges: bytes */
	bool dated;               /* modified is its Last-Modified */
	unsigned retry_seconds;   /* Retry-After, if not 0 */
	unsigned refresh_seconds; /* Refresh, if not 0 */
	int64_t modified;
	/* Header fields of the same names; absent when empty. */
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

	struct body body;

	/* What was asked for and found: for logs, counters and explain. */
	struct str archive, member;
	bool opened;        /* the archive, and not before the request came */
	int64_t opening;    /* nanoseconds until it was there */
	const char *what;   /* stands at the path, in words; static */
	unsigned method;    /* of the member */
	unsigned available; /* codings, as in struct representations */
	enum coding coding; /* CODING_NONE: no member was found */
	enum chosen chosen; /* that coding, because... */
	uint16_t weight;    /* ...and with this weight, in thousandths */
	enum sent sent;
};

/* An answer that says nothing yet, which must stay where it is. */
void response_init(
	struct response *response, struct arena *arena, enum method method);

/* Release the body.  The arena's owner has the rest. */
void response_free(struct response *response);

/* The header section, up to and with the empty line, in the form of RFC 3875,
 * section 6.3: no Status for 200, and Location in front of Status, as the front
 * ends want it.  In the body's arena; when that has failed it is the head of a
 * 503 without a body. */
struct str response_head(const struct response *response);

/* "Not Found" for STATUS_NOT_FOUND, and so on.  Static. */
const char *response_reason(enum status status);

/* Take back the body and all that was said of a representation; Allow and
 * Location stay. */
void response_withdraw(struct response *response);

#endif
