/* What a service manager wants to hear of a service: sd_notify(3), systemd's
 * protocol, by hand. */

#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* Send "NAME=value" lines, made as by printf, to the socket that NOTIFY_SOCKET
 * names; without one nothing happens.  Never waits.  Keeps errno.  Any thread.
 */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often "WATCHDOG=1" is to be sent: half of the time after which the
 * manager loses patience, in milliseconds; 0 when it has asked for nothing. */
int64_t notify_watchdog_ms(void);

#endif
