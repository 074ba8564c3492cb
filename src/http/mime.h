/* The Content-Type of a member, by its name. */

#ifndef MIME_H
#define MIME_H

#include "base/str.h"

/* The types of one file of --mime-types.  Immutable after mime_open: any thread
 * may use it. */
struct mime;

/* Why a file was refused, as "file:line: what" or "file: what"; one line. */
struct mime_fault {
	char text[512];
};

/* Read a file in the format of /etc/mime.types: on each line a media type, with
 * parameters if need be ("text/html; charset=iso-8859-2"), and extensions,
 * separated by blanks and tabs.  A word that begins with "#" begins a comment.
 * A later line wins over an earlier one; a dot before an extension is passed
 * over; an extension with a dot inside matches nothing.  The result is the
 * caller's, for mime_free.  NULL with errno, and fault says why: EINVAL when it
 * is the text that is wrong, else from opening or reading the file. */
struct mime *mime_open(const char *path, struct mime_fault *fault);

/* Takes NULL.  Keeps errno. */
void mime_free(struct mime *mime);

/* What follows the last dot in the last component of name: empty when that dot
 * is the component's first or last byte, or there is none.  Lent by name.
 * Pure; any thread. */
struct str mime_extension(struct str name);

/* The media type for the last extension of name, in whatever case, as the value
 * of a Content-Type: printable ASCII, with "; charset=utf-8" if mime_is_text
 * and the file gave no other charset.  mime, which may be NULL, goes before the
 * compiled-in table.  Empty when both do not know the extension, or there is
 * none.  Static, or lent by mime.  Any thread. */
struct str mime_find(const struct mime *mime, struct str name);

/* type, with or without parameters, is sent with a charset: text, and the other
 * types of a page's source that browsers decode.  JSON is always UTF-8 and has
 * no such parameter (RFC 8259, section 11).  Pure; any thread. */
bool mime_is_text(struct str type);

/* type, with or without parameters, is a document in which a browser runs
 * scripts: HTML, SVG and every other XML type, since each may hold elements of
 * XHTML.  Pure; any thread. */
bool mime_is_active(struct str type);

/* name says nothing of the type, or too much: it has no extension, ".log" or
 * ".txt".  The content decides.  Pure. */
bool mime_is_doubtful(struct str name);

/* name is that of a text in a gzip file: ".log.gz" or ".txt.gz".  Pure. */
bool mime_is_packed_text(struct str name);

#endif
