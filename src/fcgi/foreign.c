#include "fcgi/foreign.h"

#define SAYS "This port speaks FastCGI, not HTTP. Connect a web server to it.\n"

/* A request line begins with a method, which is a word in capitals (RFC 9112,
 * section 3). */
static bool
is_http(struct str start)
{
	size_t n = 0;

	while (n < start.n && start.p[n] >= 'A' && start.p[n] <= 'Z')
		n++;
	return n > 0 && n < start.n && start.p[n] == ' ';
}

/* A handshake (22) in a record of TLS (RFC 8446, section 5.1). */
static bool
is_tls(struct str start)
{
	return str_starts(start, STR("\x16\x03"));
}

struct foreign
foreign_read(struct str start)
{
	if (is_http(start))
		return (struct foreign){"the peer speaks HTTP, not FastCGI",
			STR("HTTP/1.1 400 Bad Request\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Length: 64\r\n"
			    "Connection: close\r\n"
			    "\r\n" SAYS)};
	if (is_tls(start))
		return (struct foreign){
			.why = "the peer speaks TLS, not FastCGI"};
	return (struct foreign){.why = "not a FastCGI request"};
}

static_assert(sizeof(SAYS) - 1 == 64, "Content-Length");
