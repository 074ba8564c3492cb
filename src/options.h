/* The options of a command line. */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <sys/types.h>

#include "fcgi/listener.h"
#include "fcgi/server.h"
#include "http/site.h"
#include "pack/packoptions.h"

enum {
	OPTIONS_INDEXES = 16,
	OPTIONS_FIELDS = 64,
};

enum command {
	COMMAND_SERVE,
	COMMAND_PACK,
	COMMAND_CHECK,
	COMMAND_LIST,
	COMMAND_CAT,
	COMMAND_EXPLAIN,
	COMMAND_PREVIEW,
	COMMAND_HELP,
	COMMAND_VERSION,
	COMMANDS
};

/* The options read; text is lent by the argument vector. */
struct options {
	enum command command;
	enum command topic; /* of COMMAND_HELP; COMMANDS: all */
	bool cgi;           /* answer the CGI request in the environment */

	const char *listen[LISTENERS_MAX];
	int nlisten;
	mode_t mode;
	bool allow_remote;

	const char *root, *suffix, *mime_types, *log_errors, *user;
	struct str index[OPTIONS_INDEXES];
	size_t nindex;
	const char *names; /* a character set; NULL: CP437 */
	bool no_listing;
	bool no_clean_urls;
	bool dotfiles;
	const char *charset; /* NULL: none */
	bool no_charset;
	int64_t max_age;                    /* as in struct site */
	bool immutable, untrusted, scripts; /* scripts: as in struct site */
	bool sendfile;

	bool status;
	const char *access_log; /* NULL: none */
	int slow_ms;            /* -1: not given */
	bool check;             /* only check what the other options need */

	int revalidate_ms;
	size_t max_archives; /* 0: as many as limits allow */
	uint64_t max_memory;
	struct server_limits limits;

	const char *output;       /* of COMMAND_PACK; NULL: not given */
	struct pack_options pack; /* threads and quiet are not set here */

	int port; /* as in struct preview_how, and open, too */
	bool open;

	const char *fields[OPTIONS_FIELDS]; /* of -H: "Name: value" */
	int nfields;
	bool json;   /* of COMMAND_CHECK, COMMAND_LIST and COMMAND_EXPLAIN */
	bool quiet;  /* of COMMAND_CHECK and COMMAND_PACK */
	bool strict; /* of COMMAND_CHECK */

	char *const *words; /* the words after the options */
	int nwords;
};

#endif
