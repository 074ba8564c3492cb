/* libmicrohttpd reads requests and writes responses, each connection in a
 * thread of its own.  What a web server would tell a responder, it tells
 * serve(); what serve() answers, it passes on.
 *
 * The library is loaded when it is needed.  It needs eight more, and to load
 * them doubles the time in which wwz starts, also as a CGI program. */

#include "preview/daemon.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <time.h>

#include "archive/guard.h"
#include "http/answer.h"
#include "http/path.h"
#include "http/route.h"

enum {
	CONNECTIONS_MAX = 256,
	TIMEOUT_SECONDS = 60,
	MEMORY = 128 * 1024, /* bytes for the heads of a request and response */
};

#define LIBRARY "libmicrohttpd.so.12"

/* The functions of the library that are used. */
struct library {
	void *handle;
	__typeof__(&MHD_start_daemon) start_daemon;
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_get_connection_values) get_connection_values;
	__typeof__(&MHD_create_response_from_callback)
		create_response_from_callback;
	__typeof__(&MHD_add_response_header) add_response_header;
	__typeof__(&MHD_set_response_options) set_response_options;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
};

#define FUNCTION(name)                                       \
	{                                                    \
		"MHD_" #name, offsetof(struct library, name) \
	}

static const struct {
	const char *name;
	size_t at;
} functions[] = {
	FUNCTION(start_daemon),
	FUNCTION(stop_daemon),
	FUNCTION(get_connection_values),
	FUNCTION(create_response_from_callback),
	FUNCTION(add_response_header),
	FUNCTION(set_response_options),
	FUNCTION(queue_response),
	FUNCTION(destroy_response),
};

struct daemon {
	/* Set once. */
	struct library library;
	struct MHD_Daemon *mhd;
	const struct service *service;
	struct subject *subject;
};

/* A request and its response. */
struct exchange {
	struct daemon *daemon;
	struct arena arena;
	struct request_reader reader;
	struct request request;
	struct account account;
	struct str uri;    /* in the arena */
	uint64_t received; /* bytes of the request's body, which are discarded
			    */
	bool begun, answered;
	bool for_us, for_others; /* as the Host fields say */

	struct response response;
	struct str span; /* of its body, that is to be sent yet */
	bool cut;
};

/* dlsym returns a pointer to an object, which C does not convert to one to a
 * function (dlopen(3)). */
static int
library_load(struct library *library, struct fault *fault)
{
	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library->handle == NULL) {
		fault_set(fault, "wwz preview needs %s", dlerror());
		return -1;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *found = dlsym(library->handle, functions[i].name);

		if (found == NULL) {
			fault_set(fault, "%s", dlerror());
			return -1;
		}
		memcpy((char *)library + functions[i].at, &found,
			sizeof(found));
	}
	return 0;
}

/* The target of a request is there: begin an exchange. */
static void *
begin_exchange(
	void *context, const char *uri, struct MHD_Connection *connection)
{
	struct daemon *daemon = context;
	struct exchange *x = calloc(1, sizeof(*x));

	(void)connection;
	if (x == NULL)
		return NULL;
	x->daemon = daemon;
	x->uri = arena_copy(&x->arena, str_of(uri));
	account_begin(&x->account, daemon->service->accounts);
	request_begin(&x->reader, &x->request, &x->arena);
	response_init(&x->response, &x->arena, METHOD_OTHER);
	return x;
}

static void
end_exchange(void *context, struct MHD_Connection *connection, void **exchange,
	enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *exchange;

	(void)context;
	(void)connection;
	if (x == NULL)
		return;
	if (x->answered)
		account_end(&x->account, NULL, &x->response,
			x->cut || how != MHD_REQUEST_TERMINATED_COMPLETED_OK);
	response_free(&x->response);
	arena_free(&x->arena);
	free(x);
	*exchange = NULL;
}

