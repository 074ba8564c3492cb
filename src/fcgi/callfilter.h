/* Forbids the system calls that serving does not need: seccomp(2). */

#ifndef CALLFILTER_H
#define CALLFILTER_H

/* From now on, all threads can only make the system calls listed in
 * callfilter.c; any other fails with ENOSYS and is logged by the kernel.  To be
 * called when all threads have started and all sockets are open; needs
 * PR_SET_NO_NEW_PRIVS.  On failure nothing has changed: -1 with errno, which is
 * ENOSYS where the list has not been verified, that is, on other processors and
 * in a build with a sanitizer. */
int callfilter_install(void);

#endif
