/* zip_stat_index, for a libzip built with a time_t of either size. */

#ifndef ZIPSTAT_H
#define ZIPSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zip.h>

/* zip_stat_t where time_t has 32 bits. */
struct zipstat_narrow {
	zip_uint64_t valid;
	const char *name;
	zip_uint64_t index, size, comp_size;
	int32_t mtime;
	zip_uint32_t crc;
	zip_uint16_t comp_method, encryption_method;
	zip_uint32_t flags;
};

/* As zip_stat_index.  libzip's own idea of no time, -1, tells how wide it is:
 * behind a narrow one zip_stat_init leaves a CRC-32 of 0. */
static inline int
zipstat_index(
	zip_t *zip, zip_uint64_t index, zip_flags_t flags, zip_stat_t *stat)
{
	struct zipstat_narrow narrow;
	int result;
	bool wide;

	zip_stat_init(stat);
	wide = stat->mtime == -1;
	result = zip_stat_index(zip, index, flags, stat);
	if (wide)
		return result;
	memcpy(&narrow, stat, sizeof(narrow));
	stat->mtime = narrow.mtime;
	stat->crc = narrow.crc;
	stat->comp_method = narrow.comp_method;
	stat->encryption_method = narrow.encryption_method;
	stat->flags = narrow.flags;
	return result;
}

#endif
