/* Signals that want to end the process wait until a task has cleaned up: it
 * asks for them now and then. */

#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* Hold INT, TERM and HUP back, in this thread and those that it starts; what
 * the process was started to ignore stays ignored. */
void interrupt_hold(void);

/* One of them is waiting.  Any thread. */
bool interrupt_pending(void);

/* Let them in: if one waits, this does not return. */
void interrupt_release(void);

#endif
