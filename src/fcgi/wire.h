/* The records of FastCGI as they come and go (FastCGI specification 1.0,
 * sections 3.3, 3.4, 4, 5 and 8).  libfcgi's <fastcgi.h> defines them; its
 * reader is not used, for it believes the lengths that it was sent. */

#ifndef WIRE_H
#define WIRE_H

#include "base/str.h"

enum {
	WIRE_HEADER_SIZE = 8,
	WIRE_RECORD_MAX = 65528,     /* content of a record that we write */
	WIRE_PARAMS_MAX = 64 * 1024, /* of a request, with name and lengths */
	WIRE_BODY_MAX = 64 * 1024,   /* of a request's standard input */
	WIRE_END_SIZE = 3 * WIRE_HEADER_SIZE,
	WIRE_REPLY_SIZE = 128, /* to a management record, at most */
};

enum wire_state {
	WIRE_PART,     /* more has to come */
	WIRE_WHOLE,    /* a request is there, to the end of its body */
	WIRE_QUESTION, /* a management record is there */
	WIRE_PARAMS_TOO_LONG,
	WIRE_BODY_TOO_LONG,
	WIRE_WRONG_ROLE, /* authorizer or filter */
	WIRE_ABORTED,    /* by FCGI_ABORT_REQUEST */
	WIRE_BAD,        /* no FastCGI, or none that is served here */
};

enum wire_stage {
	WIRE_BETWEEN, /* no request has begun */
	WIRE_PARAMS,  /* its parameters come */
	WIRE_BODY,    /* they are all there; its body comes */
};

/* How far the bytes of a connection have been looked at.  All zero: not at all.
 */
struct wire {
	enum wire_stage stage;
	uint16_t id; /* of the request */
	bool keep;   /* the connection is to be kept open behind it */
	size_t body; /* bytes of FCGI_STDIN, those announced among them */
	/* Bytes in front that stay: a request's FCGI_PARAMS, or the content of
	 * a FCGI_GET_VALUES, in one piece. */
	size_t kept;

	/* The record under way. */
	bool open; /* there is one */
	unsigned type, record_id;
	size_t size;             /* of its content */
	size_t content, padding; /* bytes that are still to come */
	bool keeping;            /* its content stays */
};

/* Go on looking.  At p are n bytes: those that the last look left, and what has
 * come since.  Of them it leaves wire->kept in front, and behind these what
 * is still to be looked at, less than a header unless the state is another than
 * WIRE_PART; *n is both.  How p is cut into pieces does not matter, and no byte
 * costs more for it.  Pure. */
enum wire_state wire_look(struct wire *wire, unsigned char *p, size_t *n);

/* Forget the request or the question that wire_look found, to look at what lies
 * behind it.  p and *n as they were left. */
void wire_next(struct wire *wire, unsigned char *p, size_t *n);

/* A request or a record has begun to come. */
bool wire_has_begun(const struct wire *wire);

/* Cut the pair in front off *rest, which is not empty (section 3.4).  false
 * when it is not all there.  Pure. */
bool wire_pair(struct str *rest, struct str *name, struct str *value);

/* Answer the management record that wire_look found, whose content is kept at p
 * (section 4): how many bytes of reply; 0 when it makes no sense.  Pure. */
size_t wire_manage(const struct wire *wire, const unsigned char *p,
	unsigned char reply[WIRE_REPLY_SIZE]);

/* Write the header of a record of FCGI_STDOUT with n <= WIRE_RECORD_MAX bytes.
 */
void wire_stdout(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n);

/* The same for FCGI_STDERR; n of 0 ends the stream. */
void wire_stderr(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n);

/* Write what ends a response: the end of FCGI_STDOUT and FCGI_END_REQUEST. */
void wire_end(unsigned char end[WIRE_END_SIZE], uint16_t id);

/* The same for a request whose role is not served: FCGI_UNKNOWN_ROLE. */
void wire_refuse_role(unsigned char end[WIRE_END_SIZE], uint16_t id);

#endif
