#include "pack/packname.h"

#include <stdio.h>

#include "base/str.h"

int
packname_make(char name[PATH_MAX], const char *directory)
{
	struct str path = str_of(directory), rest, last = {NULL, 0};

	while (str_ends(path, STR("/")))
		path.n--;
	for (rest = path; rest.p != NULL;)
		last = str_cut(&rest, '/');
	if (last.n == 0 || str_eq(last, STR(".")) || str_eq(last, STR("..")))
		return -1;
	return snprintf(name, PATH_MAX, "%.*s.wwz", STR_ARG(path)) < PATH_MAX
		? 0
		: -1;
}
