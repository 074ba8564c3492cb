#include "zip/hiddenname.h"

bool
hiddenname_is(struct str name)
{
	while (name.n > 0) {
		if (hiddenname_component(str_cut(&name, '/')))
			return true;
	}
	return false;
}
