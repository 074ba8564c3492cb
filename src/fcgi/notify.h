/* Messages to the service manager in systemd's protocol, sd_notify(3), without
 * its library. */

#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* Open a socket for notify, to be closed by the caller.  -1 when there is no
 * manager, or with errno. */
int notify_open(void);

/* Send "NAME=value" lines, formatted as by printf, through fd to the socket
 * that NOTIFY_SOCKET names, unless fd is -1.  Never blocks and preserves
 * errno.  Any thread. */
void notify(int fd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The interval for sending "WATCHDOG=1": half of the manager's timeout, in
 * milliseconds; 0 when it has no watchdog. */
int64_t notify_watchdog_ms(void);

#endif
