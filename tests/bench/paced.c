/* Asks a web server at a fixed rate, and says how long the answers took.
 *
 *	paced PORT FILE RATE SECONDS [FIELD]
 *
 * Each second, RATE of the paths in FILE (one a line, at random) are due,
 *evenly spread.  The time of an answer counts from when its request was due,
 *even if no connection was free then: a server that stops for a moment makes
 *all the requests late that users would have sent meanwhile.  (A client that
 *waits for an answer before it sends the next request omits them, and reports
 *one slow answer.)  FIELD is a line of the head.
 *
 * Prints "p50 p99 p999 most", in microseconds. */

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 32, HEAD_MAX = 4096, SECOND = 1000000000 };

struct conn {
	int fd;
	bool busy, in_body;
	bool last; /* the server closes the connection after this answer */
	int64_t due;
	uint64_t left; /* bytes of the body */
	size_t have;   /* bytes of the head */
	char head[HEAD_MAX + 1];
};

static int epoll;
static uint16_t port;
static struct conn conns[CONNECTIONS];
static char **requests;
static size_t nrequests;
static double *took; /* microseconds */
static size_t ntook;

static void
fail(const char *what)
{
	fprintf(stderr, "paced: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static void
read_paths(const char *path, const char *field)
{
	FILE *file = fopen(path, "r");
	char line[HEAD_MAX];

	if (file == NULL)
		fail(path);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		requests =
			realloc(requests, (nrequests + 1) * sizeof(*requests));
		if (requests == NULL ||
			asprintf(&requests[nrequests++],
				"GET %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
				line, field, *field ? "\r\n" : "") < 0)
			fail("memory");
	}
	fclose(file);
}

static void
open_conn(struct conn *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		fail("epoll_ctl");
}

static void
ask(struct conn *c, int64_t due)
{
	const char *request = requests[(size_t)random() % nrequests];
	size_t n = strlen(request);

	c->busy = true;
	c->in_body = false;
	c->have = 0;
	c->due = due;
	if (send(c->fd, request, n, MSG_NOSIGNAL) != (ssize_t)n)
		fail("send");
}

/* The end of the head has come: what is left of the body. */
static void
begin_body(struct conn *c, const char *end)
{
	const char *length = strcasestr(c->head, "\r\nContent-Length:");

	if (memcmp(c->head, "HTTP/1.1 200", 12) != 0 || length == NULL ||
		length > end) {
		fprintf(stderr, "paced: %s\n", c->head);
		exit(1);
	}
	c->in_body = true;
	c->last = strcasestr(c->head, "\r\nConnection: close") != NULL;
	c->left = strtoull(length + 17, NULL, 10);
	c->left -= (uint64_t)(c->head + c->have - (end + 4));
}

static void
take(struct conn *c)
{
	static char body[1 << 18];
	const char *end;
	ssize_t n = c->in_body
		? recv(c->fd, body, sizeof(body), 0)
		: recv(c->fd, c->head + c->have, HEAD_MAX - c->have, 0);

	if (n <= 0)
		fail("recv");
	if (c->in_body) {
		c->left -= (uint64_t)n;
	} else {
		c->have += (size_t)n;
		c->head[c->have] = '\0';
		end = memmem(c->head, c->have, "\r\n\r\n", 4);
		if (end != NULL)
			begin_body(c, end);
		assert(end != NULL || c->have < HEAD_MAX);
	}
	if (!c->in_body || c->left > 0)
		return;
	took[ntook++] = (double)(now() - c->due) / 1e3;
	c->busy = false;
	if (c->last) {
		close(c->fd);
		open_conn(c);
	}
}

static int
order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Ask all that is due as far as connections are free; the time until more is.
 */
static struct timespec
ask_due(int64_t begin, double rate, size_t *asked, size_t all)
{
	int64_t wait = SECOND;

	for (int i = 0; i < CONNECTIONS && *asked < all; i++) {
		int64_t due = begin + (int64_t)((double)*asked * 1e9 / rate);

		if (conns[i].busy)
			continue;
		wait = due - now();
		if (wait > 0)
			break;
		ask(&conns[i], due);
		++*asked;
		wait = 0;
	}
	if (wait < 0)
		wait = 0;
	return (struct timespec){wait / SECOND, wait % SECOND};
}

static void
run(double rate, size_t all)
{
	struct epoll_event events[CONNECTIONS];
	int64_t begin = now();
	size_t asked = 0;

	while (ntook < all) {
		struct timespec wait = ask_due(begin, rate, &asked, all);
		int n = epoll_pwait2(epoll, events, CONNECTIONS, &wait, NULL);

		if (n < 0 && errno != EINTR)
			fail("epoll_pwait2");
		for (int i = 0; i < n; i++)
			take(events[i].data.ptr);
	}
}

int
main(int argc, char **argv)
{
	double rate;
	size_t all;

	if (argc < 5 || argc > 6) {
		fputs("usage: paced PORT FILE RATE SECONDS [FIELD]\n", stderr);
		return 2;
	}
	read_paths(argv[2], argc > 5 ? argv[5] : "");
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	rate = strtod(argv[3], NULL);
	all = (size_t)(rate * strtod(argv[4], NULL)) + 1;
	took = calloc(all, sizeof(*took));
	epoll = epoll_create1(0);
	if (epoll < 0 || nrequests == 0 || rate <= 0 || took == NULL)
		fail("start");
	for (int i = 0; i < CONNECTIONS; i++)
		open_conn(&conns[i]);
	run(rate, all);
	qsort(took, all, sizeof(*took), order);
	printf("%.0f %.0f %.0f %.0f\n", took[all / 2],
		took[(size_t)((double)all * 0.99)],
		took[(size_t)((double)all * 0.999)], took[all - 1]);
	return 0;
}
