#include "optiontable.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "http/encoding.h"
#include "pack/precompress.h"

enum {
	ON_SERVE = 1 << COMMAND_SERVE,
	ON_PACK = 1 << COMMAND_PACK,
	ON_CHECK = 1 << COMMAND_CHECK,
	ON_LIST = 1 << COMMAND_LIST,
	ON_CAT = 1 << COMMAND_CAT,
	ON_EXPLAIN = 1 << COMMAND_EXPLAIN,
	ON_PREVIEW = 1 << COMMAND_PREVIEW,
	ON_BOTH = ON_SERVE | ON_EXPLAIN,
	ON_ALL = ON_BOTH | ON_PREVIEW, /* all that call serve() */
	SECONDS_MAX = 86400,
	THREADS_MAX = 1024,
	ARCHIVES_MAX = 1000000,
};

const struct command_spec command_specs[COMMANDS] = {
	[COMMAND_SERVE] = {"serve", "[options]",
		"answer FastCGI requests; when started as a CGI program, answer one CGI request, with the options in WWZ_OPTIONS",
		0, 0, ""},
	[COMMAND_PACK] = {"pack", "[options] DIR [FILE.wwz]",
		"put the files below DIR into an archive that is good to serve; - as FILE.wwz is standard output, and as DIR the files that standard input lists",
		1, 2, "a directory"},
	[COMMAND_CHECK] = {"check", "[options] FILE.wwz...",
		"say what is wrong with archives, and what could be better", 1,
		INT_MAX, "an archive"},
	[COMMAND_LIST] = {"list", "[options] FILE.wwz",
		"list the members of an archive as the server sees them: size, codings, name, and why one is not sent",
		1, 1, "an archive"},
	[COMMAND_CAT] = {"cat", "[options] FILE.wwz MEMBER...",
		"write the content of members to standard output", 2, INT_MAX,
		"an archive and a member"},
	[COMMAND_EXPLAIN] = {"explain", "[options] URL-PATH",
		"say what would be answered, and why", 1, 1, "a URL's path"},
	[COMMAND_PREVIEW] = {"preview", "[options] DIR|FILE.wwz",
		"show a site in a browser on this machine, without a web server, while you make it",
		1, 1, "a directory or an archive"},
	[COMMAND_HELP] = {"help", "[command]",
		"show this text, or the options of a command", 0, 1, ""},
	[COMMAND_VERSION] = {"version", "", "show the version", 0, 0, ""},
};

static const char *
set_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	static _Thread_local char why[80];

	if (str_number(str_of(text), high, number) && *number >= low)
		return NULL;
	snprintf(why, sizeof(why), "expected a number from %llu to %llu",
		(unsigned long long)low, (unsigned long long)high);
	return why;
}

static const char *
set_int(const char *text, int low, int high, int *number)
{
	uint64_t n;
	const char *why = set_number(text, (uint64_t)low, (uint64_t)high, &n);

	if (why == NULL)
		*number = (int)n;
	return why;
}

static const char *
set_size(const char *text, uint64_t *size)
{
	static const struct {
		char letter;
		int shift;
	} unit[] = {{'K', 10}, {'M', 20}, {'G', 30}};
	struct str digits = str_of(text);
	uint64_t n;
	int shift = 0;

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		if (digits.n > 1 && digits.p[digits.n - 1] == unit[i].letter) {
			digits.n--;
			shift = unit[i].shift;
			break;
		}
	}
	if (!str_number(digits, UINT64_MAX >> shift, &n))
		return "expected a number of bytes, optionally followed by K, M or G";
	*size = n << shift;
	return NULL;
}

static const char *
set_listen(struct options *o, const char *value)
{
	if (o->nlisten == LISTENERS_MAX)
		return "too many sockets";
	o->listen[o->nlisten++] = value;
	return NULL;
}

static const char *
set_mode(struct options *o, const char *value)
{
	size_t n = strlen(value);

	if (n < 1 || n > 4 || strspn(value, "01234567") != n ||
		(n == 4 && *value != '0'))
		return "expected an octal mode such as 0660";
	o->mode = (mode_t)strtoul(value, NULL, 8);
	return NULL;
}

static const char *
set_suffix(struct options *o, const char *value)
{
	struct str suffixes = str_of(value);

	while (suffixes.p != NULL) {
		if (str_cut(&suffixes, ',').n == 0 ||
			strchr(value, '/') != NULL)
			return "expected ends of file names, such as .wwz, separated by commas";
	}
	o->suffix = value;
	return NULL;
}

