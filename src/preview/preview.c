#include "preview/preview.h"

#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/interrupt.h"
#include "fcgi/listener.h"
#include "preview/daemon.h"

enum {
	PORT_FIRST = 8000,
	PORT_LAST = 8099,
	URL_SIZE = 64, /* bytes */
};

extern char **environ;

static int
open_port(struct listeners *listeners, int port, struct fault *fault)
{
	const struct listener_how how = {.allow_remote = false};
	int last = port == PREVIEW_ANY ? PORT_LAST : port;
	char address[URL_SIZE];
	int result;

	if (port == PREVIEW_ANY)
		port = PORT_FIRST;
	do {
		snprintf(address, sizeof(address), "127.0.0.1:%d", port);
		result = listener_open(listeners, address, &how, fault);
	} while (result < 0 && port++ < last);
	return result;
}

static void
make_url(char url[URL_SIZE], int fd)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);

	(void)getsockname(fd, (struct sockaddr *)&address, &size);
	snprintf(
		url, URL_SIZE, "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

/* Start the desktop's browser, in which no signal is blocked. */
static void
open_browser(char url[URL_SIZE])
{
	static char program[] = "xdg-open";
	char *const words[] = {program, url, NULL};
	posix_spawnattr_t how;
	sigset_t none;
	pid_t pid;
	int error;

	sigemptyset(&none);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawnp(&pid, program, NULL, &how, words, environ);
	posix_spawnattr_destroy(&how);
	if (error != 0)
		fprintf(stderr, "wwz: %s: %s\n", program,
			strerrordesc_np(error));
}

/* Serve subject until a signal comes. */
static int
show(struct subject *subject, const struct service *service,
	const struct preview_how *how, struct fault *fault)
{
	struct listeners listeners = {.n = 0};
	char url[URL_SIZE];
	struct daemon *daemon;

	if (open_port(&listeners, how->port, fault) < 0)
		return -1;
	make_url(url, listeners.fd[0]);
	daemon = daemon_start(listeners.fd[0], service, subject, fault);
	if (daemon == NULL)
		return -1;
	fputs("wwz: this server is for development only; Ctrl-C ends it\n",
		stderr);
	printf("%s\n", url);
	fflush(stdout);
	if (how->open)
		open_browser(url);
	interrupt_wait();
	daemon_stop(daemon);
	return 0;
}

int
preview(const char *path, const struct service *service,
	const struct preview_how *how)
{
	sigset_t before = interrupt_hold();
	struct subject subject;
	struct fault fault;
	int result = subject_open(&subject, path, &how->pack, &fault);

	/* Who reads standard output may go; what was written is removed all the
	 * same. */
	signal(SIGPIPE, SIG_IGN);
	if (result == 0)
		result = show(&subject, service, how, &fault);
	if (result < 0 && fault.text[0] != '\0')
		fprintf(stderr, "wwz: %s\n", fault.text);
	subject_close(&subject);
	interrupt_release(&before);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
