/* `wwz list` and `wwz cat`: what the server sees in an archive, for pipes. */

#ifndef MEMBERS_H
#define MEMBERS_H

#include "options.h"
#include "zip/charset.h"

/* List the members of the archive that options name, each as a line or as a
 * JSON object, as the server would send them.  names is the character set of
 * names without the UTF-8 flag, or NULL.  Returns the process's exit status: a
 * failure, of which standard error tells, when the archive cannot be read or
 * the list not written. */
int members_list(const struct options *options, struct charset *names);

/* Write the content of the members that options name, one behind the other;
 * each is called by any name that requests may use.  Returns the process's exit
 * status: a failure, of which standard error tells, when one is missing or
 * damaged, or cannot be written. */
int members_cat(const struct options *options, struct charset *names);

#endif
