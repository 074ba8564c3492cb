/* The links of a line of a log: to what its URLs and the hyperlinks of
 * terminals (OSC 8) lead.  Only http and https are linked, without a user's
 * name, which would hide the host; all else stays text.  A line has a table of
 * links, and cells have the number of theirs in the bits of their style from
 * LOGLINK_SHIFT on; 0: none. */

#ifndef LOGLINK_H
#define LOGLINK_H

#include <stdint.h>

#include "base/arena.h"

struct ansi_cell;

enum {
	LOGLINK_SHIFT = 25,
	LOGLINK_MOST = 127,  /* links of a line; further ones stay text */
	LOGLINK_URL = 2048,  /* bytes of one */
	LOGLINK_BYTES = 8192 /* of all */
};

/* All zero at the beginning of a line. */
struct loglinks {
	unsigned now; /* number of the hyperlink that was begun; 0: none */
	unsigned n;
	uint16_t end[LOGLINK_MOST + 1]; /* where link i ends in bytes */
	size_t taken;                   /* bytes of a string, behind the last */
	char bytes[LOGLINK_BYTES];
};

/* Begin a new line. */
void loglinks_clear(struct loglinks *links);

/* A copy of links that is as small as it can be, for loglinks_resume; free()
 * ends it.  NULL when there are none; or with *failed, no memory. */
struct loglinks *loglinks_save(const struct loglinks *links, bool *failed);

/* Bytes of such a copy; 0 of NULL. */
size_t loglinks_size(const struct loglinks *saved);

/* Go on with a line whose links were saved, or NULL, and with the hyperlink
 * that has been begun. */
void loglinks_resume(struct loglinks *links, const struct loglinks *saved);

/* Begin an operating system command, take a character of it, and end it, which
 * sets now if it is a hyperlink: "8;PARAMETERS;URL", or none: "8;;". */
void loglinks_begin(struct loglinks *links);
void loglinks_take(struct loglinks *links, uint32_t point);
void loglinks_end(struct loglinks *links);

/* Link each URL in the n cells of a whole line to itself, also inside of a
 * hyperlink, so that no URL leads elsewhere.  It ends where a character comes
 * that URLs do not have (RFC 3986, section 2; no "'"), or a closing bracket
 * that was not opened in it, and without the punctuation of a sentence. */
void loglinks_find(struct loglinks *links, struct ansi_cell *cell, size_t n);

/* Begin the link of the first of n cells as an <a>.  Where its text is not its
 * target, the title is. */
void loglinks_open(struct text *text, const struct loglinks *links,
	const struct ansi_cell *cell, size_t n);

#endif
