#include "fcgi/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/trail.h"

enum {
	BACKLOG = 1024,
	FIRST_PASSED = 3, /* sd_listen_fds(3) */
};

static int
listeners_append(struct listeners *listeners, int fd, struct fault *fault)
{
	int on = 1;
	int flags = fcntl(fd, F_GETFL);

	if (listeners->n == LISTENERS_MAX)
		return fault_set(fault, "more than %d sockets to listen on",
			LISTENERS_MAX);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return fault_set(
			fault, "descriptor %d: %s", fd, strerrordesc_np(errno));
	/* Accepted connections inherit it; on a Unix socket it has no effect.
	 */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listeners->fd[listeners->n++] = fd;
	return 0;
}

/* Root creates a socket before it becomes another user only if nobody else can
 * change the path.  Otherwise that user, who may own the directory, could
 * replace the socket by a link between bind and fchownat, and would be given a
 * file of root's. */
static bool
is_for_root(const char *path)
{
	struct trail trail;

	if (trail_file(&trail, path) < 0)
		return false;
	close(trail.directory);
	return trail.of_root;
}

bool
listener_is_for_root(const char *address)
{
	return strncmp(address, "unix:", 5) != 0 || is_for_root(address + 5);
}

/* Root removes nothing whose path others can change. */
static bool
may_remove(const char *path)
{
	return geteuid() != 0 || is_for_root(path);
}

/* Whether some process may listen on address.  Only a refusal says that none
 * does: a socket of another type, such as syslog's, gives EPROTOTYPE. */
static bool
alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	if (fd < 0)
		return true;
	refused = connect(fd, (const struct sockaddr *)address,
			  sizeof(*address)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return !refused;
}

/* Check what is at the path of a new socket.  Returns 0 for nothing, 1 for a
 * socket that nobody listens on and that may be removed, -1 and fault for
 * anything else. */
static int
check_stale(const struct sockaddr_un *address, struct fault *fault)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return fault_set(fault, "%s exists and is not a socket",
			address->sun_path);
	if (alive(address))
		return fault_set(fault, "%s: another process listens there",
			address->sun_path);
	return 1;
}

/* Remove a stale socket at the path of a new one.  -1 and fault. */
static int
remove_stale(const struct sockaddr_un *address, struct fault *fault)
{
	int stale = check_stale(address, fault);

	if (stale > 0 && !may_remove(address->sun_path))
		return fault_set(fault,
			"%s: nobody listens there, but root does not remove it where others can exchange it: use --user",
			address->sun_path);
	if (stale > 0 && unlink(address->sun_path) < 0 && errno != ENOENT)
		return fault_errno(fault, str_of(address->sun_path), errno);
	return stale < 0 ? -1 : 0;
}

static int
unix_address(struct sockaddr_un *address, const char *path, struct fault *fault)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path) || *path == '\0')
		return fault_set(fault,
			"unix:%s: the path of a socket has 1 to %zu bytes",
			path, sizeof(address->sun_path) - 1);
	strcpy(address->sun_path, path);
	return 0;
}

static int
check_unix(const char *path, struct fault *fault)
{
	struct sockaddr_un address;
	char copy[sizeof(address.sun_path)];

	if (unix_address(&address, path, fault) < 0 ||
		check_stale(&address, fault) < 0)
		return -1;
	memcpy(copy, address.sun_path, sizeof(copy));
	if (access(dirname(copy), W_OK | X_OK) < 0)
		return fault_set(
			fault, "unix:%s: %s", path, strerrordesc_np(errno));
	return 0;
}

static int
bind_unix(int fd, const struct sockaddr_un *address, mode_t mode)
{
	/* The mask makes the socket have its mode from the start. */
	mode_t mask = umask(~mode & 0777);
	int result =
		bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	return result;
}

/* Change the owner of the socket at path.  The descriptor makes sure that no
 * link is followed. */
static int
give_socket(const char *path, const struct confine_user *owner)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int result, saved;

	if (fd < 0)
		return -1;
	result = fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

