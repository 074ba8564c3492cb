#include "servecheck.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "fcgi/callfilter.h"
#include "fcgi/confine.h"
#include "fcgi/peers.h"
#include "serve/accesslog.h"
#include "serve/logerrors.h"

static int print_fault(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static int
print_fault(const char *format, ...)
{
	va_list args;

	fputs("wwz: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

/* Check the listeners that root opens, or the others. */
static int
check_listeners(const struct options *options, bool by_root)
{
	struct fault why;
	int result = 0;

	for (int i = 0; i < options->nlisten; i++) {
		const char *address = options->listen[i];

		if (by_root !=
			(options->user != NULL &&
				listener_is_for_root(address)))
			continue;
		if (listener_check(address, options->allow_remote, &why) < 0)
			result = print_fault("%s", why.text);
		else
			printf("listen: %s\n", address);
	}
	return result;
}

static void
check_inherited(const struct options *options)
{
	struct listeners passed = {.n = 0};
	struct fault why;

	if (options->nlisten > 0)
		return;
	if (listener_inherit(&passed, &why) == 0)
		printf("listen: sockets that were passed, %d\n", passed.n);
	else
		printf("listen: what it is given when it starts (LISTEN_FDS, or descriptor 0)\n");
}

static int
check_user(const struct options *options)
{
	struct confine_user user;

	if (options->user == NULL) {
		if (geteuid() == 0)
			printf("user: root, which is more than it needs: see --user\n");
		return 0;
	}
	if (confine_find(&user, options->user) < 0 || confine_become(&user) < 0)
		return print_fault(
			"--user %s: %s", options->user, confine_why(errno));
	printf("user: %s\n", options->user);
	return 0;
}

static int
check_root(const struct options *options, const struct site *site)
{
	if (options->root == NULL) {
		printf("root: the DOCUMENT_ROOT of each request\n");
	} else {
		if (access(options->root, R_OK | X_OK) < 0)
			return print_fault("--root %s: %s", options->root,
				strerrordesc_np(errno));
		printf("root: %s\n", options->root);
	}
	printf("archives: *%.*s, at most %zu open, with %" PRIu64
	       " byte%s of memory\n",
		STR_ARG(site->suffix), options->max_archives,
		options->max_memory, str_plural(options->max_memory));
	return 0;
}

/* A missing file would be created. */
static int
check_access_log(const char *path)
{
	char copy[PATH_MAX];
	int result;

	if (path == NULL)
		return 0;
	if (strcmp(path, "-") == 0) {
		printf("access log: standard output\n");
		return 0;
	}
	snprintf(copy, sizeof(copy), "%s", path);
	if (geteuid() == 0 && !accesslog_is_for_root(path))
		return print_fault(
			"--access-log %s: %s", path, ACCESSLOG_NOT_BY_ROOT);
	result = access(path, W_OK);
	if (result < 0 && errno == ENOENT)
		result = access(dirname(copy), W_OK | X_OK);
	if (result < 0)
		return print_fault(
			"--access-log %s: %s", path, strerrordesc_np(errno));
	printf("access log: %s\n", path);
	return 0;
}

static int
check_limits(const struct options *options)
{
	struct rlimit limit;
	size_t peers, room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return print_fault("descriptors: %s", strerrordesc_np(errno));
	peers = peers_max(limit.rlim_max);
	room = (size_t)limit.rlim_max - peers;
	printf("descriptors: %" PRIu64 ", of these %zu for connections\n",
		(uint64_t)limit.rlim_max, peers);
	if (options->max_archives > room)
		return print_fault(
			"--max-archives %zu: %" PRIu64
			" descriptors leave room for %zu; raise the limit (ulimit -n, LimitNOFILE)",
			options->max_archives, (uint64_t)limit.rlim_max, room);
	return 0;
}

static void
print_rest(const struct options *options, const struct site *site)
{
	printf("threads: %d, and up to %d that wait for storage\n",
		options->limits.threads, options->limits.io_threads);
	printf("storage: given up after %d s\n",
		options->limits.storage_seconds);
	printf("archives: looked at again after %d ms\n",
		options->revalidate_ms);
	printf("log: standard error, %s and worse\n", log_names[log_limit]);
	if (options->slow_ms >= 0)
		printf("slow requests: logged from %d ms on\n",
			options->slow_ms);
	if (site->log_errors != NULL)
		printf("errors in logs: %zu pattern%s of %s, too\n",
			logerrors_count(site->log_errors),
			str_plural(logerrors_count(site->log_errors)),
			options->log_errors);
	printf("status page: %s\n",
		options->status ? "-wwz-status below any archive" : "none");
	printf("at the end: up to %d s for responses under way\n",
		options->limits.grace_seconds);
}

/* To be called last, since it cannot be undone. */
static void
check_confinement(const struct options *options)
{
	int files = confine_version();
	bool calls = confine_process(NULL, NULL, 0, NULL) == 0 &&
		callfilter_install() == 0;

	if (files > 0)
		printf("files: only to be read, below %s, by Landlock, version %d\n",
			options->root ? "the root" : "/ for lack of --root",
			files);
	else
		printf("files: all that the user may read: there is no Landlock here\n");
	printf("system calls: %s\n",
		calls ? "only those that serving needs, by seccomp"
		      : "all: there is no seccomp here");
	printf("as a CGI program: the same files, and all system calls\n");
}

int
servecheck(const struct options *options, const struct site *site)
{
	/* As at a start: first what root does, then everything else as the
	 * other user. */
	int result = check_listeners(options, true);

	result |= check_user(options);
	result |= check_listeners(options, false);
	check_inherited(options);
	result |= check_root(options, site);
	result |= check_access_log(options->access_log);
	result |= check_limits(options);
	print_rest(options, site);
	check_confinement(options);
	return fflush(stdout) == 0 ? result : -1;
}
