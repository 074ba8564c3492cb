/* The floor of any responder: prepared bytes out of a loop of recv and send.
 *
 *	bare THREADS FILE <listening socket as descriptor 0>
 *
 * FILE holds what a CGI program would write; it is framed beforehand, for
 * request 1, and is the answer to all.  Each thread waits for connections of
 * its own, so that nothing has to be armed again: a request on a kept
 * connection costs epoll_wait, recv, send.  What every real responder needs is
 * left out: parameters are not read, nobody is timed out or drained, requests
 * have one number and come from a front end that is trusted.  The same bytes
 * out of wwz's own connection code: canned.c. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER_SIZE = 8,
	BEGIN_REQUEST = 1,
	STDIN = 5,
	STDOUT = 6,
	END_REQUEST = 3,
	KEEP_CONN = 1,
	RECORD_MAX = 65528,
	REQUEST_MAX = 16 * 1024,
	/* As the responder does for large responses. */
	LARGE_RESPONSE = 128 * 1024,
	SEND_BUFFER = 1024 * 1024,
	THREADS_MAX = 64,
};

struct conn {
	int fd;
	size_t have;  /* bytes of a request */
	size_t sent;  /* bytes of the response */
	bool writing; /* which is under way */
	unsigned char request[REQUEST_MAX];
};

/* Set before threads start. */
static unsigned char *prepared;
static size_t prepared_size;
static int nthreads, epolls[THREADS_MAX];

static _Atomic unsigned accepted;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned char *
put_header(unsigned char *p, int type, size_t n)
{
	const unsigned char header[HEADER_SIZE] = {1, (unsigned char)type, 0, 1,
		(unsigned char)(n >> 8), (unsigned char)n};

	memcpy(p, header, HEADER_SIZE);
	return p + HEADER_SIZE;
}

/* Read FILE and frame it. */
static void
prepare(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	size_t left;
	unsigned char *p;

	if (file == NULL || fstat(fileno(file), &st) < 0)
		fail(path);
	left = (size_t)st.st_size;
	p = prepared = malloc(left + (left / RECORD_MAX + 4) * HEADER_SIZE);
	assert(p != NULL);
	while (left > 0) {
		size_t n = left < RECORD_MAX ? left : RECORD_MAX;

		p = put_header(p, STDOUT, n);
		if (fread(p, 1, n, file) != n)
			fail(path);
		p += n;
		left -= n;
	}
	p = put_header(p, STDOUT, 0);
	p = put_header(p, END_REQUEST, HEADER_SIZE);
	memset(p, 0, HEADER_SIZE);
	prepared_size = (size_t)(p + HEADER_SIZE - prepared);
	fclose(file);
}

/* The request is there to the empty record that ends its body. */
static bool
is_whole(const struct conn *conn)
{
	size_t at = 0;

	while (conn->have - at >= HEADER_SIZE) {
		const unsigned char *p = conn->request + at;
		size_t n = (size_t)p[4] << 8 | p[5];

		at += HEADER_SIZE + n + p[6];
		if (at > conn->have)
			return false;
		if (p[1] == STDIN && n == 0)
			return true;
	}
	return false;
}

static void
drop(struct conn *conn)
{
	close(conn->fd);
	free(conn);
}

static void
wait_for(int epoll, struct conn *conn, int what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = conn};

	if (epoll_ctl(epoll, what, conn->fd, &event) < 0)
		fail("epoll_ctl");
}

static void
take(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int size = SEND_BUFFER;
	struct conn *conn;

	if (fd < 0)
		return;
	conn = malloc(sizeof(*conn));
	assert(conn != NULL);
	conn->fd = fd;
	conn->have = 0;
	conn->writing = false;
	if (prepared_size > LARGE_RESPONSE)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	wait_for(epolls[accepted++ % (unsigned)nthreads], conn, EPOLL_CTL_ADD,
		EPOLLIN);
}

static void
answer(int epoll, struct conn *conn)
{
	bool keep = (conn->request[HEADER_SIZE + 2] & KEEP_CONN) != 0;
	bool done;
	ssize_t n;

	do {
		n = send(conn->fd, prepared + conn->sent,
			prepared_size - conn->sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			conn->sent += (size_t)n;
		done = conn->sent == prepared_size;
	} while (n > 0 && !done);
	if ((n < 0 && errno != EAGAIN) || (done && !keep)) {
		drop(conn);
		return;
	}
	if (conn->writing == done)
		wait_for(epoll, conn, EPOLL_CTL_MOD, done ? EPOLLIN : EPOLLOUT);
	conn->writing = !done;
}

static void
run(int epoll, struct conn *conn)
{
	if (!conn->writing) {
		ssize_t n = recv(conn->fd, conn->request + conn->have,
			REQUEST_MAX - conn->have, MSG_DONTWAIT);

		if (n <= 0) {
			drop(conn);
			return;
		}
		conn->have += (size_t)n;
		if (!is_whole(conn))
			return;
		/* What is prepared answers this number, which all use. */
		assert(conn->request[1] == BEGIN_REQUEST &&
			conn->request[2] == 0 && conn->request[3] == 1);
		conn->have = conn->sent = 0;
	}
	answer(epoll, conn);
}

static void *
work(void *arg)
{
	int epoll = *(int *)arg;
	struct epoll_event events[16];

	for (;;) {
		int n = epoll_wait(epoll, events, 16, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				take(0);
			else
				run(epoll, events[i].data.ptr);
		}
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 3 || (nthreads = atoi(argv[1])) < 1 ||
		nthreads > THREADS_MAX) {
		fputs("usage: bare THREADS FILE\n", stderr);
		return 2;
	}
	prepare(argv[2]);
	fcntl(0, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < nthreads; i++) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};

		epolls[i] = epoll_create1(EPOLL_CLOEXEC);
		if (epolls[i] < 0 ||
			epoll_ctl(epolls[i], EPOLL_CTL_ADD, 0, &event) < 0)
			fail("epoll");
	}
	for (int i = 1; i < nthreads; i++)
		pthread_create(&thread, NULL, work, &epolls[i]);
	work(&epolls[0]);
	return 0;
}
