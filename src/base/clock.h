/* Clocks as numbers: CLOCK_MONOTONIC, but for clock_seconds. */

#ifndef CLOCK_H
#define CLOCK_H

#include <pthread.h>
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

/* Initialize a condition that is waited for until a time of this clock, which
 * nobody sets. */
static inline void
clock_init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t how;

	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &how);
	pthread_condattr_destroy(&how);
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
