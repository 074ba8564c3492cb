/* The records of FastCGI as they lie in a socket (FastCGI specification 1.0,
 * sections 3.3, 5 and 8).  Reading requests is libfcgi's; here they are only
 * looked at, and answers are framed. */

#ifndef WIRE_H
#define WIRE_H

#include "str.h"

enum {
	WIRE_HEADER_SIZE = 8,
	WIRE_RECORD_MAX = 65528,     /* content of a record that we write */
	WIRE_PARAMS_MAX = 64 * 1024, /* of a request, with name and lengths */
	WIRE_BODY_MAX = 64 * 1024,   /* of a request's standard input */
	WIRE_PEEK_SIZE = 160 * 1024, /* that one is looked at within */
	WIRE_END_SIZE = 3 * WIRE_HEADER_SIZE,
	WIRE_REPLY_SIZE = 128, /* to a management record, at most */
};

enum wire_state {
	WIRE_PART,       /* more has to come */
	WIRE_WHOLE,      /* a request lies there, to the end of its body */
	WIRE_MANAGEMENT, /* a management record comes first: size is its */
	WIRE_STRAY,      /* a record of no request comes first: size is its */
	WIRE_PARAMS_TOO_LONG,
	WIRE_BODY_TOO_LONG,
	WIRE_WRONG_ROLE, /* authorizer or filter */
	WIRE_BAD,        /* no FastCGI, or aborted */
};

struct wire_request {
	uint16_t id;
	bool params_whole;
	bool holds_nul; /* a name or value among them does */
	bool keep;      /* the connection is to be kept open */
	size_t params;  /* bytes of FCGI_PARAMS content */
	size_t pairs;   /* of a name and a value in it */
	size_t size;    /* of all its records; set when WIRE_WHOLE */
};

/* Look at the n bytes at p: what is there of the connection's next request.
 * *request is set as far as it is known.  Pure. */
enum wire_state wire_look(
	const unsigned char *p, size_t n, struct wire_request *request);

/* Answer the management record at p, which is whole (section 4): how many bytes
 * of reply.  Pure. */
size_t wire_manage(
	const unsigned char *p, unsigned char reply[WIRE_REPLY_SIZE]);

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