static const char *
set_index(struct options *o, const char *value)
{
	struct str names = str_of(value);

	o->nindex = 0;
	while (names.p != NULL) {
		struct str name = str_cut(&names, ',');

		if (name.n == 0 || memchr(name.p, '/', name.n) != NULL)
			return "expected file names separated by commas";
		if (o->nindex == OPTIONS_INDEXES)
			return "too many names";
		o->index[o->nindex++] = name;
	}
	return NULL;
}

static const char *
set_max_age(struct options *o, const char *value)
{
	uint64_t n;

	if (strcmp(value, "none") == 0) {
		o->max_age = SITE_NO_FIELD;
		return NULL;
	}
	if (!str_number(str_of(value), INT32_MAX, &n))
		return "expected a number of seconds up to 2147483647, or none";
	o->max_age = (int64_t)n;
	return NULL;
}

static const char *
set_charset(struct options *o, const char *value)
{
	const char *const bytes = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.:_";

	if (*value == '\0' || value[strspn(value, bytes)] != '\0')
		return "expected the name of a charset, such as windows-1252, or none";
	o->no_charset = strcmp(value, "none") == 0;
	o->charset = o->no_charset ? NULL : value;
	return NULL;
}

static const char *
set_untrusted(struct options *o, const char *value)
{
	if (value != NULL && strcmp(value, "scripts") != 0)
		return "expected scripts, or no value";
	o->untrusted = true;
	o->scripts = value != NULL;
	return NULL;
}

static const char *
set_sendfile(struct options *o, const char *value)
{
	if (strcmp(value, "lighttpd") != 0)
		return "expected lighttpd, the only server that supports this";
	o->sendfile = true;
	return NULL;
}

static const char *
set_threads(struct options *o, const char *value)
{
	return set_int(value, 1, THREADS_MAX, &o->limits.threads);
}

static const char *
set_io_threads(struct options *o, const char *value)
{
	return set_int(value, 1, THREADS_MAX, &o->limits.io_threads);
}

static const char *
set_revalidate(struct options *o, const char *value)
{
	return set_int(value, 0, SECONDS_MAX * 1000, &o->revalidate_ms);
}

static const char *
set_storage_timeout(struct options *o, const char *value)
{
	return set_int(value, 1, SECONDS_MAX, &o->limits.storage_seconds);
}

static const char *
set_timeout(struct options *o, const char *value)
{
	return set_int(value, 1, SECONDS_MAX, &o->limits.timeout_seconds);
}

static const char *
set_grace(struct options *o, const char *value)
{
	return set_int(value, 0, SECONDS_MAX, &o->limits.grace_seconds);
}

static const char *
set_max_archives(struct options *o, const char *value)
{
	uint64_t n;
	const char *why = set_number(value, 1, ARCHIVES_MAX, &n);

	if (why == NULL)
		o->max_archives = (size_t)n;
	return why;
}

static const char *
set_max_memory(struct options *o, const char *value)
{
	return set_size(value, &o->max_memory);
}

static const char *
set_log_level(struct options *o, const char *value)
{
	(void)o;
	for (int i = 0; i < LOG_LEVELS; i++) {
		if (strcmp(value, log_names[i]) == 0) {
			log_limit = (enum log_level)i;
			return NULL;
		}
	}
	return "expected error, warn or info";
}

static const char *
set_access_log(struct options *o, const char *value)
{
	if (*value == '\0')
		return "expected a file, or - for standard output";
	o->access_log = value;
	return NULL;
}

static const char *
set_slow(struct options *o, const char *value)
{
	return set_int(value, 0, SECONDS_MAX * 1000, &o->slow_ms);
}

static const char *
set_seekable(struct options *o, const char *value)
{
	if (strcmp(value, "none") == 0)
		o->pack.seekable = UINT64_MAX;
	else if (strcmp(value, "all") == 0)
		o->pack.seekable = 0;
	else
		return set_size(value, &o->pack.seekable);
	return NULL;
}

static const char *
set_precompress(struct options *o, const char *value)
{
	struct str names = str_of(value);

	memset(o->pack.coded, 0, sizeof(o->pack.coded));
	while (names.p != NULL) {
		struct str name = str_cut(&names, ',');
		enum coding coding = str_eq(name, STR("br")) ? CODING_BR
			: str_eq(name, STR("zstd"))          ? CODING_ZSTD
							     : CODINGS;

		if (coding == CODINGS)
			return "expected br, zstd, or both separated by a comma";
		if (!precompress_has(coding))
			return "this wwz was built without the library for that";
		o->pack.coded[coding] = true;
	}
	return NULL;
}

