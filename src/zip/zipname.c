#include "zip/zipname.h"

#include "base/bytes.h"
#include "base/crc.h"

/* Systems in "version made by" (section 4.4.2), where Info-ZIP has a number of
 * its own for NTFS. */
enum { MADE_BY_FAT = 0, MADE_BY_NTFS = 10, MADE_BY_NTFS_TOO = 11, VFAT = 14 };

enum { UNICODE_PATH = 0x7075, UNICODE_PATH_SIZE = 5, LEAD_BYTE = 0x81 };

bool
zipname_by_microsoft(const unsigned char *entry)
{
	unsigned system = entry[5];

	return system == MADE_BY_FAT || system == MADE_BY_NTFS ||
		system == MADE_BY_NTFS_TOO || system == VFAT;
}

static bool
is_marked_utf8(const unsigned char *entry)
{
	return (get16(entry + 8) & ZIP_UTF8) != 0;
}

/* Whether a backslash may be the second byte of a character. */
static bool
is_doubtful(const unsigned char *entry, struct str name)
{
	if (is_marked_utf8(entry) || str_is_utf8(name))
		return false;
	for (size_t i = 1; i < name.n; i++) {
		if (name.p[i] == '\\' &&
			(unsigned char)name.p[i - 1] >= LEAD_BYTE)
			return true;
	}
	return false;
}

bool
zipname_has_backslashes(
	const unsigned char *entries, size_t size, struct charset *charset)
{
	const unsigned char *entry = entries, *end = entries + size;
	bool found = false;

	for (; entry < end; entry += zipentry_size(entry)) {
		struct str name = zipentry_recorded(entry);

		if (!zipname_by_microsoft(entry) ||
			memchr(name.p, '/', name.n) != NULL)
			return false;
		if (memchr(name.p, '\\', name.n) == NULL)
			continue;
		if (charset == NULL && is_doubtful(entry, name))
			return false;
		found = true;
	}
	return found;
}

/* name lies in an entry. */
static void
replace_backslashes(struct str name, struct charset *charset)
{
	while (name.n > 0) {
		if (name.p[0] == '\\')
			*(char *)(uintptr_t)name.p = '/';
		name = str_slice(name, charset_step(charset, name), name.n);
	}
}

struct str
zipname_unicode(const unsigned char *entry)
{
	struct str raw = zipentry_recorded(entry),
		   extra = zipentry_extra(entry);

	if (is_marked_utf8(entry))
		extra.n = 0;
	while (extra.n >= 4) {
		const unsigned char *p = (const unsigned char *)extra.p;
		size_t n = get16(p + 2);
		struct str name;

		if (n > extra.n - 4)
			break;
		name = str_slice(extra, 4 + UNICODE_PATH_SIZE, 4 + n);
		if (get16(p) == UNICODE_PATH && n > UNICODE_PATH_SIZE &&
			p[4] == 1 && get32(p + 5) == crc_add(0, raw.p, raw.n) &&
			(size_t)(name.p - raw.p) <= UINT16_MAX &&
			str_is_utf8(name))
			return name;
		extra = str_slice(extra, 4 + n, extra.n);
	}
	return (struct str){NULL, 0};
}

bool
zipname_settle(unsigned char *entry, bool backslashes, struct charset *charset)
{
	struct str raw = zipentry_recorded(entry);
	struct str name = zipname_unicode(entry);

	if (backslashes) {
		if (is_marked_utf8(entry) || str_is_utf8(raw))
			charset = NULL;
		replace_backslashes(raw, charset);
		replace_backslashes(name, NULL);
	}
	if (name.p == NULL || str_eq(name, raw) ||
		zipentry_unreachable(zipentry_plain(name), NULL) != NULL)
		name = raw;
	zipentry_set_name(entry, zipentry_plain(name));
	zipentry_clear_word(entry);
	return name.p != raw.p;
}
