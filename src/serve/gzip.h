/* A page as a gzip file (RFC 1952), made while it is sent. */

#ifndef GZIP_H
#define GZIP_H

#include "archive/source.h"

/* The least n of such a source's read: zlib repeats its marks in less room. */
enum { GZIP_READ_LEAST = 16 };

/* Make a source of what plain gives, compressed.  What plain has given so far
 * is never held back, so that a browser can show it.  Takes plain over, which
 * may be NULL.  NULL with errno ENOMEM. */
struct source *gzip_open(struct source *plain);

#endif
