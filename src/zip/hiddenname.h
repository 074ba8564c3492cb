/* Names of what most likely nobody meant to publish. */

#ifndef HIDDENNAME_H
#define HIDDENNAME_H

#include "base/str.h"

/* Whether a component makes a name hidden: it begins with "." and is not
 * ".well-known" (RFC 8615), or it is "__MACOSX" (resource forks of macOS), or
 * "Thumbs.db" (previews of Windows).  Pure. */
static inline bool
hiddenname_component(struct str component)
{
	if (component.n == 0)
		return false;
	switch (component.p[0]) {
	case '.':
		return !str_eq(component, STR(".well-known"));
	case '_':
		return str_eq(component, STR("__MACOSX"));
	case 'T':
		return str_eq(component, STR("Thumbs.db"));
	default:
		return false;
	}
}

/* Whether a component of name, which is that of a member or a directory, makes
 * it hidden.  Pure. */
bool hiddenname_is(struct str name);

#endif
