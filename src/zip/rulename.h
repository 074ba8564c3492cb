/* Names of the files in an archive's top directory in which its author says how
 * it is to be served (http/rules.h).  They are not served themselves. */

#ifndef RULENAME_H
#define RULENAME_H

#include "base/str.h"

enum rulename { RULENAME_REDIRECTS, RULENAME_HEADERS, RULENAMES };

extern const char *const rulenames[RULENAMES];

/* Whether name is one of them.  Pure. */
bool rulename_is(struct str name);

#endif
