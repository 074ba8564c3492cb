/* One table holds all options: what is read, and what `wwz help` says. */

#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

enum {
	ON_SERVE = 1 << COMMAND_SERVE,
	ON_EXPLAIN = 1 << COMMAND_EXPLAIN,
	ON_BOTH = ON_SERVE | ON_EXPLAIN,
	SECONDS_MAX = 86400,
	THREADS_MAX = 1024,
	ARCHIVES_MAX = 1000000,
	HELP_WIDTH = 78,
};

static const struct {
	const char *name, *arguments, *says;
} commands[COMMANDS] = {
	[COMMAND_SERVE] = {"serve", "[options]",
		"answer FastCGI requests; or one CGI request, when started as "
		"CGI"},
	[COMMAND_EXPLAIN] = {"explain", "[options] URL-PATH",
		"what would be answered, and why"},
	[COMMAND_HELP] = {"help", "[command]",
		"this text, or that of a command"},
	[COMMAND_VERSION] = {"--version", "", "the version"},
};

/* What is wrong with the value of an option; NULL when nothing is. */
typedef const char *set_option(struct options *options, const char *value);

static const char *
set_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	static _Thread_local char why[80];

	if (str_number(str_of(text), high, number) && *number >= low)
		return NULL;
	snprintf(why, sizeof(why), "a number from %llu to %llu is wanted",
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
set_size(const char *text, size_t *size)
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
	if (!str_number(digits, SIZE_MAX >> shift, &n))
		return "a number of bytes is wanted, with K, M or G behind it "
		       "if you like";
	*size = (size_t)n << shift;
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
		return "an octal mode such as 0660 is wanted";
	o->mode = (mode_t)strtoul(value, NULL, 8);
	return NULL;
}

static const char *
set_allow_remote(struct options *o, const char *value)
{
	(void)value;
	o->allow_remote = true;
	return NULL;
}

static const char *
set_root(struct options *o, const char *value)
{
	o->root = value;
	return NULL;
}

static const char *
set_suffix(struct options *o, const char *value)
{
	if (*value == '\0' || strchr(value, '/') != NULL)
		return "the end of a file's name is wanted, such as .wwz";
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
			return "names of files are wanted, with commas between";
		if (o->nindex == OPTIONS_INDEXES)
			return "too many names";
		o->index[o->nindex++] = name;
	}
	return NULL;
}

static const char *
set_no_listing(struct options *o, const char *value)
{
	(void)value;
	o->no_listing = true;
	return NULL;
}

static const char *
set_max_age(struct options *o, const char *value)
{
	uint64_t n;
	const char *why = set_number(value, 0, INT32_MAX, &n);

	if (why == NULL)
		o->max_age = (int64_t)n;
	return why;
}

static const char *
set_immutable(struct options *o, const char *value)
{
	(void)value;
	o->immutable = true;
	return NULL;
}

static const char *
set_untrusted(struct options *o, const char *value)
{
	(void)value;
	o->untrusted = true;
	return NULL;
}

static const char *
set_mime_types(struct options *o, const char *value)
{
	o->mime_types = value;
	return NULL;
}

static const char *
set_sendfile(struct options *o, const char *value)
{
	if (strcmp(value, "lighttpd") != 0)
		return "lighttpd is the only front end that has this";
	o->sendfile = true;
	return NULL;
}

static const char *
set_user(struct options *o, const char *value)
{
	o->user = value;
	return NULL;
}

static const char *
set_threads(struct options *o, const char *value)
{
	return set_int(value, 1, THREADS_MAX, &o->limits.threads);
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
	return "error, warn, info or debug is wanted";
}

static const char *
set_field(struct options *o, const char *value)
{
	const char *colon = strchr(value, ':');

	if (colon == NULL || colon == value)
		return "'Name: value' is wanted";
	if (o->nfields == OPTIONS_FIELDS)
		return "too many header fields";
	o->fields[o->nfields++] = value;
	return NULL;
}

