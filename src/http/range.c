#include "http/range.h"

enum part {
	PART_FINE,
	PART_NONE, /* lies behind the end */
	PART_NONSENSE,
};

/* Read digits.  A number that does not fit in 64 bits becomes the largest one.
 */
static bool
read_position(struct str digits, uint64_t *position)
{
	*position = 0;
	for (size_t i = 0; i < digits.n; i++) {
		uint64_t digit = (unsigned char)digits.p[i] - (uint64_t)'0';

		if (digit > 9)
			return false;
		if (*position > (UINT64_MAX - digit) / 10)
			*position = UINT64_MAX;
		else
			*position = *position * 10 + digit;
	}
	return digits.n > 0;
}

static enum part
read_suffix(struct str digits, uint64_t size, struct span *span)
{
	uint64_t n;

	if (!read_position(digits, &n))
		return PART_NONSENSE;
	*span = (struct span){n < size ? size - n : 0, size};
	return n > 0 ? PART_FINE : PART_NONE;
}

static enum part
read_part(struct str part, uint64_t size, struct span *span)
{
	struct str first = str_cut(&part, '-');
	uint64_t last;

	if (part.p == NULL)
		return PART_NONSENSE;
	if (first.n == 0)
		return read_suffix(part, size, span);
	if (!read_position(first, &span->first))
		return PART_NONSENSE;
	last = UINT64_MAX;
	if (part.n > 0 && !read_position(part, &last))
		return PART_NONSENSE;
	if (last < span->first)
		return PART_NONSENSE;
	span->end = last < size ? last + 1 : size;
	return span->first < size ? PART_FINE : PART_NONE;
}

/* Join span with every one of the n parts that it touches.  Returns how many
 * parts there are then, or max + 1 when there is no room. */
static int
join_span(struct span parts[], int n, int max, struct span span)
{
	int place = n, left = 0;

	for (int i = 0; i < n; i++) {
		struct span *part = &parts[i];

		if (part->first > span.end || span.first > part->end) {
			parts[left++] = *part;
			continue;
		}
		if (part->first < span.first)
			span.first = part->first;
		if (part->end > span.end)
			span.end = part->end;
		if (place == n)
			place = left++;
	}
	if (place == n) {
		if (left == max)
			return max + 1;
		place = left++;
	}
	parts[place] = span;
	return left;
}

int
range_read(struct str field, uint64_t size, struct span parts[], int max)
{
	struct str unit = str_cut(&field, '=');
	bool any = false;
	int n = 0;

	if (!str_eq_nocase(str_trim(unit), STR("bytes")))
		return 0;
	while (field.n > 0) {
		struct str text = str_trim(str_cut(&field, ','));
		struct span span;
		enum part part;

		if (text.n == 0)
			continue;
		part = read_part(text, size, &span);
		if (part == PART_NONSENSE)
			return 0;
		any = true;
		if (part == PART_NONE)
			continue;
		if (size == 0)
			return 0;
		n = join_span(parts, n, max, span);
		if (n > max)
			return 0;
	}
	return n > 0 ? n : any ? RANGE_NONE : 0;
}
