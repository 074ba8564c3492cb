/* Delays the signals that end the process, so that a task can clean up first.
 * The task checks for them now and then. */

#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* Block SIGINT, SIGTERM and SIGHUP, unless ignored, in this thread and those it
 * starts.  Returns what was blocked before. */
sigset_t interrupt_hold(void);

/* Whether one of these signals is pending.  Any thread. */
bool interrupt_pending(void);

/* Wait for one of these signals, which all threads hold, and take it. */
void interrupt_wait(void);

/* Block what was blocked before.  If the signals were not, and one is pending,
 * this does not return. */
void interrupt_release(const sigset_t *before);

#endif