static const char *
add_exclude(struct options *o, const char *value, bool file)
{
	if (o->pack.nexclude == PACK_EXCLUDES)
		return "too many";
	o->pack.exclude[o->pack.nexclude++] =
		(struct pack_exclude){value, file};
	return NULL;
}

static const char *
set_exclude(struct options *o, const char *value)
{
	return add_exclude(o, value, false);
}

static const char *
set_exclude_from(struct options *o, const char *value)
{
	return add_exclude(o, value, true);
}

static const char *
set_port(struct options *o, const char *value)
{
	return set_int(value, 0, UINT16_MAX, &o->port);
}

static const char *
set_field(struct options *o, const char *value)
{
	const char *colon = strchr(value, ':');

	if (colon == NULL || colon == value)
		return "expected 'Name: value'";
	if (o->nfields == OPTIONS_FIELDS)
		return "too many header fields";
	o->fields[o->nfields++] = value;
	return NULL;
}

/* A flag, or a text without further rules, goes to a member of struct options;
 * all else has a function. */
#define AT(member)   NULL, offsetof(struct options, member)
#define BY(function) function, 0

const struct option_spec option_specs[] = {
	{"listen", 'l', "ADDRESS", ON_SERVE, BY(set_listen),
		"listen on unix:PATH or HOST:PORT; may be given several times (default: systemd's sockets, else descriptor 0)"},
	{"mode", 0, "MODE", ON_SERVE, BY(set_mode),
		"the mode of a Unix socket (default: 0660)"},
	{"allow-remote", 0, NULL, ON_SERVE, AT(allow_remote),
		"allow --listen on an address that other machines can reach"},
	{"root", 'r', "DIR", ON_BOTH, AT(root),
		"serve only archives below DIR (default: the request's DOCUMENT_ROOT)"},
	{"suffix", 0, "TEXTS", ON_BOTH, BY(set_suffix),
		"the ends of archives' names, separated by commas (default: .wwz)"},
	{"index", 0, "NAMES", ON_ALL, BY(set_index),
		"the index files of a directory, separated by commas (default: index.html)"},
	{"names", 0, "CHARSET", ON_ALL | ON_CHECK | ON_LIST | ON_CAT, AT(names),
		"the character set of names that are neither marked as UTF-8 nor valid UTF-8, as iconv calls it (default: CP437)"},
	{"no-listing", 0, NULL, ON_ALL, AT(no_listing),
		"answer 403 to requests for listings and for whole archives"},
	{"no-clean-urls", 0, NULL, ON_ALL, AT(no_clean_urls),
		"do not answer a request for a missing NAME with the member NAME.html"},
	{"dotfiles", 0, NULL, ON_ALL | ON_LIST, AT(dotfiles),
		"show members that nobody may have meant to publish, too: names that begin with a dot, __MACOSX, Thumbs.db (default: 404)"},
	{"max-age", 0, "SECONDS", ON_ALL, BY(set_max_age),
		"how long browsers may use a member without asking again, or none to send no Cache-Control (default: no-cache)"},
	{"immutable", 0, NULL, ON_ALL, AT(immutable),
		"tell browsers that a member whose name holds a hash, as in app.3f2a9c1b.js, never changes; they may use it for a year, unless --max-age says otherwise"},
	{"untrusted", 0, "[=scripts]", ON_ALL, BY(set_untrusted),
		"send Content-Security-Policy: sandbox with pages of archives, so that they get no rights of the site, and do not read their _redirects and _headers; with =scripts they may run scripts, without these rights"},
	{"mime-types", 0, "FILE", ON_ALL, AT(mime_types),
		"read more media types from FILE, in the format of /etc/mime.types"},
	{"log-errors", 0, "FILE", ON_ALL, AT(log_errors),
		"lines of logs that match one of the regular expressions in FILE, one a line, are errors, too"},
	{"charset", 0, "NAME|none", ON_ALL, BY(set_charset),
		"the charset of text that is not UTF-8 and names no charset itself (default: not sent); none sends no charset at all, not utf-8 either"},
	{"sendfile", 0, "lighttpd", ON_BOTH, BY(set_sendfile),
		"let lighttpd itself send stored members of 64 KiB and more from the archive (X-Sendfile2)"},
	{"user", 'u', "NAME", ON_SERVE, AT(user),
		"run as this user once the sockets are open"},
	{"threads", 't', "N", ON_SERVE, BY(set_threads),
		"how many threads answer requests (default: one a processor, at least 2)"},
	{"io-threads", 0, "N", ON_SERVE, BY(set_io_threads),
		"how many threads may wait for storage beside these (default: 128)"},
	{"max-archives", 0, "N", ON_SERVE, BY(set_max_archives),
		"how many archives are kept open (default: as many as descriptors and memory allow, at most 32,000)"},
	{"max-memory", 0, "SIZE", ON_SERVE, BY(set_max_memory),
		"the memory for indexes of archives, inflated members that are kept, and responses under way (default: 256M)"},
	{"timeout", 0, "SECONDS", ON_SERVE, BY(set_timeout),
		"how long to wait for the next byte of a request to come, or of an answer to be taken (default: 60)"},
	{"revalidate", 0, "MS", ON_BOTH, BY(set_revalidate),
		"how long an archive is served without looking whether it was replaced (default: 0)"},
	{"storage-timeout", 0, "SECONDS", ON_SERVE, BY(set_storage_timeout),
		"how long to wait for storage before the answer is 503, or is cut (default: 30)"},
	{"grace", 0, "SECONDS", ON_SERVE, BY(set_grace),
		"how long to wait for responses under way when wwz stops (default: 10)"},
	{"log-level", 0, "LEVEL", ON_ALL, BY(set_log_level),
		"error, warn or info (default: info)"},
	{"access-log", 0, "FILE", ON_SERVE, BY(set_access_log),
		"write a line for each request, in the combined format and more; - is standard output; HUP opens FILE again"},
	{"slow", 0, "MS", ON_SERVE, BY(set_slow),
		"log requests that take longer, without waiting for the peer, and where the time went"},
	{"status", 0, NULL, ON_SERVE, AT(status),
		"show counters at -wwz-status below any archive; the page names archives and requests"},
	{"check", 0, NULL, ON_SERVE, AT(check),
		"do not serve; say whether and how wwz could serve with these options, and exit with 0 or 2"},
	{"output", 'o', "FILE", ON_PACK, AT(output),
		"write FILE, which may stand behind DIR as well (default: DIR.wwz)"},
	{"seekable", 0, "SIZE", ON_PACK, BY(set_seekable),
		"deflate files larger than SIZE with a SOZip index, so that readers can begin in their middle; SIZE may be all or none (default: 1M)"},
	{"precompress", 0, "CODINGS", ON_PACK, BY(set_precompress),
		"br, zstd, or both separated by a comma: add coded forms beside members where they save 5 % over deflate"},
	{"fresh", 0, NULL, ON_PACK, AT(pack.fresh),
		"pack everything anew, even if FILE has it unchanged"},
	{"checksum", 'c', NULL, ON_PACK, AT(pack.checksum),
		"compare contents, not times, to find what FILE has unchanged (default: names, times and sizes)"},
	{"exclude", 0, "PATTERN", ON_PACK | ON_PREVIEW, BY(set_exclude),
		"leave out what matches PATTERN, in the syntax of .gitignore; may be given several times"},
	{"exclude-from", 0, "FILE", ON_PACK, BY(set_exclude_from),
		"leave out what matches a line of FILE, which may be a .gitignore; may be given several times; - is standard input"},
	{"exclude-vcs", 0, NULL, ON_PACK | ON_PREVIEW, AT(pack.exclude_vcs),
		"leave out what version control systems keep beside the files, such as .git and .gitignore"},
	{"files-from", 0, "FILE", ON_PACK, AT(pack.files_from),
		"pack only the files that FILE lists, relative to DIR, ended by newlines or NULs; - is standard input"},
	{"dry-run", 'n', NULL, ON_PACK, AT(pack.dry_run),
		"only print the names of the files that would be packed"},
	{"threads", 't', "N", ON_PACK, BY(set_threads),
		"how many threads compress (default: one a processor, at least 2)"},
	{"verbose", 'v', NULL, ON_PACK, AT(pack.verbose),
		"print the name of each member that is packed, and what became of it"},
	{"header", 'H', "FIELD", ON_EXPLAIN, BY(set_field),
		"a header field of the request, as 'Name: value'; may be given several times"},
	{"json", 0, NULL, ON_CHECK | ON_LIST | ON_EXPLAIN, AT(json),
		"print one JSON object a line instead of text"},
	{"port", 0, "N", ON_PREVIEW, BY(set_port),
		"listen on port N of 127.0.0.1; 0 is any that is free (default: the first free one from 8000 to 8099)"},
	{"open", 0, NULL, ON_PREVIEW, AT(open),
		"show the site in the desktop's browser (xdg-open)"},
	{"strict", 0, NULL, ON_CHECK, AT(strict),
		"exit with 1 for advice, too"},
	{"quiet", 'q', NULL, ON_PACK | ON_CHECK, AT(quiet),
		"print no summary, and no progress on a terminal"},
	{.name = NULL},
};
