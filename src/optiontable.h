/* The table of all commands and options: what is read, what `wwz help` says. */

#ifndef OPTIONTABLE_H
#define OPTIONTABLE_H

#include "options.h"

enum { OPTIONS_SPECS_MAX = 64 };

/* What is wrong with the value of an option; NULL when nothing is. */
typedef const char *set_option(struct options *options, const char *value);

struct option_spec {
	const char *name;
	int letter;           /* 0: none */
	const char *argument; /* NULL: none */
	unsigned on;          /* commands that have it: bits 1 << command */
	set_option *set;
	const char *says;
};

struct command_spec {
	const char *name, *arguments, *says;
	int least, most;   /* words behind the options */
	const char *wants; /* what they are, for when they lack */
};

/* In the order of the help; the last one has no name. */
extern const struct option_spec option_specs[];

extern const struct command_spec command_specs[COMMANDS];

#endif
