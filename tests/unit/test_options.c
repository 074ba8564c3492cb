/* options: the command line. */

#include <getopt.h>
#include <inttypes.h>

#include "base/log.h"
#include "commandline.h"
#include "http/encoding.h"
#include "unit.h"

enum { WORDS = 8 };

/* commandline_read, for words up to a NULL, as in a process of its own: getopt
 * remembers what it has seen. */
static int
read_words(
	struct options *options, const char *const *words, struct fault *fault)
{
	static char *argv[WORDS + 2]; /* options lends the words from it */
	char *nothing[] = {"wwz", NULL};
	int argc = 1, result;

	argv[0] = nothing[0];
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	argv[argc] = NULL;
	optind = 0;
	assert_int_equal(getopt(1, nothing, ""), -1);
	log_limit = LOG_INFO;
	memset(fault, 0, sizeof(*fault));
	result = commandline_read(options, argc, argv, fault);
	return result;
}

static void
test_defaults(void **state)
{
	static const char *const none[] = {NULL};
	struct options o;
	struct fault fault;

	(void)state;
	assert_int_equal(read_words(&o, none, &fault), 0);
	assert_int_equal(o.command, COMMAND_SERVE);
	assert_int_equal(o.nlisten, 0);
	assert_int_equal(o.mode, 0660);
	assert_false(o.allow_remote);
	assert_null(o.root);
	assert_string_equal(o.suffix, ".wwz");
	assert_null(o.mime_types);
	assert_int_equal(o.nindex, 1);
	assert_true(str_eq(o.index[0], STR("index.html")));
	assert_false(o.no_listing);
	assert_int_equal(o.max_archives, 0);
	assert_true(o.max_memory >= 1 << 20);
	assert_true(o.limits.threads >= 2);
	assert_true(o.limits.timeout_seconds > 0);
	assert_true(o.limits.grace_seconds > 0);
	assert_false(o.status);
	assert_null(o.access_log);
	assert_int_equal(o.slow_ms, -1);
	assert_false(o.check);
	assert_int_equal(o.nfields, 0);
	assert_int_equal(o.nwords, 0);
	assert_int_equal(log_limit, LOG_INFO);
}

