#include "zip/zipentry.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "zip/hiddenname.h"

#define SIGNATURE 0x02014b50u

/* zipentry_set_name stores the name's place behind the fixed part, and its
 * length, in these two fields. */
enum { NAME_AT = 34, NAME_SIZE = 36 };

/* zipentry_set_word stores the word's bytes in the version needed and the low
 * half of the external attributes, and then sets the version of the maker. */
enum { HAS_WORD = 4 };
static const unsigned char word_at[] = {6, 7, 38, 39};

size_t
zipentry_size(const unsigned char *entry)
{
	if (get32(entry) != SIGNATURE)
		return 0;
	return ZIPENTRY_SIZE + (size_t)get16(entry + 28) + get16(entry + 30) +
		get16(entry + 32);
}

struct str
zipentry_recorded(const unsigned char *entry)
{
	return (struct str){
		(const char *)entry + ZIPENTRY_SIZE, get16(entry + 28)};
}

struct str
zipentry_extra(const unsigned char *entry)
{
	struct str raw = zipentry_recorded(entry);

	return (struct str){raw.p + raw.n, get16(entry + 30)};
}

struct str
zipentry_plain(struct str name)
{
	if (str_starts(name, STR("/")))
		name = str_slice(name, 1, name.n);
	while (str_starts(name, STR("./")))
		name = str_slice(name, 2, name.n);
	return name;
}

struct str
zipentry_name(const unsigned char *entry)
{
	return (struct str){
		(const char *)entry + ZIPENTRY_SIZE + get16(entry + NAME_AT),
		get16(entry + NAME_SIZE)};
}

void
zipentry_set_name(unsigned char *entry, struct str name)
{
	size_t at = (size_t)(name.p - (const char *)entry) - ZIPENTRY_SIZE;

	put16(entry + NAME_AT, at);
	put16(entry + NAME_SIZE, name.n);
}

void
zipentry_clear_word(unsigned char *entry)
{
	entry[HAS_WORD] = 0;
}

void
zipentry_set_word(unsigned char *entry, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		__atomic_store_n(entry + word_at[i],
			(unsigned char)(word >> 8 * i), __ATOMIC_RELAXED);
	__atomic_store_n(entry + HAS_WORD, 1, __ATOMIC_RELEASE);
}

bool
zipentry_word(const unsigned char *entry, uint32_t *word)
{
	if (__atomic_load_n(entry + HAS_WORD, __ATOMIC_ACQUIRE) == 0)
		return false;
	*word = 0;
	for (int i = 0; i < 4; i++)
		*word |= (uint32_t)__atomic_load_n(
				 entry + word_at[i], __ATOMIC_RELAXED)
			<< 8 * i;
	return true;
}

bool
zipentry_is_legacy(const unsigned char *entry)
{
	return (get16(entry + 8) & ZIP_UTF8) == 0 &&
		!str_is_utf8(zipentry_name(entry));
}

const char *
zipentry_unreachable(struct str name, bool *hidden)
{
	if (name.n == 0)
		return "the name is empty";
	if (str_has_control(name))
		return "the name holds a control character";
	while (name.n > 0) {
		struct str component = str_cut(&name, '/');

		if (component.n == 0)
			return "the name holds an empty component";
		if (str_eq(component, STR(".")))
			return "the name holds the component \".\"";
		if (str_eq(component, STR("..")))
			return "the name holds the component \"..\"";
		if (hiddenname_component(component) && hidden != NULL)
			*hidden = true;
	}
	return NULL;
}

/* Convert an MS-DOS time (section 4.4.6), read as UTC, to seconds since 1970.
 */
static int64_t
from_dos_time(uint16_t time, uint16_t date)
{
	static const int before[12] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int year = (date >> 9) + 1980, month = date >> 5 & 15, day = date & 31;
	int64_t days;

	month = month < 1 ? 1 : month > 12 ? 12 : month;
	day = day < 1 ? 1 : day;
	/* Leap years before year; 2100 is not one. */
	days = (year - 1970) * 365 + (year - 1969) / 4 - (year > 2100);
	days += before[month - 1] + day - 1;
	days += month > 2 && year % 4 == 0 && year != 2100;
	return days * 86400 + (time >> 11) * 3600 + (time >> 5 & 63) * 60 +
		(time & 31) * 2;
}

