/* Replaces pack/packverify.c when there is no libzip to read archives back
 * with: nothing is packed. */

#include "pack/packverify.h"

bool
packverify_is_possible(void)
{
	return false;
}

int
packverify_archive(const struct verify_file *file, const struct items *items,
	int threads, struct progress *progress, struct fault *fault)
{
	(void)items;
	(void)threads;
	(void)progress;
	return fault_file(fault, str_of(file->path),
		"this wwz was built without libzip, which reads back what is packed");
}
