/* Finds the Content-Type for the name of a member. */

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
 * component.  A "?" ends the component, unless ".html" or ".css" ends the name:
 * programs that mirror sites save queries so, and append these two.  Lent by
 * name.  Pure; any thread. */
struct str mime_extension(struct str name);

/* The values that a Content-Type may have: printable ASCII, static or lent by a
 * struct mime. */
struct media_type {
	struct str bare; /* without a charset, or with the file's */
	struct str utf8; /* with "; charset=utf-8"; empty when no charset is to
			    be added: the file gave one, or mime_is_text is
			    false for the type */
};

/* The media type for the last extension of name, in whatever case.  mime, which
 * may be NULL, takes precedence over the compiled-in table.  Empty when neither
 * knows the extension, or there is none.  Any thread. */
struct media_type mime_find(const struct mime *mime, struct str name);

/* Whether type is a media type, with or without parameters.  Pure. */
bool mime_is_type(struct str type);

/* Whether type, with or without parameters, is sent with a charset.  That holds
 * for text and scripts, but not for XML, which declares its encoding itself
 * (RFC 7303, section 3), nor for JSON, which is always UTF-8 (RFC 8259, section
 * 11).  Pure; any thread. */
bool mime_is_text(struct str type);

/* Whether type, with or without parameters, is a document in which a browser
 * runs scripts: HTML, SVG and every other XML type, since each may hold
 * elements of XHTML.  Pure; any thread. */
bool mime_is_active(struct str type);

/* Whether type is text/plain and its charset was not given.  The names of such
 * files are used for other files, too, so the content decides.  Pure. */
bool mime_is_plain(const struct media_type *type);

/* Whether name is likely that of a log or another text without a type of its
 * own: it ends in ".log", ".txt", ".out", ".err" or the like, in a number, as
 * old logs do, or has no extension.  Pure. */
bool mime_is_log(struct str name);

/* Whether the extension of name is one of n in list, in whatever case.  Pure.
 */
bool mime_ends_in(struct str name, const char *const list[], size_t n);

#endif
