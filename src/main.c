/* wwz: zip archives as directories of a web site. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive/guard.h"
#include "archive/resident.h"
#include "base/log.h"
#include "check/check.h"
#include "commandline.h"
#include "explain.h"
#include "fcgi/cgi.h"
#include "fcgi/confine.h"
#include "fcgi/fcgi.h"
#include "fcgi/peers.h"
#include "members.h"
#include "pack/pack.h"
#include "pack/packname.h"
#include "preview/preview.h"
#include "servecheck.h"
#include "siteoptions.h"
#include "zip/charset.h"

enum {
	EXIT_USAGE = 2,
	MALLOC_THRESHOLD = 1024 * 1024, /* bytes */
	ARCHIVE_USUAL = 8 * 1024, /* bytes of memory for one with few members */
	ARCHIVES_USUAL = 32000,
};

extern char **environ;

static int
usage(const char *text)
{
	fprintf(stderr, "wwz: %s\n", text);
	return EXIT_USAGE;
}

static int
usage_of(const char *what, const char *why)
{
	fprintf(stderr, "wwz: %s: %s\n", what, why);
	return EXIT_USAGE;
}

static int
usage_option(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "wwz: %s %s: %s\n", option, value, why);
	return EXIT_USAGE;
}

/* Raise the limit of descriptors to the maximum, for archives and connections.
 */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Open the listeners that root is to open, or the others. */
static int
open_listeners(struct listeners *listeners, const struct options *options,
	const struct confine_user *user, bool as_root)
{
	struct fault fault;
	struct listener_how how = {
		.mode = options->mode,
		.allow_remote = options->allow_remote,
		.owner = as_root ? user : NULL,
	};

	for (int i = 0; i < options->nlisten; i++) {
		const char *address = options->listen[i];

		if (as_root ==
				(user != NULL &&
					listener_is_for_root(address)) &&
			listener_open(listeners, address, &how, &fault) < 0)
			return usage(fault.text);
	}
	return 0;
}

/* Open the sockets and, with --user, stop being root. */
static int
open_and_leave(struct listeners *listeners, const struct options *options)
{
	struct fault fault;
	struct confine_user user;

	if (options->nlisten == 0 && listener_inherit(listeners, &fault) < 0)
		return usage(fault.text);
	if (options->user == NULL) {
		if (open_listeners(listeners, options, NULL, false) != 0)
			return EXIT_USAGE;
		if (geteuid() == 0)
			log_pairs(LOG_WARN, "running-as-root",
				{"why", STR("--user is not given")});
		return 0;
	}
	if (confine_find(&user, options->user) < 0)
		return usage_option(
			"--user", options->user, confine_why(errno));
	if (open_listeners(listeners, options, &user, true) != 0)
		return EXIT_USAGE;
	if (confine_become(&user) < 0)
		return usage_option(
			"--user", options->user, confine_why(errno));
	return open_listeners(listeners, options, &user, false);
}

/* Confine the process.  The sockets' directories stay writable, to remove the
 * sockets at the end, and so does that of the access log, to reopen it. */
static int
confine(const struct listeners *listeners, const struct options *options)
{
	char paths[LISTENERS_MAX][PATH_MAX], log[PATH_MAX];
	const char *directories[LISTENERS_MAX];
	bool to_file = options->access_log != NULL &&
		strcmp(options->access_log, "-") != 0;

	for (int i = 0; i < listeners->nmade; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s", listeners->made[i]);
		directories[i] = dirname(paths[i]);
	}
	if (to_file)
		snprintf(log, sizeof(log), "%s", options->access_log);
	if (confine_process(options->root, directories,
		    (size_t)listeners->nmade,
		    to_file ? dirname(log) : NULL) < 0)
		return usage_of("confinement", strerrordesc_np(errno));
	return 0;
}

/* The counters and logs of requests that the options ask for. */
struct watchers {
	struct accounts accounts;
	struct accesslog log;
};

/* The log is opened as the user who will reopen it at SIGHUP. */
static int
open_watchers(struct watchers *watchers, struct service *service,
	const struct options *options)
{
	struct accounts *accounts = &watchers->accounts;

	*accounts = (struct accounts){.slow_ns = -1};
	if (options->slow_ms >= 0)
		accounts->slow_ns = (int64_t)options->slow_ms * 1000000;
	if (options->access_log != NULL) {
		if (accesslog_open(&watchers->log, options->access_log) < 0)
			return usage_option("--access-log", options->access_log,
				errno == EPERM && geteuid() == 0
					? ACCESSLOG_NOT_BY_ROOT
					: strerrordesc_np(errno));
		accounts->log = &watchers->log;
	}
	if (options->status) {
		accounts->stats = stats_new(server_threads(&options->limits));
		if (accounts->stats == NULL)
			return usage_of("start", strerrordesc_np(errno));
	}
	if (options->status || options->access_log || options->slow_ms >= 0)
		service->accounts = accounts;
	return 0;
}