static const struct spec {
	const char *name;
	int letter;           /* 0: none */
	const char *argument; /* NULL: none */
	unsigned on;          /* commands that have it */
	set_option *set;
	const char *says;
} specs[] = {
	{"listen", 'l', "ADDRESS", ON_SERVE, set_listen,
		"unix:PATH or HOST:PORT; several times if you like (default: "
		"systemd's sockets, else descriptor 0)"},
	{"mode", 0, "MODE", ON_SERVE, set_mode,
		"of a Unix socket (default: 0660)"},
	{"allow-remote", 0, NULL, ON_SERVE, set_allow_remote,
		"listen on an address that other machines reach"},
	{"root", 'r', "DIR", ON_BOTH, set_root,
		"serve archives below DIR only (default: the request's "
		"DOCUMENT_ROOT)"},
	{"suffix", 0, "TEXT", ON_BOTH, set_suffix,
		"the end of an archive's name (default: .wwz)"},
	{"index", 0, "NAMES", ON_BOTH, set_index,
		"index files of a directory, with commas between (default: "
		"index.html)"},
	{"no-listing", 0, NULL, ON_BOTH, set_no_listing,
		"show no listings, and do not hand out archives whole: 403"},
	{"max-age", 0, "SECONDS", ON_BOTH, set_max_age,
		"browsers may use a member for so long without asking again"},
	{"immutable", 0, NULL, ON_BOTH, set_immutable,
		"tell browsers that a member never changes whose name holds a "
		"hash, as in app.3f2a9c1b.js; for a year, unless --max-age "
		"says otherwise"},
	{"untrusted", 0, NULL, ON_BOTH, set_untrusted,
		"pages of archives get no rights of the site: "
		"Content-Security-Policy: sandbox"},
	{"mime-types", 0, "FILE", ON_BOTH, set_mime_types,
		"more media types, in the format of /etc/mime.types"},
	{"sendfile", 0, "lighttpd", ON_BOTH, set_sendfile,
		"let lighttpd send stored members of 64 KiB and more from the "
		"archive by itself (X-Sendfile2)"},
	{"user", 'u', "NAME", ON_SERVE, set_user,
		"become this user when the sockets are open"},
	{"threads", 't', "N", ON_SERVE, set_threads,
		"that answer requests (default: one a processor, at least 2)"},
	{"max-archives", 0, "N", ON_SERVE, set_max_archives,
		"archives kept open (default: 1000)"},
	{"max-memory", 0, "SIZE", ON_SERVE, set_max_memory,
		"of their indexes (default: 256M)"},
	{"timeout", 0, "SECONDS", ON_SERVE, set_timeout,
		"for a request to come, or a peer to read (default: 60)"},
	{"grace", 0, "SECONDS", ON_SERVE, set_grace,
		"for responses under way when it stops (default: 10)"},
	{"log-level", 0, "LEVEL", ON_BOTH, set_log_level,
		"error, warn, info or debug (default: info)"},
	{"header", 'H', "FIELD", ON_EXPLAIN, set_field,
		"a field of the request, as 'Name: value'"},
};

enum { NSPECS = sizeof(specs) / sizeof(specs[0]) };

static int refuse(struct options_fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int
refuse(struct options_fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return -1;
}

static enum command
command_named(const char *name)
{
	int i = 0;

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return COMMAND_HELP;
	while (i < COMMANDS && strcmp(commands[i].name, name) != 0)
		i++;
	return (enum command)i;
}

/* The tables that getopt_long reads, for one command. */
struct tables {
	struct option options[NSPECS + 1];
	char letters[2 * NSPECS + 2];
};

static void
fill_tables(struct tables *tables, enum command command)
{
	struct option *option = tables->options;
	char *letter = tables->letters;

	memset(tables, 0, sizeof(*tables));
	*letter++ = ':';
	for (int i = 0; i < NSPECS; i++) {
		if ((specs[i].on & 1u << command) == 0)
			continue;
		*option++ = (struct option){specs[i].name,
			specs[i].argument ? required_argument : no_argument,
			NULL, 256 + i};
		if (specs[i].letter == 0)
			continue;
		*letter++ = (char)specs[i].letter;
		if (specs[i].argument != NULL)
			*letter++ = ':';
	}
}

static const struct spec *
spec_of(int found)
{
	if (found >= 256)
		return &specs[found - 256];
	for (int i = 0; i < NSPECS; i++) {
		if (specs[i].letter == found)
			return &specs[i];
	}
	return NULL;
}

/* A letter within a word is named by itself, else the word is. */
static int
refuse_option(const struct options *options, struct options_fault *fault,
	char *const *argv, int found)
{
	char letter[] = {'-', (char)optopt, '\0'};
	const char *word =
		optopt > 0 && optopt < 256 ? letter : argv[optind - 1];

	if (found == ':')
		return refuse(fault, "%s wants a value", word);
	return refuse(fault, "unknown option %s, see wwz help %s", word,
		commands[options->command].name);
}

static int
take_options(struct options *options, int argc, char *const *argv,
	struct options_fault *fault)
{
	struct tables tables;
	int found;

	fill_tables(&tables, options->command);
	opterr = 0;
	optind = 1;
	while ((found = getopt_long(argc, argv, tables.letters, tables.options,
			NULL)) != -1) {
		const struct spec *spec = spec_of(found);
		const char *why;

		if (found == ':' || found == '?')
			return refuse_option(options, fault, argv, found);
		why = spec->set(options, optarg);
		if (why != NULL)
			return refuse(fault, "--%s%s%s: %s", spec->name,
				optarg ? " " : "", optarg ? optarg : "", why);
	}
	return optind;
}

static void
set_defaults(struct options *options)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct options){
		.topic = COMMANDS,
		.mode = 0660,
		.suffix = ".wwz",
		.index = {{"index.html", 10}},
		.nindex = 1,
		.max_age = -1,
		.max_archives = 1000,
		.max_memory = (size_t)256 << 20,
		.limits = {.threads = processors > 2 ? (int)processors : 2,
			.timeout_seconds = 60,
			.grace_seconds = 10},
	};
}

