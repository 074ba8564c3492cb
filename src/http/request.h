/* A request, as described by the front end's parameters (RFC 3875, section
 * 4.1). */

#ifndef REQUEST_H
#define REQUEST_H

#include "base/arena.h"

enum method { METHOD_GET, METHOD_HEAD, METHOD_OPTIONS, METHOD_OTHER };

enum param {
	PARAM_CONTENT_LENGTH,
	PARAM_DOCUMENT_ROOT,
	PARAM_PATH_INFO,
	PARAM_PATH_TRANSLATED,
	PARAM_QUERY_STRING,
	PARAM_REDIRECT_URL,
	PARAM_REMOTE_ADDR,
	PARAM_REMOTE_USER,
	PARAM_REQUEST_METHOD,
	PARAM_REQUEST_URI,
	PARAM_SCRIPT_FILENAME,
	PARAM_SCRIPT_NAME,
	PARAM_SERVER_PROTOCOL,
	PARAM_WWZ_ARCHIVE,
	/* Header fields. */
	PARAM_ACCEPT,
	PARAM_ACCEPT_ENCODING,
	PARAM_IF_MATCH,
	PARAM_IF_MODIFIED_SINCE,
	PARAM_IF_NONE_MATCH,
	PARAM_IF_RANGE,
	PARAM_IF_UNMODIFIED_SINCE,
	PARAM_RANGE,
	PARAM_REFERER,
	PARAM_USER_AGENT,
	PARAMS,
	PARAM_FIELDS = PARAM_ACCEPT, /* the first of them */
};

/* The most bytes of a request's body that are read and discarded. */
enum { REQUEST_BODY_MAX = 64 * 1024 };

/* Text is lent by whoever passed the parameters, or lies in the arena.  It may
 * hold any byte, and no NUL ends it.  A parameter that is absent or empty has n
 * = 0; p is NULL only when it is absent. */
struct request {
	enum method method;
	struct str param[PARAMS];
};

/* For building a request from its parameters, one by one. */
struct request_reader {
	struct request *request;
	struct arena *arena;
	struct text joined[PARAMS]; /* of fields that came more than once */
};

/* Begin with a request without parameters. */
void request_begin(struct request_reader *reader, struct request *request,
	struct arena *arena);

/* Add a parameter.  A header field that comes twice is joined with ", " (RFC
 * 9110, section 5.2); of other parameters the last one counts.  arena->failed
 * tells that memory ran out. */
void request_add(
	struct request_reader *reader, struct str name, struct str value);

/* Add the parameters that a front end makes of a request line, and of a header
 * field. */
void request_add_line(struct request_reader *reader, struct str method,
	struct str uri, struct str protocol);
void request_add_field(
	struct request_reader *reader, struct str name, struct str value);

/* The same from "NAME=VALUE" strings up to a NULL. */
void request_read(
	struct request *request, char *const *environment, struct arena *arena);

#endif
