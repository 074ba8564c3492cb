/* The kinds of files that a listing tells apart. */

#ifndef KIND_H
#define KIND_H

#include "http/mime.h"

enum kind {
	KIND_FILE, /* none of these */
	KIND_TEXT,
	KIND_PAGE, /* HTML */
	KIND_IMAGE,
	KIND_AUDIO,
	KIND_VIDEO,
	KIND_ARCHIVE, /* or a compressed file */
	KINDS
};

/* "text" for KIND_TEXT, and so on. */
extern const char *const kind_names[KINDS];

/* The kind of a file called name, by the media type that it has.  Any thread.
 */
enum kind kind_of(const struct mime *mime, struct str name);

/* Whether browsers show a file called name in an <img>.  Any thread. */
bool kind_is_shown(const struct mime *mime, struct str name);

#endif
