/* Reads the command line and prints `wwz help`. */

#ifndef COMMANDLINE_H
#define COMMANDLINE_H

#include <stdio.h>

#include "options.h"

struct commandline_fault {
	char text[256];
};

/* Read the command line.  -1 and fault, a one-line message, when it is wrong.
 */
int commandline_read(struct options *options, int argc, char *const *argv,
	struct commandline_fault *fault);

/* Write the help for a command, or an overview for COMMANDS. */
void commandline_help(enum command topic, FILE *file);

#endif