/* Replace a value that is all ones by the next 64-bit one in field (section
 * 4.5.3). */
static void
take64(struct str *field, uint64_t *value)
{
	if (*value != UINT32_MAX || field->n < 8)
		return;
	*value = get64((const unsigned char *)field->p);
	*field = str_slice(*field, 8, field->n);
}

/* Take the time out of NTFS's field (section 4.5.5): units of 100 ns since
 * 1601, in the attribute numbered 1.  0 means that there is no time. */
static void
take_ntfs_time(struct member *member, struct str field)
{
	const uint64_t second = 10000000, until_1970 = 11644473600,
		       until_10000 = 265046774400;

	if (field.n < 4)
		return;
	field = str_slice(field, 4, field.n);
	while (field.n >= 4) {
		const unsigned char *p = (const unsigned char *)field.p;
		size_t n = get16(p + 2);
		uint64_t time;

		if (n > field.n - 4)
			return;
		field = str_slice(field, 4 + n, field.n);
		if (get16(p) != 1 || n < 8)
			continue;
		time = get64(p + 4) / second;
		if (time == 0 || time >= until_10000)
			return;
		member->modified = (int64_t)(time - until_1970);
		member->local = false;
		return;
	}
}

void
zipentry_read_extra(struct member *member, struct str extra)
{
	while (extra.n >= 4) {
		const unsigned char *p = (const unsigned char *)extra.p;
		unsigned id = get16(p);
		size_t n = get16(p + 2);
		struct str field;

		if (n > extra.n - 4)
			return;
		field = str_slice(extra, 4, 4 + n);
		extra = str_slice(extra, 4 + n, extra.n);
		if (id == 0x0001) {
			take64(&field, &member->size);
			take64(&field, &member->packed);
			take64(&field, &member->offset);
		} else if (id == 0x5455 && n >= 5 && (p[4] & 1) != 0) {
			member->modified = (int32_t)get32(p + 5);
			member->local = false;
		} else if (id == 0x000a && member->local) {
			take_ntfs_time(member, field);
		}
	}
}

/* The mode of the file, as struct member has it. */
static uint16_t
mode_of(const unsigned char *entry)
{
	enum { MADE_BY_UNIX = 3, MADE_BY_OS_X = 19 };

	return entry[5] == MADE_BY_UNIX || entry[5] == MADE_BY_OS_X
		? get16(entry + 40)
		: 0;
}

bool
zipentry_is_link(const unsigned char *entry)
{
	enum { TYPE = 0170000, LINK = 0120000 };

	return (mode_of(entry) & TYPE) == LINK;
}

void
zipentry_read(
	const unsigned char *entry, uint64_t prefix, struct member *member)
{
	*member = (struct member){
		.name = zipentry_name(entry),
		.recorded = zipentry_recorded(entry),
		.size = get32(entry + 24),
		.packed = get32(entry + 20),
		.offset = get32(entry + 42),
		.modified = from_dos_time(get16(entry + 12), get16(entry + 14)),
		.crc = get32(entry + 16),
		.slot = ZIPDIR_NO_SLOT,
		.method = get16(entry + 10),
		.flags = get16(entry + 8),
		.mode = mode_of(entry),
		.local = true,
		.link = zipentry_is_link(entry),
	};
	zipentry_read_extra(member, zipentry_extra(entry));
	/* An offset that overflows lies beyond any file, so archive_locate will
	 * refuse it. */
	if (member->offset > UINT64_MAX - prefix)
		member->offset = UINT64_MAX;
	else
		member->offset += prefix;
}

static int
by_name(const void *a, const void *b, void *data)
{
	const unsigned char *entries = data;

	return str_compare(zipentry_name(entries + *(const uint32_t *)a),
		zipentry_name(entries + *(const uint32_t *)b));
}

void
zipentry_sort(unsigned char *entries, uint32_t *order, size_t n)
{
	qsort_r(order, n, sizeof(*order), by_name, entries);
}