static int
open_unix(struct listeners *listeners, const char *path,
	const struct listener_how *how, struct fault *fault)
{
	struct sockaddr_un address;
	char *copy;
	int fd;

	if (unix_address(&address, path, fault) < 0 ||
		remove_stale(&address, fault) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	copy = strdup(path);
	if (fd < 0 || copy == NULL || bind_unix(fd, &address, how->mode) < 0) {
		fault_set(fault, "unix:%s: %s", path, strerrordesc_np(errno));
		free(copy);
	} else {
		if (may_remove(path))
			listeners->made[listeners->nmade++] = copy;
		else
			free(copy);
		if ((how->owner != NULL && give_socket(path, how->owner) < 0) ||
			listen(fd, BACKLOG) < 0)
			fault_set(fault, "unix:%s: %s", path,
				strerrordesc_np(errno));
		else if (listeners_append(listeners, fd, fault) == 0)
			return 0;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	}
	return false;
}

static int
open_address(struct listeners *listeners, const struct addrinfo *info,
	const char *name, struct fault *fault)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return fault_errno(fault, str_of(name), errno);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		(info->ai_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				sizeof(on)) < 0) ||
		bind(fd, info->ai_addr, info->ai_addrlen) < 0 ||
		listen(fd, BACKLOG) < 0) {
		fault_errno(fault, str_of(name), errno);
		close(fd);
		return -1;
	}
	if (listeners_append(listeners, fd, fault) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

/* Cut "HOST:PORT" or "[HOST]:PORT" in two, in place. */
static int
split_address(char *address, const char **host, const char **port)
{
	char *colon = strrchr(address, ':');
	size_t n;

	uint64_t number;

	if (colon == NULL || colon == address ||
		!str_number(str_of(colon + 1), UINT16_MAX, &number))
		return -1;
	*colon = '\0';
	*port = colon + 1;
	n = strlen(address);
	if (address[0] == '[' && address[n - 1] == ']') {
		address[n - 1] = '\0';
		address++;
	}
	*host = strcmp(address, "*") == 0 ? NULL : address;
	return 0;
}

static int
open_all(struct listeners *listeners, const struct addrinfo *list,
	const char *name, int allow_remote, struct fault *fault)
{
	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next) {
		if (!allow_remote && !is_loopback(i->ai_addr))
			return fault_set(fault,
				"%s is not a loopback address: FastCGI has no authentication, see --allow-remote",
				name);
	}
	for (; list != NULL; list = list->ai_next) {
		if (open_address(listeners, list, name, fault) < 0)
			return -1;
	}
	return 0;
}

/* Elsewhere ":PORT" means any address, which wwz does not take for granted. */
static int
refuse_address(const char *name, struct fault *fault)
{
	if (name[0] == ':')
		return fault_set(fault,
			"%s names no host: give 127.0.0.1%s, or *%s and --allow-remote for other machines",
			name, name, name);
	return fault_set(fault, "%s is neither unix:PATH nor HOST:PORT", name);
}

static int
open_tcp(struct listeners *listeners, const char *name, int allow_remote,
	struct fault *fault)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list;
	const char *host, *port;
	char *copy = strdup(name);
	int error;

	if (copy == NULL)
		return fault_set(fault, "no memory");
	if (split_address(copy, &host, &port) < 0) {
		free(copy);
		return refuse_address(name, fault);
	}
	error = getaddrinfo(host, port, &hints, &list);
	free(copy);
	if (error != 0)
		return fault_set(fault, "%s: %s", name, gai_strerror(error));
	error = open_all(listeners, list, name, allow_remote, fault);
	freeaddrinfo(list);
	return error;
}

int
listener_open(struct listeners *listeners, const char *address,
	const struct listener_how *how, struct fault *fault)
{
	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(listeners, address + 5, how, fault);
	return open_tcp(listeners, address, how->allow_remote, fault);
}

int
listener_check(const char *address, int allow_remote, struct fault *fault)
{
	struct listeners listeners = {.n = 0};

	if (strncmp(address, "unix:", 5) == 0)
		return check_unix(address + 5, fault);
	/* Opening a port leaves no trace, so try it. */
	if (open_tcp(&listeners, address, allow_remote, fault) < 0)
		return -1;
	listener_close(&listeners);
	return 0;
}

/* The number of sockets that systemd passed to this process. */
static int
passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (pid == NULL || fds == NULL || atol(pid) != (long)getpid())
		return 0;
	return atoi(fds);
}

bool
listener_listens(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 &&
		yes != 0;
}

int
listener_inherit(struct listeners *listeners, struct fault *fault)
{
	int n = passed();
	int first = n > 0 ? FIRST_PASSED : STDIN_FILENO;

	if (n <= 0 && !listener_listens(STDIN_FILENO))
		return fault_set(fault,
			"nothing to listen on: give --listen unix:PATH or --listen HOST:PORT");
	for (int fd = first; fd < first + (n > 0 ? n : 1); fd++) {
		if (!listener_listens(fd))
			return fault_set(fault,
				"descriptor %d is not a listening socket: see --listen",
				fd);
		if (listeners_append(listeners, fd, fault) < 0)
			return -1;
	}
	return 0;
}

void
listener_hide(struct listeners *listeners)
{
	for (int i = 0; i < listeners->nmade; i++) {
		unlink(listeners->made[i]);
		free(listeners->made[i]);
	}
	listeners->nmade = 0;
}

void
listener_close(struct listeners *listeners)
{
	/* Remove before closing: afterwards the path may already hold the
	 * socket of a successor. */
	listener_hide(listeners);
	for (int i = 0; i < listeners->n; i++)
		close(listeners->fd[i]);
	*listeners = (struct listeners){.n = 0};
}
