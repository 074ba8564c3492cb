#include "archive/packing.h"

bool
packing_supports(enum packing packing)
{
	switch (packing) {
	case PACKING_NONE:
	case PACKING_GZIP:
		return true;
	default:
		return decompress_memory(packing) > 0;
	}
}

static bool
begins(const unsigned char *p, size_t n, struct str with)
{
	return str_starts((struct str){(const char *)p, n}, with);
}

bool
packing_begins(enum packing packing, const unsigned char *p, size_t n)
{
	switch (packing) {
	case PACKING_GZIP:
		return begins(p, n, STR("\x1f\x8b"));
	case PACKING_ZSTD:
		/* RFC 8878, sections 3.1.1 and 3.1.2. */
		return begins(p, n, STR("\x28\xb5\x2f\xfd")) ||
			(n >= 4 && p[0] >> 4 == 5 &&
				begins(p + 1, n - 1, STR("\x2a\x4d\x18")));
	case PACKING_XZ:
		return begins(p, n,
			STR("\xfd"
			    "7zXZ\0"));
	case PACKING_BZIP2:
		return begins(p, n, STR("BZh"));
	default:
		return true;
	}
}

ssize_t
packing_drain(struct source *packed)
{
	char buffer[16 * 1024];
	ssize_t got = packed->read(packed, buffer, sizeof(buffer));

	return got > 0 ? SOURCE_LATER : got;
}