/* The options that differ from the defaults, in words. */
static struct str
describe(struct arena *arena, const struct options *o)
{
	static const char *const none[] = {NULL};
	static const char *const commands[] = {"serve", "pack", "check", "list",
		"cat", "explain", "preview", "help", "version", "all"};
	struct text text = {.arena = arena};
	struct fault fault;
	struct options d;
	enum log_level level = log_limit;

	assert_int_equal(read_words(&d, none, &fault), 0);
	text_printf(&text, "%s", commands[o->command]);
	if (o->topic != COMMANDS)
		text_printf(&text, " topic=%s", commands[o->topic]);
	for (int i = 0; i < o->nlisten; i++)
		text_printf(&text, " listen=%s", o->listen[i]);
	if (o->mode != d.mode)
		text_printf(&text, " mode=%o", o->mode);
	if (o->allow_remote)
		text_printf(&text, " allow-remote");
	if (o->root != NULL)
		text_printf(&text, " root=%s", o->root);
	if (strcmp(o->suffix, d.suffix) != 0)
		text_printf(&text, " suffix=%s", o->suffix);
	if (o->nindex != 1 || !str_eq(o->index[0], d.index[0])) {
		text_printf(&text, " index");
		for (size_t i = 0; i < o->nindex; i++)
			text_printf(&text, "=%.*s", STR_ARG(o->index[i]));
	}
	if (o->no_listing)
		text_printf(&text, " no-listing");
	if (o->no_clean_urls)
		text_printf(&text, " no-clean-urls");
	if (o->dotfiles)
		text_printf(&text, " dotfiles");
	if (o->untrusted)
		text_printf(&text, " untrusted");
	if (o->scripts)
		text_printf(&text, " scripts");
	if (o->mime_types != NULL)
		text_printf(&text, " mime-types=%s", o->mime_types);
	if (o->log_errors != NULL)
		text_printf(&text, " log-errors=%s", o->log_errors);
	if (o->limits.threads != d.limits.threads)
		text_printf(&text, " threads=%d", o->limits.threads);
	if (o->max_archives != d.max_archives)
		text_printf(&text, " max-archives=%zu", o->max_archives);
	if (o->max_memory != d.max_memory)
		text_printf(&text, " max-memory=%" PRIu64, o->max_memory);
	if (o->revalidate_ms != d.revalidate_ms)
		text_printf(&text, " revalidate=%d", o->revalidate_ms);
	if (o->limits.io_threads != d.limits.io_threads)
		text_printf(&text, " io=%d", o->limits.io_threads);
	if (o->limits.storage_seconds != d.limits.storage_seconds)
		text_printf(&text, " storage=%d", o->limits.storage_seconds);
	if (o->limits.timeout_seconds != d.limits.timeout_seconds)
		text_printf(&text, " timeout=%d", o->limits.timeout_seconds);
	if (o->limits.grace_seconds != d.limits.grace_seconds)
		text_printf(&text, " grace=%d", o->limits.grace_seconds);
	if (o->access_log != NULL)
		text_printf(&text, " access-log=%s", o->access_log);
	if (o->slow_ms != d.slow_ms)
		text_printf(&text, " slow=%d", o->slow_ms);
	if (o->status)
		text_printf(&text, " status");
	if (o->check)
		text_printf(&text, " check");
	if (level != LOG_INFO)
		text_printf(&text, " log-level=%s", log_names[level]);
	if (o->pack.seekable != d.pack.seekable)
		text_printf(&text, " seekable=%llu",
			(unsigned long long)o->pack.seekable);
	for (int i = 0; i < CODINGS; i++) {
		if (o->pack.coded[i])
			text_printf(&text, " coded=%s", encoding_names[i].p);
	}
	if (o->output != NULL)
		text_printf(&text, " output=%s", o->output);
	if (o->pack.verbose)
		text_printf(&text, " verbose");
	if (o->pack.fresh)
		text_printf(&text, " fresh");
	if (o->pack.checksum)
		text_printf(&text, " checksum");
	if (o->strict)
		text_printf(&text, " strict");
	if (o->json)
		text_printf(&text, " json");
	if (o->quiet)
		text_printf(&text, " quiet");
	if (o->port != d.port)
		text_printf(&text, " port=%d", o->port);
	if (o->open)
		text_printf(&text, " open");
	for (int i = 0; i < o->nfields; i++)
		text_printf(&text, " header=%s", o->fields[i]);
	for (int i = 0; i < o->nwords; i++)
		text_printf(&text, " word=%s", o->words[i]);
	return text_str(&text);
}

