/* Giving up the system calls that serving does not need: seccomp(2). */

#ifndef CALLFILTER_H
#define CALLFILTER_H

/* From here on, all threads can only make the system calls that are listed in
 * callfilter.c; any other one fails with ENOSYS, and the kernel's log names it.
 * After all threads have started and all sockets are open; needs
 * PR_SET_NO_NEW_PRIVS.  -1 with errno, and nothing has changed, when the kernel
 * cannot, ENOSYS where the list is not known to be right: on other processors,
 * and in a build with a sanitizer. */
int callfilter_install(void);

#endif
