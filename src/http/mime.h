/* From the name of a member to its Content-Type. */

#ifndef MIME_H
#define MIME_H

#include "base/fault.h"

/* The types of one file of --mime-types.  Immutable after mime_open: any thread
 * may use it. */
struct mime;

/* Read a file in the format of /etc/mime.types: on each line a media type, with
 * parameters if need be ("text/html; charset=iso-8859-2"), and extensions,
 * separated by blanks and tabs.  A word that begins with "#" begins a comment.
 * A later line wins over an earlier one; a dot before an extension is ignored;
 * an extension with a dot inside matches nothing.  The result is the caller's,
 * for mime_free.  NULL with errno, and fault says why: EINVAL and
 * "file:line: why" when the text is malformed, else what opening or reading the
 * file gave, and "file: why". */
struct mime *mime_open(const char *path, struct fault *fault);

/* Takes NULL.  Keeps errno. */
void mime_free(struct mime *mime);

/* The extension of name: the bytes after the last dot of its last component.
 * Empty when there is no dot, or it is the first or last byte of the
 * component.  Lent by name.  Pure; any thread. */
struct str mime_extension(struct str name);

/* The media type for the last extension of name, in whatever case, as the value
 * of a Content-Type: printable ASCII, with "; charset=utf-8" if mime_is_text
 * and the file gave no other charset.  mime, which may be NULL, takes
 * precedence over the compiled-in table.  Empty when neither knows the
 * extension, or there is none.  Static, or lent by mime.  Any thread. */
struct str mime_find(const struct mime *mime, struct str name);

/* type, with or without parameters, is sent with a charset.  That holds for
 * text and for the other types of source text that browsers decode.  JSON is
 * always UTF-8 and has no such parameter (RFC 8259, section 11).  Pure; any
 * thread. */
bool mime_is_text(struct str type);

/* type, with or without parameters, is a document in which a browser runs
 * scripts: HTML, SVG and every other XML type, since each may hold elements of
 * XHTML.  Pure; any thread. */
bool mime_is_active(struct str type);

/* The extension of name does not determine the type: there is none, or it is
 * ".log" or ".txt".  The content decides.  Pure. */
bool mime_is_doubtful(struct str name);

/* name is that of a text in a gzip file: ".log.gz" or ".txt.gz".  Pure. */
bool mime_is_packed_text(struct str name);

#endif