static void
test_words(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *want;
	} table[] = {
		{{NULL}, "serve"},
		/* Commands. */
		{{"serve"}, "serve"},
		{{"help"}, "help"},
		{{"--help"}, "help"},
		{{"-h"}, "help"},
		{{"help", "serve"}, "help topic=serve word=serve"},
		{{"help", "explain"}, "help topic=explain word=explain"},
		{{"help", "help"}, "help topic=help word=help"},
		{{"help", "--help"}, "help topic=help"},
		{{"help", "-h"}, "help topic=help"},
		{{"serve", "--help"}, "help topic=serve"},
		{{"--root", "/a", "-h"}, "help topic=serve root=/a"},
		{{"pack", "a", "b", "c", "--help"}, "help topic=pack"},
		{{"pack", "--help", "--nosuch"}, "help topic=pack"},
		{{"check", "-qh"}, "help topic=check quiet"},
		{{"explain", "--help"}, "help topic=explain"},
		{{"version", "-h"}, "help topic=version"},
		{{"version"}, "version"},
		{{"--version"}, "version"},
		{{"-V"}, "version"},
		{{"explain", "/x.wwz/a?b"}, "explain word=/x.wwz/a?b"},
		{{"pack", "a", "b"}, "pack word=a word=b"},
		{{"pack", "a"}, "pack word=a"},
		{{"pack", "-vo", "b", "a"}, "pack output=b verbose word=a"},
		{{"pack", "a", "--output=b"}, "pack output=b word=a"},
		{{"explain", "--json", "/x"}, "explain json word=/x"},
		{{"pack", "-cq", "--fresh", "-t", "7", "a", "b"},
			"pack threads=7 fresh checksum quiet word=a word=b"},
		{{"pack", "--seekable", "all", "a", "b"},
			"pack seekable=0 word=a word=b"},
		{{"pack", "--seekable=32K", "a", "b"},
			"pack seekable=32768 word=a word=b"},
		{{"pack", "--seekable=none", "a", "b"},
			"pack seekable=18446744073709551615 word=a word=b"},
		{{"list", "--json", "--dotfiles", "a"},
			"list dotfiles json word=a"},
		{{"cat", "a", "b", "c"}, "cat word=a word=b word=c"},
		{{"check", "a", "b"}, "check word=a word=b"},
		{{"check", "a", "--json", "-q"}, "check json quiet word=a"},
		{{"check", "--strict", "a"}, "check strict word=a"},
		{{"check", "--quiet", "--", "-"}, "check quiet word=-"},
		{{"explain", "--", "-r"}, "explain word=-r"},
		{{"explain", ""}, "explain word="},
		/* Names and letters, values behind and in the word. */
		{{"--root", "/a"}, "serve root=/a"},
		{{"--root=/a"}, "serve root=/a"},
		{{"-r", "/a"}, "serve root=/a"},
		{{"-r/a"}, "serve root=/a"},
		{{"serve", "--root", "/a"}, "serve root=/a"},
		{{"--root", "/a", "--root=/b"}, "serve root=/b"},
		{{"--root", "--no-listing"}, "serve root=--no-listing"},
		{{"--root=a=b"}, "serve root=a=b"},
		{{"--"}, "serve"},
		{{"explain", "--root", "/a", "/x.wwz"},
			"explain root=/a word=/x.wwz"},
		{{"explain", "/x.wwz", "--root", "/a"},
			"explain root=/a word=/x.wwz"},
		/* Each of them. */
		{{"-l", "unix:/run/a", "--listen", "[::1]:9000"},
			"serve listen=unix:/run/a listen=[::1]:9000"},
		{{"--mode", "0600"}, "serve mode=600"},
		{{"--mode", "777"}, "serve mode=777"},
		{{"--mode", "0"}, "serve mode=0"},
		{{"--allow-remote"}, "serve allow-remote"},
		{{"--suffix", ".zip"}, "serve suffix=.zip"},
		{{"--untrusted"}, "serve untrusted"},
		{{"--untrusted=scripts"}, "serve untrusted scripts"},
		{{"--untrusted=scripts", "--untrusted"}, "serve untrusted"},
		{{"--suffix", ".wwz,.zip"}, "serve suffix=.wwz,.zip"},
		{{"--index", "a.html,b.htm"}, "serve index=a.html=b.htm"},
		{{"--index", "a b"}, "serve index=a b"},
		{{"--index", "a,b", "--index", "c"}, "serve index=c"},
		{{"--index", "1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g"},
			"serve index=1=2=3=4=5=6=7=8=9=a=b=c=d=e=f=g"},
		{{"--no-listing"}, "serve no-listing"},
		{{"--no-clean-urls"}, "serve no-clean-urls"},
		{{"explain", "--dotfiles", "/x"}, "explain dotfiles word=/x"},
		{{"--mime-types", "/etc/mime.types"},
			"serve mime-types=/etc/mime.types"},
		{{"preview", "--log-errors", "e", "d"},
			"preview log-errors=e word=d"},
		{{"-t", "1"}, "serve threads=1"},
		{{"--threads", "1024"}, "serve threads=1024"},
		{{"--max-archives", "1"}, "serve max-archives=1"},
		{{"--timeout", "1"}, "serve timeout=1"},
		{{"--timeout", "86400"}, "serve timeout=86400"},
		{{"--grace", "0"}, "serve grace=0"},
		{{"--io-threads", "1"}, "serve io=1"},
		{{"--revalidate", "250"}, "serve revalidate=250"},
		{{"--storage-timeout", "5"}, "serve storage=5"},
		{{"--access-log", "-"}, "serve access-log=-"},
		{{"--access-log=/a"}, "serve access-log=/a"},
		{{"--slow", "0"}, "serve slow=0"},
		{{"--slow", "86400000"}, "serve slow=86400000"},
		{{"preview", "dir"}, "preview word=dir"},
		{{"preview", "--port", "0", "--open", "x.wwz"},
			"preview port=0 open word=x.wwz"},
		{{"preview", "dir", "--port=65535"},
			"preview port=65535 word=dir"},
		{{"--status", "--check"}, "serve status check"},
		{{"--log-level", "warn"}, "serve log-level=warn"},
		{{"--log-level", "error"}, "serve log-level=error"},
		{{"--log-level", "info"}, "serve"},
		{{"explain", "-H", "Range: bytes=0-0", "--header", "A:", "/x"},
			"explain header=Range: bytes=0-0 header=A: word=/x"},
		/* Sizes. */
		{{"--max-memory", "1"}, "serve max-memory=1"},
		{{"--max-memory", "3K"}, "serve max-memory=3072"},
		{{"--max-memory", "3M"}, "serve max-memory=3145728"},
		{{"--max-memory", "3G"}, "serve max-memory=3221225472"},
		{{"--max-memory", "18446744073709551615"},
			"serve max-memory=18446744073709551615"},
		{{"--max-memory", "18014398509481983K"},
			"serve max-memory=18446744073709550592"},
		{{"--max-memory", "17179869183G"},
			"serve max-memory=18446744072635809792"},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct options options;
		struct fault fault;
		struct str got = str_of(fault.text);

		if (read_words(&options, table[i].words, &fault) == 0)
			got = describe(&arena, &options);
		else
			got = str_of(fault.text);
		failed += differ(table[i].want, got, str_of(table[i].want));
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

/* Words that are refused, and which of them the fault names. */
static void
test_wrong_words(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *names;
	} table[] = {
		/* Commands. */
		{{"nosuch"}, "nosuch"},
		{{""}, "command"},
		{{"Serve"}, "unknown command Serve: did you mean serve?"},
		{{"srve"}, "did you mean serve?"},
		{{"servre"}, "did you mean serve?"},
		{{"severe"}, "unknown command severe, see wwz help"},
		{{"help", "pakc"}, "did you mean pack?"},
		{{"help", "nosuch"}, "nosuch"},
		{{"help", "serve", "more"}, "more"},
		{{"serve", "more"}, "more"},
		{{"serve", "more", "evenmore"}, "more "},
		{{"--root", "/a", "more"}, "more"},
		{{"-"}, "-"},
		{{"--version", "more"}, "more"},
		{{"explain"}, "path"},
		{{"pack"}, "a directory"},
		{{"pack", "a", "-o"}, "-o needs a value"},
		{{"pack", "a", "b", "c"}, "c"},
		{{"pack", "--seekable", "", "a", "b"}, "--seekable"},
		{{"pack", "--seekable", "some", "a", "b"}, "--seekable"},
		{{"pack", "--precompress", "gzip", "a", "b"}, "--precompress"},
		{{"pack", "--json", "a", "b"}, "--json"},
		{{"check"}, "archive"},
		{{"check", "--root", "/a", "a"}, "--root"},
		{{"list"}, "expected an archive"},
		{{"list", "a", "b"}, "b is one argument too many"},
		{{"cat", "a"}, "expected an archive and a member"},
		{{"serve", "--json"}, "--json"},
		{{"explain", "--root", "/a"}, "path"},
		{{"explain", "/a", "/b"}, "/b"},
		/* Options that are none, or are another command's. */
		{{"--nosuch"}, "--nosuch"},
		{{"--nosuch=a"}, "--nosuch"},
		{{"--nosuch", "a"}, "--nosuch"},
		{{"serve", "--nosuch"}, "--nosuch"},
		{{"-x"}, "-x"},
		{{"serve", "-x"}, "-x"},
		{{"serve", "-xv"}, "x"},
		{{"serve", "more", "-x"}, "-x"},
		{{"-r", "/a", "-xr", "/a"}, "x"},
		{{"-:"}, "-:"},
		{{"-?"}, "-?"},
		{{"-W", "root=/a"}, "-W"},
		{{"---root", "/a"}, "---root"},
		{{"--Root", "/a"}, "--Root: did you mean --root?"},
		{{"--tread=2"}, "unknown option --tread=2, see wwz help serve"},
		{{"--thread5=2"}, "did you mean --threads?"},
		{{"serve", "--lisetn", "a"}, "did you mean --listen?"},
		{{"explain", "--hlep"}, "did you mean --help?"},
		{{"explain", "--lisetn", "a"}, "--lisetn, see wwz help"},
		{{"--max", "1"}, "--max"},
		{{"--="}, "--="},
		{{"serve", "-H", "A: b"}, "-H"},
		{{"serve", "--header", "A: b"}, "--header"},
		{{"explain", "--listen", "a", "/x"}, "--listen"},
		{{"explain", "-l", "a", "/x"}, "-l"},
		{{"help", "--root", "/a"}, "--root"},
		/* Values missing, or not wanted. */
		{{"--root"}, "--root"},
		{{"-r"}, "-r"},
		{{"serve", "--listen"}, "--listen"},
		{{"--no-listing", "--threads"}, "--threads"},
		{{"--no-listing=yes"}, "--no-listing"},
		/* Numbers. */
		{{"--threads", "0"}, "--threads 0"},
		{{"--threads", "1025"}, "--threads 1025"},
		{{"--threads", ""}, "--threads"},
		{{"--threads="}, "--threads"},
		{{"--threads", "-1"}, "--threads -1"},
		{{"--threads", "+1"}, "--threads +1"},
		{{"--threads", " 1"}, "--threads"},
		{{"--threads", "1 "}, "--threads"},
		{{"--threads", "two"}, "--threads two"},
		{{"--threads", "2.5"}, "--threads 2.5"},
		{{"--threads", "0x2"}, "--threads 0x2"},
		{{"--threads", "4294967297"}, "--threads 4294967297"},
		{{"--threads", "18446744073709551617"}, "--threads"},
		{{"-t", "none"}, "none"},
		{{"--timeout", "0"}, "--timeout 0"},
		{{"--timeout", "86401"}, "--timeout 86401"},
		{{"--grace", "86401"}, "--grace 86401"},
		{{"--access-log", ""}, "--access-log "},
		{{"--slow", "-1"}, "--slow -1"},
		{{"--slow", "86400001"}, "--slow 86400001"},
		{{"preview", "--port", "65536", "x"}, "--port 65536"},
		{{"preview", "--root", "/", "x"}, "--root"},
		{{"preview"}, "expected a directory or an archive"},
		{{"explain", "--status", "/x"}, "unknown option --status"},
		{{"--max-archives", "0"}, "--max-archives 0"},
		{{"--max-archives", "1K"}, "--max-archives 1K"},
		/* Sizes. */
		{{"--max-memory", ""}, "--max-memory"},
		{{"--max-memory", "K"}, "--max-memory K"},
		{{"--max-memory", "1k"}, "--max-memory 1k"},
		{{"--max-memory", "1KB"}, "--max-memory 1KB"},
		{{"--max-memory", "1KK"}, "--max-memory 1KK"},
		{{"--max-memory", "1 K"}, "--max-memory 1 K"},
		{{"--max-memory", "-1"}, "--max-memory -1"},
		{{"--max-memory", "1.5G"}, "--max-memory 1.5G"},
		{{"--max-memory", "18446744073709551616"}, "--max-memory"},
		{{"--max-memory", "18014398509481984K"}, "--max-memory"},
		{{"--max-memory", "17179869184G"}, "--max-memory"},
		/* Modes. */
		{{"--mode", ""}, "--mode"},
		{{"--mode", "1000"}, "--mode 1000"},
		{{"--mode", "0668"}, "--mode 0668"},
		{{"--mode", "rw"}, "--mode rw"},
		{{"--mode", "0660 "}, "--mode 0660"},
		{{"--mode", " 0660"}, "--mode"},
		{{"--mode", "+660"}, "--mode +660"},
		{{"--mode", "-1"}, "--mode -1"},
		{{"--mode", "-1777777777777777777777"}, "--mode"},
		{{"--mode", "99999999999999999999999"}, "--mode"},
		{{"--mode", "7777777777777777777777777"}, "--mode"},
		/* Names. */
		{{"--suffix", ""}, "--suffix"},
		{{"--suffix", ".wwz,"}, "--suffix .wwz,"},
		{{"--untrusted="}, "expected scripts, or no value"},
		{{"--untrusted=yes"}, "--untrusted yes"},
		{{"--suffix", ",.zip"}, "--suffix ,.zip"},
		{{"--suffix", ".wwz,a/b"}, "--suffix .wwz,a/b"},
		{{"--suffix", "a/b"}, "--suffix a/b"},
		{{"--index", ",a"}, "--index ,a"},
		{{"--index", "a,,b"}, "--index a,,b"},
		{{"--index", "a,"}, "--index a,"},
		{{"--index", "a/b"}, "--index a/b"},
		{{"--index", "1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g,h"}, "--index"},
		{{"--log-level", "loud"}, "--log-level loud"},
		{{"--log-level", "INFO"}, "--log-level INFO"},
		{{"--log-level", ""}, "--log-level"},
		{{"explain", "-H", "Range", "/x"}, "Range"},
		{{"explain", "-H", ": a", "/x"}, ": a"},
		{{"explain", "-H", "", "/x"}, "header"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct options options;
		struct fault fault;
		struct capture capture;
		char buffer[256];
		struct str said;
		int result;

		capture_begin(&capture);
		result = read_words(&options, table[i].words, &fault);
		said = capture_end(&capture, buffer, sizeof(buffer));
		/* The caller says it, not getopt. */
		failed += differ(table[i].names, said, STR(""));
		if (result == -1 && strstr(fault.text, table[i].names) &&
			strchr(fault.text, '\n') == NULL)
			continue;
		print_error("row %zu: got %d, \"%s\", want -1, \"%s\"\n", i,
			result, fault.text, table[i].names);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* As many as there is room for, and one more. */
static void
test_many(void **state)
{
	static char *argv[2 + 2 * OPTIONS_FIELDS + 3];
	struct options options;
	struct fault fault;
	int argc = 2;

	(void)state;
	argv[0] = "wwz";
	argv[1] = "explain";
	for (int i = 0; i < OPTIONS_FIELDS; i++) {
		argv[argc++] = "-H";
		argv[argc++] = "A: b";
	}
	argv[argc++] = "/x";
	assert_int_equal(commandline_read(&options, argc, argv, &fault), 0);
	assert_int_equal(options.nfields, OPTIONS_FIELDS);
	argv[argc - 1] = "-H";
	argv[argc++] = "A: b";
	assert_int_equal(commandline_read(&options, argc, argv, &fault), -1);
	assert_non_null(strstr(fault.text, "too many"));

	argc = 1;
	for (int i = 0; i < LISTENERS_MAX; i++) {
		argv[argc++] = "-l";
		argv[argc++] = "unix:a";
	}
	assert_int_equal(commandline_read(&options, argc, argv, &fault), 0);
	assert_int_equal(options.nlisten, LISTENERS_MAX);
	argv[argc++] = "-l";
	argv[argc++] = "unix:a";
	assert_int_equal(commandline_read(&options, argc, argv, &fault), -1);
	assert_non_null(strstr(fault.text, "too many"));
}

/* A fault about a word that is longer than it has room for. */
static void
test_long_word(void **state)
{
	static char word[5000];
	const char *const words[][3] = {
		{word}, {"--threads", word}, {"--root", "/a", word}};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct options options;
		struct fault fault;
		const char *const end[] = {
			words[i][0], words[i][1], words[i][2], NULL};

		memset(word, 'x', sizeof(word) - 1);
		assert_int_equal(read_words(&options, end, &fault), -1);
		assert_int_equal(strnlen(fault.text, sizeof(fault.text) + 1),
			sizeof(fault.text) - 1);
	}
}

static struct str
help(enum command topic, char *buffer, size_t size)
{
	FILE *file = fmemopen(buffer, size, "w");
	long n;

	assert_non_null(file);
	commandline_help(topic, file);
	n = ftell(file);
	assert_int_equal(fclose(file), 0);
	assert_in_range(n, 1, size - 1);
	return (struct str){buffer, (size_t)n};
}

static void
test_help(void **state)
{
	static const struct {
		enum command topic;
		const char *has, *lacks;
	} table[] = {
		{COMMANDS, "wwz serve ", "--root"},
		{COMMANDS, "wwz explain ", "--listen"},
		{COMMANDS, "wwz help ", "--header"},
		{COMMAND_CHECK, "\n  --quiet, -q\n", "--root"},
		{COMMAND_SERVE, "\n  --listen ADDRESS, -l ADDRESS\n",
			"wwz explain"},
		{COMMAND_SERVE, "\n  --root DIR, -r DIR\n", "--header"},
		{COMMAND_SERVE, "\n  --no-listing\n", "-H"},
		{COMMAND_EXPLAIN, "\n  --header FIELD, -H FIELD\n", "--listen"},
		{COMMAND_EXPLAIN, "\n  --root DIR, -r DIR\n", "wwz serve"},
		{COMMAND_HELP, "wwz help ", "--"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		static char buffer[65536];
		struct str text = help(table[i].topic, buffer, sizeof(buffer));

		if (memmem(text.p, text.n, table[i].has,
			    strlen(table[i].has)) == NULL) {
			print_error("help %zu lacks \"%s\"\n", i, table[i].has);
			failed++;
		}
		if (memmem(text.p, text.n, table[i].lacks,
			    strlen(table[i].lacks)) != NULL) {
			print_error("help %zu has \"%s\"\n", i, table[i].lacks);
			failed++;
		}
		failed += !str_ends(text, STR("\n"));
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