/* The words behind the options. */
static int
take_rest(struct options *options, int n, char *const *words,
	struct options_fault *fault)
{
	int wanted = options->command == COMMAND_EXPLAIN ? 1 : 0;

	if (options->command == COMMAND_HELP && n == 1) {
		options->topic = command_named(words[0]);
		if (options->topic != COMMANDS)
			return 0;
		return refuse(
			fault, "unknown command %s, see wwz help", words[0]);
	}
	if (options->command == COMMAND_HELP)
		wanted = n > 1 ? 1 : 0;
	if (n > wanted)
		return refuse(fault, "%s is too much, see wwz help %s",
			words[wanted], commands[options->command].name);
	if (n < wanted)
		return refuse(fault, "a URL's path is wanted, see wwz help %s",
			commands[options->command].name);
	options->path = n > 0 ? words[0] : NULL;
	return 0;
}

int
options_read(struct options *options, int argc, char *const *argv,
	struct options_fault *fault)
{
	int at;

	set_defaults(options);
	if (argc > 1) {
		options->command = command_named(argv[1]);
		if (options->command == COMMANDS && argv[1][0] != '-')
			return refuse(fault, "unknown command %s, see wwz help",
				argv[1]);
	}
	/* Options right behind the name are those of serve. */
	if (argc > 1 && options->command != COMMANDS) {
		argc--;
		argv++;
	} else {
		options->command = COMMAND_SERVE;
	}
	at = take_options(options, argc, argv, fault);
	if (at < 0)
		return -1;
	return take_rest(options, argc - at, argv + at, fault);
}

/* Write text in lines of at most HELP_WIDTH columns, indented. */
static void
print_wrapped(const char *text, int indent, FILE *file)
{
	struct str rest = str_of(text);
	size_t column = 0;

	while (rest.n > 0) {
		struct str word = str_cut(&rest, ' ');

		if (column > 0 && column + 1 + word.n > HELP_WIDTH) {
			fputc('\n', file);
			column = 0;
		}
		fprintf(file, "%*s%.*s", column ? 1 : indent, "",
			STR_ARG(word));
		column += (column ? 1 : (size_t)indent) + word.n;
	}
	fputc('\n', file);
}

static void
print_command(enum command command, FILE *file)
{
	fprintf(file, "wwz %s%s%s\n", commands[command].name,
		*commands[command].arguments ? " " : "",
		commands[command].arguments);
	print_wrapped(commands[command].says, 4, file);
}

static void
print_option(const struct spec *s, FILE *file)
{
	const char *space = s->argument ? " " : "";
	const char *argument = s->argument ? s->argument : "";

	fprintf(file, "\n  --%s%s%s", s->name, space, argument);
	if (s->letter != 0)
		fprintf(file, ", -%c%s%s", s->letter, space, argument);
	fputc('\n', file);
	print_wrapped(s->says, 6, file);
}

void
options_help(enum command topic, FILE *file)
{
	if (topic != COMMANDS) {
		print_command(topic, file);
		for (int i = 0; i < NSPECS; i++) {
			if ((specs[i].on & 1u << topic) != 0)
				print_option(&specs[i], file);
		}
		return;
	}
	fputs("wwz shows zip files, named *.wwz, as directories of a web "
	      "site.\n\n",
		file);
	for (int i = 0; i < COMMANDS; i++)
		print_command((enum command)i, file);
	fputs("\nwwz help COMMAND lists its options; without a command, wwz "
	      "serves.\n",
		file);
}
