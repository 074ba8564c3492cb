#include "http/encoding.h"

enum { WEIGHT_ONE = 1000, WEIGHT_LAST = 1, ANY = CODINGS };

const struct str encoding_names[CODINGS] = {
	[CODING_IDENTITY] = {"", 0},
	[CODING_GZIP] = {"gzip", 4},
	[CODING_ZSTD] = {"zstd", 4},
	[CODING_BR] = {"br", 2},
};

const struct str encoding_suffixes[CODINGS] = {
	[CODING_GZIP] = {".gz", 3},
	[CODING_ZSTD] = {".zst", 4},
	[CODING_BR] = {".br", 3},
};

/* Read a qvalue (RFC 9110, section 12.4.2) in thousandths; -1 when it is
 * malformed. */
static int
read_weight(struct str value)
{
	static const int unit[] = {1000, 100, 10, 1};
	int weight = 0;

	if (value.n == 0 || value.n > 5 || (value.n > 1 && value.p[1] != '.'))
		return -1;
	for (size_t i = 0; i < value.n; i++) {
		if (i == 1)
			continue;
		if (value.p[i] < '0' || value.p[i] > '9')
			return -1;
		weight += (value.p[i] - '0') * unit[i > 0 ? i - 1 : 0];
	}
	return weight <= WEIGHT_ONE ? weight : -1;
}

/* The weight among the parameters of a coding; -1 when they are malformed. */
static int
read_parameters(struct str parameters)
{
	struct str name, value = str_trim(parameters);

	if (parameters.p == NULL)
		return WEIGHT_ONE;
	name = str_cut(&value, '=');
	if (!str_eq_nocase(name, STR("q")))
		return -1;
	return read_weight(value);
}

/* The coding called name, ANY for "*", -1 for one that is not known here. */
static int
read_name(struct str name)
{
	if (str_eq(name, STR("*")))
		return ANY;
	if (str_eq_nocase(name, STR("identity")))
		return CODING_IDENTITY;
	if (str_eq_nocase(name, STR("x-gzip")))
		return CODING_GZIP;
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		if (str_eq_nocase(name, encoding_names[i]))
			return i;
	}
	return -1;
}

struct accept
encoding_read(struct str field)
{
	int weight[CODINGS + 1] = {-1, -1, -1, -1, -1};
	struct accept accept;

	while (field.n > 0) {
		struct str element = str_trim(str_cut(&field, ','));
		int coding = read_name(str_trim(str_cut(&element, ';')));
		int w = read_parameters(element);

		if (coding >= 0 && w >= 0)
			weight[coding] = w;
	}
	for (int i = 0; i < CODINGS; i++) {
		if (weight[i] < 0)
			weight[i] = weight[ANY];
		if (weight[i] < 0)
			weight[i] = i == CODING_IDENTITY ? WEIGHT_LAST : 0;
		accept.weight[i] = (uint16_t)weight[i];
	}
	return accept;
}

enum coding
encoding_choose(const struct accept *accept, unsigned available)
{
	enum coding best = CODING_NONE;

	for (int i = 0; i < CODINGS; i++) {
		if ((available & 1u << i) == 0 || accept->weight[i] == 0)
			continue;
		if (best == CODING_NONE ||
			accept->weight[i] >= accept->weight[best])
			best = (enum coding)i;
	}
	return best;
}
