/* HTTP status codes (RFC 9110, section 15), as results of functions.  STATUS_GO
 * means "go on", STATUS_LATER that there is no answer yet; any other status is
 * the answer to the request. */

#ifndef STATUS_H
#define STATUS_H

enum status {
	STATUS_GO = 0,
	STATUS_LATER = 1, /* this takes long, and was to be done at once */
	STATUS_OK = 200,
	STATUS_NO_CONTENT = 204,
	STATUS_PARTIAL = 206,
	STATUS_MOVED = 301,
	STATUS_NOT_MODIFIED = 304,
	STATUS_BAD_REQUEST = 400,
	STATUS_FORBIDDEN = 403,
	STATUS_NOT_FOUND = 404,
	STATUS_NOT_ALLOWED = 405,
	STATUS_NOT_ACCEPTABLE = 406,
	STATUS_FAILED_CONDITION = 412,
	STATUS_TOO_LARGE = 413,
	STATUS_RANGE = 416,
	STATUS_FIELDS_TOO_LARGE = 431,
	STATUS_ERROR = 500,
	STATUS_UNSUPPORTED = 501,
	STATUS_UNAVAILABLE = 503,
};

#endif
