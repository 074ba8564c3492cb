/* A record of the central directory (46 bytes, its name and extra fields), and
 * the local header that it is held against.
 *
 * When they are said to agree, then name, method and sizes are indeed the same;
 * and a header that is made of what the record says agrees. */

#include "base/bytes.h"
#include "fuzz.h"
#include "zip/ziplocal.h"

enum { ZIP64_SIZE = 4 + 2 * 8 };

#define LOCAL_SIGNATURE 0x04034b50u

struct header {
	unsigned char *p;
	size_t n;
};

/* Cut the record off *rest; false when it is not all there. */
static bool
cut_member(struct member *member, struct str *rest)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t name, extra;

	if (rest->n < ZIPENTRY_SIZE)
		return false;
	name = get16(p + 28);
	extra = get16(p + 30);
	if (rest->n - ZIPENTRY_SIZE < name + extra)
		return false;
	zipentry_read(p, 0, member);
	*rest = str_slice(*rest, ZIPENTRY_SIZE + name + extra, rest->n);
	return true;
}

/* A size of the directory's is recorded as this in the local header: in 32 bits
 * or, where these are all ones, somewhere in the extra fields. */
static bool
says(const unsigned char *recorded, struct str extra, uint64_t size)
{
	unsigned char wanted[8];

	put64(wanted, size);
	return get32(recorded) == size ||
		(get32(recorded) == UINT32_MAX &&
			memmem(extra.p, extra.n, wanted, 8) != NULL);
}

/* ...or it is left out, because it follows the data: 0, or all ones. */
static bool
says_or_omits(const unsigned char *recorded, struct str extra, uint64_t size,
	bool later)
{
	return says(recorded, extra, size) ||
		(later &&
			(says(recorded, extra, 0) ||
				get32(recorded) == UINT32_MAX));
}

/* A backslash of the local header may be a slash in the directory. */
static bool
same_but_backslashes(struct str local, struct str name)
{
	bool same = local.n == name.n;

	for (size_t i = 0; same && i < name.n; i++)
		same = local.p[i] == name.p[i] ||
			(local.p[i] == '\\' && name.p[i] == '/');
	return same;
}

static void
check_agreement(const unsigned char *header, const struct member *member)
{
	struct str name = {
		(const char *)header + ZIPLOCAL_SIZE, get16(header + 26)};
	struct str extra = {name.p + name.n, get16(header + 28)};
	unsigned flags = get16(header + 6);
	bool later = (flags & ZIP_DESCRIPTOR) != 0;

	name = zipentry_plain(name);
	fuzz_law(same_but_backslashes(name, zipentry_plain(member->recorded)),
		"agreeing names are the same", name);
	fuzz_law(get16(header + 8) == member->method,
		"agreeing methods are the same", name);
	fuzz_law((flags & 1) == (member->flags & 1u),
		"both are encrypted or none is", name);
	fuzz_law(says_or_omits(header + 22, extra, member->size, later),
		"agreeing sizes are the same", name);
	fuzz_law(says_or_omits(header + 18, extra, member->packed, later),
		"agreeing compressed sizes are the same", name);
}

static void
check_header(struct str input, const struct member *member)
{
	unsigned char fixed[ZIPLOCAL_SIZE];
	unsigned char *header;
	uint32_t size;

	if (input.n < sizeof(fixed))
		return;
	memcpy(fixed, input.p, sizeof(fixed));
	size = ziplocal_size(fixed);
	if (get32(fixed) != LOCAL_SIGNATURE) {
		fuzz_law(size == 0, "another signature is no local header",
			input);
		return;
	}
	fuzz_law(size == 30u + get16(fixed + 26) + get16(fixed + 28),
		"a header is as long as its parts", input);
	if (size > input.n)
		return;
	header = malloc(size);
	if (header == NULL)
		abort();
	memcpy(header, input.p, size);
	if (ziplocal_differs(header, member) == NULL)
		check_agreement(header, member);
	free(header);
}

/* Write the local header that belongs to member, sizes as zip64 has them or
 * left to the data descriptor. */
static struct header
make_header(const struct member *member, bool zip64, bool later)
{
	const size_t n = member->recorded.n;
	struct header header = {
		NULL, ZIPLOCAL_SIZE + n + (zip64 ? ZIP64_SIZE : 0)};
	unsigned char *p = calloc(1, header.n), *extra;

	if (p == NULL)
		abort();
	header.p = p;
	put32(p, LOCAL_SIGNATURE);
	put16(p + 6,
		(member->flags & ZIP_ENCRYPTED) |
			(later ? ZIP_DESCRIPTOR : 0u));
	put16(p + 8, member->method);
	put32(p + 18,
		zip64           ? UINT32_MAX
			: later ? 0
				: (uint32_t)member->packed);
	put32(p + 22, zip64 ? UINT32_MAX : later ? 0 : (uint32_t)member->size);
	put16(p + 26, n);
	memcpy(p + ZIPLOCAL_SIZE, member->recorded.p, n);
	if (!zip64)
		return header;
	put16(p + 28, ZIP64_SIZE);
	extra = p + ZIPLOCAL_SIZE + n;
	put16(extra, 1);
	put16(extra + 2, ZIP64_SIZE - 4);
	put64(extra + 4, later ? 0 : member->size);
	put64(extra + 12, later ? 0 : member->packed);
	return header;
}

static void
check_made(const struct member *member)
{
	bool large = member->size >= UINT32_MAX || member->packed >= UINT32_MAX;

	for (int i = 0; i < 4; i++) {
		bool zip64 = (i & 1) != 0, later = (i & 2) != 0;
		struct header header;

		/* Such a number is not there, but looked for elsewhere. */
		if (!zip64 && large && !later)
			continue;
		header = make_header(member, zip64, later);
		fuzz_law(ziplocal_size(header.p) == header.n,
			"a header that was made is a header", member->recorded);
		fuzz_law(ziplocal_differs(header.p, member) == NULL,
			"a header of the same content agrees",
			member->recorded);
		free(header.p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct member member;

	if (!cut_member(&member, &rest))
		return 0;
	check_header(rest, &member);
	check_made(&member);
	return 0;
}