/* Whether host, with a port or without, is a name of this machine for itself.
 * Other sites can make their own names mean 127.0.0.1, and scripts of theirs
 * could read then what is previewed (DNS rebinding). */
static bool
is_own_name(struct str host)
{
	static const struct str own[] = {
		{"localhost", 9}, {"127.0.0.1", 9}, {"[::1]", 5}};
	uint64_t port;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct str rest;

		if (host.n < own[i].n ||
			!str_eq_nocase(str_slice(host, 0, own[i].n), own[i]))
			continue;
		rest = str_slice(host, own[i].n, host.n);
		if (rest.n == 0)
			return true;
		return rest.p[0] == ':' &&
			str_number(
				str_slice(rest, 1, rest.n), UINT16_MAX, &port);
	}
	return false;
}

static enum MHD_Result
take_field(void *exchange, enum MHD_ValueKind kind, const char *name,
	const char *value)
{
	struct exchange *x = exchange;

	(void)kind;
	request_add_field(&x->reader, str_of(name), str_of(value));
	if (str_eq_nocase(str_of(name), STR("Host"))) {
		if (is_own_name(str_of(value)))
			x->for_us = true;
		else
			x->for_others = true;
	}
	return MHD_YES;
}

/* Make the request with the parameters that nginx sends for a whole site
 * (deploy/nginx/whole-site.conf). */
static void
tell_request(struct exchange *x, struct MHD_Connection *connection,
	const char *method, const char *version)
{
	struct request_reader *reader = &x->reader;

	request_add_line(reader, str_of(method), x->uri, str_of(version));
	request_add(reader, STR("DOCUMENT_ROOT"), STR("/"));
	request_add(reader, STR("WWZ_ARCHIVE"),
		str_of(x->daemon->subject->archive));
	request_add(reader, STR("PATH_INFO"),
		path_decode(route_raw_path(&x->request), &x->arena));
	request_add(reader, STR("REMOTE_ADDR"), STR("127.0.0.1"));
	request_add(reader, STR("CONTENT_LENGTH"),
		arena_printf(
			&x->arena, "%llu", (unsigned long long)x->received));
	x->daemon->library.get_connection_values(
		connection, MHD_HEADER_KIND, take_field, x);
}

static void
refuse_host(struct response *response)
{
	response->status = STATUS_FORBIDDEN;
	response->content_type = STR("text/plain");
	response->has_length = true;
	body_add_text(&response->body,
		STR("wwz preview answers to localhost, 127.0.0.1 and [::1] only.\n"));
}

