/* Delays the signals that end the process, so that a task can clean up first.
 * The task checks for them now and then. */

#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* Block SIGINT, SIGTERM and SIGHUP, unless ignored, in this thread and those it
 * starts. */
void interrupt_hold(void);

/* Whether one of these signals is pending.  Any thread. */
bool interrupt_pending(void);

/* Unblock the signals.  If one is pending, this does not return. */
void interrupt_release(void);

#endif
