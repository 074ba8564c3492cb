/* Reading and writing FastCGI records (FastCGI specification 1.0, sections 3.3,
 * 3.4, 4, 5 and 8).  libfcgi's <fastcgi.h> defines them; its reader is not
 * used, because it trusts the lengths it is sent. */

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
	WIRE_WHOLE,    /* a request is complete, with its body */
	WIRE_QUESTION, /* a management record is complete */
	WIRE_PARAMS_TOO_LONG,
	WIRE_BODY_TOO_LONG,
	WIRE_WRONG_ROLE, /* authorizer or filter */
	WIRE_ABORTED,    /* FCGI_ABORT_REQUEST is complete */
	WIRE_FOREIGN,    /* not FastCGI from its first byte on, which stays */
	WIRE_BAD,        /* malformed, or not supported here */
};

enum wire_stage {
	WIRE_BETWEEN, /* no request has begun */
	WIRE_PARAMS,  /* its parameters are being received */
	WIRE_BODY,    /* its body is being received */
};

/* The state of the parser of one connection.  All zero at the start. */
struct wire {
	enum wire_stage stage;
	uint16_t id; /* of the request */
	bool keep;   /* the connection stays open after the request */
	size_t body; /* bytes of FCGI_STDIN, including announced ones */
	/* Bytes at the front of the buffer that are needed: a request's
	 * FCGI_PARAMS, or the content of a FCGI_GET_VALUES, in one piece. */
	size_t held;

	/* The record being read. */
	bool open; /* its header has come */
	unsigned type, record_id;
	size_t size;             /* of its content */
	size_t content, padding; /* bytes that are still to come */
	bool keeping;            /* its content is needed */
};

/* Go on parsing.  The *n bytes at p are those left by the last call and those
 * received since.  Afterwards wire->held needed bytes are at the front,
 * followed by the bytes not parsed yet; *n counts both.  With WIRE_PART, the
 * latter are less than a header.  The result and the cost per byte do not
 * depend on how the input was cut into pieces.  Pure. */
enum wire_state wire_look(struct wire *wire, unsigned char *p, size_t *n);

/* Drop the request, aborted or not, or the management record that wire_look
 * found, so that parsing can go on behind it.  p and *n are as wire_look left
 * them. */
void wire_next(struct wire *wire, unsigned char *p, size_t *n);

/* Whether a part of a request or of a record has come. */
bool wire_has_begun(const struct wire *wire);

/* Cut the first name-value pair off *rest, which is not empty (section 3.4).
 * false when the pair is incomplete.  Pure. */
bool wire_pair(struct str *rest, struct str *name, struct str *value);

/* Answer the management record that wire_look found, whose content is at p
 * (section 4).  Returns the size of reply; 0 when the record is malformed.
 * Pure. */
size_t wire_manage(const struct wire *wire, const unsigned char *p,
	unsigned char reply[WIRE_REPLY_SIZE]);

/* Write the header of a record of FCGI_STDOUT with n <= WIRE_RECORD_MAX bytes.
 */
void wire_stdout(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n);

/* The same for FCGI_STDERR; n of 0 ends the stream. */
void wire_stderr(unsigned char header[WIRE_HEADER_SIZE], uint16_t id, size_t n);

/* Write the end of a response: the end of FCGI_STDOUT and FCGI_END_REQUEST. */
void wire_end(unsigned char end[WIRE_END_SIZE], uint16_t id);

/* The same for a request that was aborted: its application status is not 0. */
void wire_end_aborted(unsigned char end[WIRE_END_SIZE], uint16_t id);

/* Whether header is that of an FCGI_ABORT_REQUEST for request id.  Pure. */
bool wire_aborts(const unsigned char header[WIRE_HEADER_SIZE], uint16_t id);

/* The same as wire_end for a request whose role is not served:
 * FCGI_UNKNOWN_ROLE. */
void wire_refuse_role(unsigned char end[WIRE_END_SIZE], uint16_t id);

#endif
