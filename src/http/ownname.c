#include "http/ownname.h"

#include "http/path.h"
#include "zip/rulename.h"

static bool
is_log_directory(struct str directory)
{
	return str_eq(directory, STR("-wwz-log")) ||
		str_ends(directory, STR("/-wwz-log"));
}

enum ownname
ownname_child(struct str directory, struct str name)
{
	if (directory.n == 0 &&
		(str_eq(name, STR("-wwz-archive")) ||
			str_eq(name, STR("-wwz-archive.zip"))))
		return OWNNAME_ARCHIVE;
	if (directory.n == 0 && str_eq(name, STR("-wwz-status")))
		return OWNNAME_STATUS;
	if (str_eq(name, STR("-wwz-index")))
		return OWNNAME_LISTING;
	if (str_eq(name, STR("-wwz-search")))
		return OWNNAME_SEARCH;
	if (is_log_directory(directory) ||
		(directory.n > 0 && str_eq(name, STR("-wwz-log"))))
		return OWNNAME_LOG;
	return OWNNAME_NONE;
}

enum ownname
ownname_page(struct str name)
{
	return ownname_child(path_parent(name), path_last(name));
}

bool
ownname_covers(struct str name)
{
	return ownname_page(name) != OWNNAME_NONE ||
		str_starts(name, STR("-wwz-index/"));
}

bool
ownname_keeps_back(const struct archive *archive, struct str name)
{
	return ownname_covers(name) || (archive->ruled && rulename_is(name));
}

bool
ownname_in_tree(struct str *name, bool slash)
{
	const struct str tree = STR("-wwz-index/");

	if (str_starts(*name, tree))
		*name = str_slice(*name, tree.n, name->n);
	else if (slash && str_eq(*name, STR("-wwz-index")))
		*name = (struct str){NULL, 0};
	else
		return false;
	return true;
}

struct str
ownname_logged(struct str name, struct arena *arena)
{
	struct str marked = path_parent(name);

	/* The mark comes after the member's name, or before its last component.
	 */
	if (is_log_directory(name))
		return marked;
	return path_join(path_parent(marked), path_last(name), arena);
}
