#include "zip/rulename.h"

const char *const rulenames[RULENAMES] = {
	[RULENAME_REDIRECTS] = "_redirects",
	[RULENAME_HEADERS] = "_headers",
};

bool
rulename_is(struct str name)
{
	for (int i = 0; i < RULENAMES; i++) {
		if (str_eq(name, str_of(rulenames[i])))
			return true;
	}
	return false;
}
