/* The table of all commands and options, for the parser and for `wwz help`. */

#ifndef OPTIONTABLE_H
#define OPTIONTABLE_H

#include "options.h"

enum { OPTIONS_SPECS_MAX = 64 };

/* Set an option to value.  Returns what is wrong with value, or NULL. */
typedef const char *set_option(struct options *options, const char *value);

struct option_spec {
	const char *name;
	int letter;           /* 0: none */
	const char *argument; /* NULL: none; "[=VALUE]": it may be left out */
	unsigned on; /* commands that have the option: bits 1 << command */
	/* It gets NULL for an argument that is left out.  NULL: the value goes
	 * to the member of struct options at offset at, a bool or, if the
	 * option has an argument, a const char *. */
	set_option *set;
	size_t at;
	const char *says;
};

struct command_spec {
	const char *name, *arguments, *says;
	int least, most;   /* number of words after the options */
	const char *wants; /* what they are, for the message when they are
			      missing */
};

/* In the order of the help.  The last element has no name. */
extern const struct option_spec option_specs[];

extern const struct command_spec command_specs[COMMANDS];

#endif