static void
close_watchers(struct watchers *watchers, struct service *service)
{
	service->accounts = NULL;
	stats_free(watchers->accounts.stats);
	if (watchers->accounts.log != NULL)
		accesslog_close(watchers->accounts.log);
}

static int
run_server(struct service *service, const struct options *options)
{
	struct listeners listeners = {.n = 0};
	struct watchers watchers = {.accounts = {.stats = NULL}};
	struct server_limits limits = options->limits;
	int status;

	limits.alone = true;
	if (server_hold_signals() < 0)
		return usage_of("signals", strerrordesc_np(errno));
	resident_open();
	status = open_and_leave(&listeners, options);
	if (status == 0)
		status = open_watchers(&watchers, service, options);
	if (status == 0)
		status = confine(&listeners, options);
	if (status == 0)
		status = server_run(&listeners, service, &limits);
	else
		listener_close(&listeners);
	close_watchers(&watchers, service);
	return status;
}

static int
run_cgi(struct service *service, const struct options *options)
{
	struct watchers watchers = {.accounts = {.stats = NULL}};
	const struct listeners none = {.n = 0};
	int status = open_watchers(&watchers, service, options);

	/* Confining costs 2 % of a request's time.  callfilter_install would
	 * cost another 8 %, so it is not called. */
	if (status == 0)
		status = confine(&none, options);
	if (status == 0)
		status = cgi_run(service, environ, STDOUT_FILENO);
	close_watchers(&watchers, service);
	return status;
}

/* Memory freed after a response stays with the process, because the kernel
 * would have to clear and map it again for the next one. */
static void
set_malloc(void)
{
	mallopt(M_TRIM_THRESHOLD, MALLOC_THRESHOLD);
	mallopt(M_MMAP_THRESHOLD, MALLOC_THRESHOLD);
}

static int
run_serve(struct service *service, const struct options *options)
{
	if (fcgi_init() < 0)
		return usage_of("libfcgi", strerrordesc_np(errno));
	if (options->cgi)
		return run_cgi(service, options);
	raise_descriptors();
	set_malloc();
	/* A process manager that passed our socket as descriptor 0 reads our
	 * standard error. */
	service->tell_front = options->nlisten > 0 || getenv("LISTEN_FDS");
	return run_server(service, options);
}

/* Open the character set of --names; NULL without. */
static int
open_names(struct charset **names, const struct options *options)
{
	struct fault fault;

	*names = NULL;
	if (options->names == NULL)
		return 0;
	*names = charset_open(options->names, &fault);
	if (*names != NULL)
		return 0;
	usage_of("--names", fault.text);
	return -1;
}

/* How many archives are kept open if no option says so: as many as descriptors
 * and memory allow, and mappings, of which Linux allows a process 65,530. */
static size_t
usual_archives(uint64_t max_memory)
{
	uint64_t most = max_memory / ARCHIVE_USUAL;
	struct rlimit limit;
	uint64_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	room = limit.rlim_max - peers_max(limit.rlim_max);
	if (most > room)
		most = room;
	if (most > ARCHIVES_USUAL)
		most = ARCHIVES_USUAL;
	return most > 0 ? (size_t)most : 1;
}

static int
run_preview(struct service *service, struct options *options)
{
	struct watchers watchers = {.accounts = {.stats = NULL}};
	struct preview_how how = {
		.port = options->port,
		.open = options->open,
		.pack = options->pack,
	};
	int status;

	how.pack.quiet = true;
	how.pack.threads = options->limits.threads;
	options->access_log = "-";
	status = open_watchers(&watchers, service, options);
	if (status == 0)
		status = preview(options->words[0], service, &how);
	close_watchers(&watchers, service);
	return status;
}

