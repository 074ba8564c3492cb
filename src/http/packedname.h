/* Names of compressed files. */

#ifndef PACKEDNAME_H
#define PACKEDNAME_H

#include "archive/packing.h"

/* What the name of a compressed file tells about it. */
struct packedname {
	enum packing packing; /* PACKING_NONE: not compressed */
	struct str inner;     /* the name of what it holds; lent by name */
	bool asset; /* a site's own file, for browsers: "a.svgz", "a.js.gz" */
	bool log;   /* a log: "a.log.gz", "syslog.2.gz" */
};

/* Look at the suffix of name: .gz, .zst, .xz, .bz2, .br, .svgz (which holds an
 * .svg) or .unityweb.  Pure. */
struct packedname packedname_read(struct str name);

#endif
