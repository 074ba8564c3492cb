/* Reads the command line and prints `wwz help`. */

#ifndef COMMANDLINE_H
#define COMMANDLINE_H

#include <stdio.h>

#include "base/fault.h"
#include "options.h"

/* Read the command line.  -1 and fault, a one-line message, when it is wrong.
 */
int commandline_read(struct options *options, int argc, char *const *argv,
	struct fault *fault);

/* Write the help for a command, or an overview for COMMANDS. */
void commandline_help(enum command topic, FILE *file);

#endif