static int
run_service(struct options *options)
{
	struct charset *names;
	struct siteroots roots;
	struct fault fault;
	struct site site;
	struct service service = {.site = &site};
	int status;

	if (guard_install() < 0)
		return usage_of("start", strerrordesc_np(errno));
	if (siteoptions_read(&site, options, &roots, &fault) < 0)
		return usage(fault.text);
	if (open_names(&names, options) < 0)
		return EXIT_USAGE;
	service.revalidate_ns = (int64_t)options->revalidate_ms * 1000000;
	if (options->max_archives == 0)
		options->max_archives = usual_archives(options->max_memory);
	service.cache =
		cache_new(options->max_archives, options->max_memory, names);
	if (service.cache == NULL)
		return usage_of("start", strerrordesc_np(errno));
	if (options->check)
		status = servecheck(options, &site) < 0 ? EXIT_USAGE : 0;
	else if (options->command == COMMAND_EXPLAIN)
		status = explain(&service, options);
	else if (options->command == COMMAND_PREVIEW)
		status = run_preview(&service, options);
	else
		status = run_serve(&service, options);
	cache_free(service.cache);
	charset_close(names);
	siteoptions_free(&site);
	return status;
}

/* The commands that look at archives. */
static int
run_on_files(const struct options *options)
{
	const struct check_how how = {
		options->json, options->quiet, options->strict};
	struct charset *names;
	int status;

	if (guard_install() < 0)
		return usage_of("start", strerrordesc_np(errno));
	if (open_names(&names, options) < 0)
		return EXIT_USAGE;
	if (options->command == COMMAND_LIST)
		status = members_list(options, names);
	else if (options->command == COMMAND_CAT)
		status = members_cat(options, names);
	else
		status = check_files(
			options->words, options->nwords, names, &how);
	charset_close(names);
	return status;
}

/* A FastCGI process manager may close standard output and error (section 2.2).
 * Fill the descriptors, so that no file opened later takes their numbers. */
static void
fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Each thread has several files open in advance.  "-" in place of a directory
 * is the working directory, and standard input lists the files. */
static int
run_pack(struct options *options)
{
	const char *directory = options->words[0], *file = options->output;
	const bool listed = strcmp(directory, "-") == 0;
	char name[PATH_MAX];

	raise_descriptors();
	options->pack.threads = options->limits.threads;
	options->pack.quiet = options->quiet;
	if (options->nwords > 1 && file != NULL)
		return usage_option(
			"--output", file, "the archive is named twice");
	if (listed && options->pack.files_from != NULL)
		return usage_option("--files-from", options->pack.files_from,
			"- in place of DIR is a list, too");
	if (options->nwords > 1)
		file = options->words[1];
	else if (file == NULL && !listed && packname_make(name, directory) == 0)
		file = name;
	if (file == NULL)
		return usage_of(directory, "no name for an archive: give FILE");
	if (listed)
		options->pack.files_from = "-";
	return pack(listed ? "." : directory, file, &options->pack);
}

/* Options come only from WWZ_OPTIONS. */
static int
run_as_cgi(const char *words)
{
	struct options options;
	struct fault fault;
	struct arena arena = {0};
	int argc, status;
	char **argv = cgi_options(words ? words : "", &arena, &argc);

	if (argv == NULL)
		status = usage_of("WWZ_OPTIONS", strerrordesc_np(errno));
	else if (commandline_read(&options, argc, argv, &fault) < 0)
		status = usage_of("WWZ_OPTIONS", fault.text);
	else if (options.nlisten > 0 || options.user != NULL || options.check)
		status = usage_of("WWZ_OPTIONS",
			"--listen, --user and --check are not for a CGI request");
	else {
		options.cgi = true;
		status = run_service(&options);
	}
	arena_free(&arena);
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct fault fault;

	fill_standard();
	if (cgi_is_started()) {
		cgi_name_arguments(argc, argv);
		return run_as_cgi(getenv("WWZ_OPTIONS"));
	}
	/* A process manager would have passed a socket. */
	if (argc == 1 && isatty(STDIN_FILENO) && getenv("LISTEN_FDS") == NULL) {
		commandline_help(COMMANDS, stderr);
		return EXIT_USAGE;
	}
	if (commandline_read(&options, argc, argv, &fault) < 0)
		return usage(fault.text);
	switch (options.command) {
	case COMMAND_CHECK:
	case COMMAND_LIST:
	case COMMAND_CAT:
		return run_on_files(&options);
	case COMMAND_HELP:
		commandline_help(options.topic, stdout);
		return EXIT_SUCCESS;
	case COMMAND_VERSION:
		printf("wwz %s\n", WWZ_VERSION);
		return EXIT_SUCCESS;
	case COMMAND_PACK:
		return run_pack(&options);
	default:
		return run_service(&options);
	}
}
