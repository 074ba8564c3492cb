#include "zip/ziplocal.h"

#include "base/bytes.h"

#define LOCAL_SIGNATURE 0x04034b50u

uint32_t
ziplocal_size(const unsigned char *header)
{
	if (get32(header) != LOCAL_SIGNATURE)
		return 0;
	return ZIPLOCAL_SIZE + (uint32_t)get16(header + 26) +
		get16(header + 28);
}

/* A backslash in the local header may have become a slash in the copy of the
 * directory (zipname.h). */
static bool
same_bytes(struct str local, struct str recorded)
{
	if (local.n != recorded.n)
		return false;
	for (size_t i = 0; i < local.n; i++) {
		if (local.p[i] != recorded.p[i] &&
			!(local.p[i] == '\\' && recorded.p[i] == '/'))
			return false;
	}
	return true;
}

static bool
same_name(struct str local, struct str recorded)
{
	return same_bytes(local, recorded) ||
		same_bytes(zipentry_plain(local), zipentry_plain(recorded));
}

/* Whether the header leaves the size out, because it follows the data.
 * SharpZipLib up to 1.3.3 writes all ones for that, also in the zip64 field. */
static bool
is_unknown(uint64_t size)
{
	return size == 0 || size == UINT32_MAX || size == UINT64_MAX;
}

const char *
ziplocal_differs(const unsigned char *header, const struct member *member)
{
	struct str name = {
		(const char *)header + ZIPLOCAL_SIZE, get16(header + 26)};
	struct str extra = {name.p + name.n, get16(header + 28)};
	struct member local = {
		.size = get32(header + 22), .packed = get32(header + 18)};
	unsigned flags = get16(header + 6);
	bool later = (flags & ZIP_DESCRIPTOR) != 0;

	zipentry_read_extra(&local, extra);
	if (!same_name(name, member->recorded))
		return "local header and directory differ in name";
	if (get16(header + 8) != member->method)
		return "local header and directory differ in method";
	if (((flags ^ member->flags) & ZIP_ENCRYPTED) != 0)
		return "local header and directory differ in encryption";
	if (local.size != member->size && !(later && is_unknown(local.size)))
		return "local header and directory differ in size";
	if (local.packed != member->packed &&
		!(later && is_unknown(local.packed)))
		return "local header and directory differ in compressed size";
	return NULL;
}

bool
ziplocal_crc_differs(const unsigned char *header, const struct member *member)
{
	return (get16(header + 6) & ZIP_DESCRIPTOR) == 0 &&
		get32(header + 14) != member->crc;
}
