/* Clocks as numbers: CLOCK_MONOTONIC, but for clock_seconds. */

#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND INT64_C(1000000000) /* of clock_ns */

/* Nanoseconds. */
static inline int64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

/* Milliseconds, rounded down. */
static inline int64_t
clock_ms(void)
{
	return clock_ns() / 1000000;
}

/* Seconds since 1970.  Unlike time(3), which lags by a tick, never behind the
 * time of a file that has just been written. */
static inline int64_t
clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

#endif
