/* `wwz preview`: shows a site in a browser, without a web server, to whoever
 * makes it. */

#ifndef PREVIEW_H
#define PREVIEW_H

#include "pack/packoptions.h"
#include "serve/serve.h"

struct preview_how {
	int port;  /* 0: one that is free; PREVIEW_ANY: a usual one that is */
	bool open; /* start a browser */
	struct pack_options pack;
};

enum { PREVIEW_ANY = -1 };

/* Show the archive or directory at path, on a loopback address, until SIGINT,
 * SIGTERM or SIGHUP.  Writes the URL to standard output.  Returns the process's
 * exit status. */
int preview(const char *path, const struct service *service,
	const struct preview_how *how);

#endif