/* Give out the next bytes of the body. */
static ssize_t
give_body(void *exchange, uint64_t at, char *to, size_t most)
{
	struct exchange *x = exchange;
	enum body_result result = BODY_LATER;
	size_t n;

	(void)at;
	while (x->span.n == 0 && (result == BODY_LATER || result == BODY_SPAN))
		result = body_next(&x->response.body, &x->span);
	if (result == BODY_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = x->span.n < most ? x->span.n : most;
	x->cut = result == BODY_CUT || guard_copy(to, x->span.p, n) < 0;
	if (x->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	x->span = str_slice(x->span, n, x->span.n);
	x->account.bytes += n;
	return (ssize_t)n;
}

/* Add the fields of head to response, but those that are not HTTP's or that the
 * library makes itself. */
static bool
add_fields(struct exchange *x, struct MHD_Response *response, struct str head)
{
	while (head.n > 0) {
		struct str value = str_cut(&head, '\n');
		struct str name = str_cut(&value, ':');

		if (value.p == NULL || str_eq(name, STR("Status")) ||
			str_eq(name, STR("Content-Length")))
			continue;
		value.n--;
		name = arena_copy(&x->arena, name);
		value = arena_copy(&x->arena, str_trim(value));
		if (x->arena.failed ||
			x->daemon->library.add_response_header(
				response, name.p, value.p) != MHD_YES)
			return false;
	}
	return true;
}

/* Make the library's response.  For HEAD, 204 and 304 of unknown length version
 * 0.9.75 would send the last chunk of a body that is not there, if it did not
 * close the connection as in HTTP/1.0.  NULL without memory. */
static struct MHD_Response *
make_response(struct exchange *x)
{
	const struct library *library = &x->daemon->library;
	const struct response *from = &x->response;
	struct str head = response_head(from);
	struct MHD_Response *response = library->create_response_from_callback(
		from->has_length ? from->body.length : MHD_SIZE_UNKNOWN,
		BODY_SPAN_SIZE, give_body, x, NULL);
	bool bare = !from->has_length && body_is_done(&from->body);

	if (response == NULL)
		return NULL;
	if (add_fields(x, response, head) &&
		library->set_response_options(response,
			bare ? MHD_RF_HTTP_VERSION_1_0_ONLY : MHD_RF_NONE,
			MHD_RO_END) == MHD_YES)
		return response;
	library->destroy_response(response);
	return NULL;
}

/* Without memory for the head, the connection is closed. */
static enum MHD_Result
send_response(struct exchange *x, struct MHD_Connection *connection)
{
	const struct library *library = &x->daemon->library;
	struct MHD_Response *response = make_response(x);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	result = library->queue_response(
		connection, (unsigned)x->response.status, response);
	library->destroy_response(response);
	return result;
}

/* Make the response, as soon as other threads have done what has to be done
 * first. */
static void
ask_service(struct exchange *x)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (!serve(x->daemon->service, &x->request, &x->arena, &x->response,
		false)) {
		response_free(&x->response);
		nanosleep(&pause, NULL);
	}
	while (!answer_locate(&x->response))
		;
}

/* Called when the head of a request is there, when there are bytes of its body,
 * and at its end. */
static enum MHD_Result
take_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *bytes,
	size_t *nbytes, void **exchange)
{
	struct exchange *x = *exchange;

	(void)context;
	(void)url;
	(void)bytes;
	if (x == NULL)
		return MHD_NO;
	x->received += *nbytes;
	if (!x->begun || *nbytes > 0) {
		x->begun = true;
		*nbytes = 0;
		return MHD_YES;
	}
	tell_request(x, connection, method, version);
	account_note(&x->account, &x->request, &x->arena);
	if (x->for_us && !x->for_others) {
		subject_refresh(x->daemon->subject);
		ask_service(x);
	} else {
		refuse_host(&x->response);
	}
	x->answered = true;
	account_enter(&x->account, PHASE_SEND);
	return send_response(x, connection);
}

struct daemon *
daemon_start(int fd, const struct service *service, struct subject *subject,
	struct fault *fault)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	if (daemon == NULL) {
		fault_set(fault, "no memory");
		return NULL;
	}
	daemon->service = service;
	daemon->subject = subject;
	if (library_load(&daemon->library, fault) == 0) {
		daemon->mhd = daemon->library.start_daemon(
			MHD_USE_INTERNAL_POLLING_THREAD |
				MHD_USE_THREAD_PER_CONNECTION | MHD_USE_AUTO,
			0, NULL, NULL, take_request, daemon,
			MHD_OPTION_LISTEN_SOCKET, fd,
			MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_SECONDS,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
			MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, daemon,
			MHD_OPTION_NOTIFY_COMPLETED, end_exchange, NULL,
			MHD_OPTION_END);
		if (daemon->mhd == NULL)
			fault_set(fault, "libmicrohttpd does not start");
	}
	if (daemon->mhd != NULL)
		return daemon;
	daemon_stop(daemon);
	return NULL;
}

void
daemon_stop(struct daemon *daemon)
{
	if (daemon == NULL)
		return;
	if (daemon->mhd != NULL)
		daemon->library.stop_daemon(daemon->mhd);
	if (daemon->library.handle != NULL)
		dlclose(daemon->library.handle);
	free(daemon);
}
