/* encoding: Accept-Encoding, and what is chosen by it. */

#include "http/encoding.h"
#include "unit.h"

/* The weight of identity when the field does not name it: all else is
 * preferred. */
enum { LEAST = 1 };

/* A field, and the weights of identity, gzip, zstd and br. */
static void
test_read(void **state)
{
	static const struct {
		const char *field;
		int want[CODINGS];
	} table[] = {
		{NULL, {LEAST}},
		{"", {LEAST}},
		{" \t ", {LEAST}},
		{",", {LEAST}},
		{" , ,, ", {LEAST}},
		{"gzip", {LEAST, 1000}},
		{"zstd", {LEAST, 0, 1000}},
		{"br", {LEAST, 0, 0, 1000}},
		{"identity", {1000}},
		{"gzip, br", {LEAST, 1000, 0, 1000}},
		{"gzip,deflate,br,zstd", {LEAST, 1000, 1000, 1000}},
		/* Case, and the old name. */
		{"GZip, ZSTD, bR, Identity;Q=0.5", {500, 1000, 1000, 1000}},
		{"x-gzip", {LEAST, 1000}},
		{"X-GZIP;q=0.3", {LEAST, 300}},
		/* Others are passed over. */
		{"deflate", {LEAST}},
		{"compress, x-compress, dcb, dcz", {LEAST}},
		{"gzi, gzipp, xgzip, x-br, b", {LEAST}},
		{"gz ip", {LEAST}},
		{"\"gzip\"", {LEAST}},
		{"gzip br", {LEAST}},
		{"gzip;br", {LEAST}},
		/* Blanks, and empty elements. */
		{" gzip ", {LEAST, 1000}},
		{"\tgzip\t,\tbr\t", {LEAST, 1000, 0, 1000}},
		{",gzip,,br,", {LEAST, 1000, 0, 1000}},
		{"gzip ; q=0.5", {LEAST, 500}},
		{"gzip\t;\tq=0.5\t", {LEAST, 500}},
		{"gzip;q=0.5 , br ;q=0.4", {LEAST, 500, 0, 400}},
		/* Weights. */
		{"gzip;q=0", {LEAST}},
		{"gzip;q=0.", {LEAST}},
		{"gzip;q=0.0", {LEAST}},
		{"gzip;q=0.00", {LEAST}},
		{"gzip;q=0.000", {LEAST}},
		{"gzip;q=0.001", {LEAST, 1}},
		{"gzip;q=0.01", {LEAST, 10}},
		{"gzip;q=0.1", {LEAST, 100}},
		{"gzip;q=0.123", {LEAST, 123}},
		{"gzip;q=0.999", {LEAST, 999}},
		{"gzip;q=1", {LEAST, 1000}},
		{"gzip;q=1.", {LEAST, 1000}},
		{"gzip;q=1.0", {LEAST, 1000}},
		{"gzip;q=1.00", {LEAST, 1000}},
		{"gzip;q=1.000", {LEAST, 1000}},
		/* A malformed weight makes its element void, and no other. */
		{"gzip;q=1.0000, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=0.0000, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=1.001, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=1.1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=2, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=10, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=01, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=00, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=.5, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=0,5", {LEAST}},
		{"gzip;q=-1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=+1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=, br", {LEAST, 0, 0, 1000}},
		{"gzip;q, br", {LEAST, 0, 0, 1000}},
		{"gzip;, br", {LEAST, 0, 0, 1000}},
		{"gzip;=1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=a, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=0.a, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=0.5a, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=1 .0, br", {LEAST, 0, 0, 1000}},
		{"gzip;q= 1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q =1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=1;q=0, br", {LEAST, 0, 0, 1000}},
		{"gzip;x=1, br", {LEAST, 0, 0, 1000}},
		{"gzip;qq=1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=\"1\", br", {LEAST, 0, 0, 1000}},
		{"gzip;q=\xb1, br", {LEAST, 0, 0, 1000}},
		{"gzip;q=/, br;q=:", {LEAST}},
		{"; q=1, br", {LEAST, 0, 0, 1000}},
		/* Anything else. */
		{"*", {1000, 1000, 1000, 1000}},
		{"*;q=0.5", {500, 500, 500, 500}},
		{"*;q=0", {0}},
		{"*;q=2", {LEAST}},
		{"**, */*, *gzip", {LEAST}},
		{"gzip;q=0, *", {1000, 0, 1000, 1000}},
		{"*, gzip;q=0", {1000, 0, 1000, 1000}},
		{"*;q=0, gzip;q=0.2", {0, 200}},
		{"*;q=0, identity;q=0.2", {200}},
		{"*;q=0.1, gzip;q=nonsense", {100, 100, 100, 100}},
		/* No identity. */
		{"identity;q=0", {0}},
		{"identity;q=0.000, gzip", {0, 1000}},
		{"identity;q=0, *;q=0.5", {0, 500, 500, 500}},
		{"identity;q=0, *;q=0", {0}},
		/* The same element again. */
		{"gzip, gzip", {LEAST, 1000}},
		{"gzip;q=0.5, br, gzip;q=0.5", {LEAST, 500, 0, 1000}},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str field = copy_exactly(str_of(table[i].field));
		struct accept accept = encoding_read(field);

		free((char *)field.p);
		for (int k = 0; k < CODINGS; k++)
			failed += differ_number(
				table[i].field ? table[i].field : "NULL",
				k ? encoding_names[k].p : "identity",
				accept.weight[k], table[i].want[k]);
	}
	assert_int_equal(failed, 0);
}

/* A NUL is no end. */
static void
test_read_nul(void **state)
{
	struct accept accept = encoding_read(STR("gzip\0, br"));

	(void)state;
	assert_int_equal(accept.weight[CODING_GZIP], 0);
	assert_int_equal(accept.weight[CODING_BR], 1000);
}

/* Every number of thousandths, as written and as read. */
static void
test_weights(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (int i = 0; i <= 1999; i++) {
		char field[32];
		struct accept accept;

		snprintf(field, sizeof(field), "br;q=%d.%03d", i / 1000,
			i % 1000);
		accept = encoding_read(str_of(field));
		failed += differ_number(field, "weight",
			accept.weight[CODING_BR], i <= 1000 ? i : 0);
	}
	assert_int_equal(failed, 0);
}

static void
test_choose(void **state)
{
	enum {
		I = 1 << CODING_IDENTITY,
		G = 1 << CODING_GZIP,
		Z = 1 << CODING_ZSTD,
		B = 1 << CODING_BR,
	};
	static const struct {
		const char *field;
		unsigned available;
		enum coding want;
	} table[] = {
		{"", I, CODING_IDENTITY},
		{"", I | G | Z | B, CODING_IDENTITY},
		{"", G, CODING_NONE},
		{"gzip", I, CODING_IDENTITY},
		{"gzip", I | G, CODING_GZIP},
		{"gzip", I | G | Z | B, CODING_GZIP},
		{"gzip", Z | B, CODING_NONE},
		{"gzip", 0, CODING_NONE},
		/* Among equals. */
		{"gzip, br, zstd", I | G | Z | B, CODING_BR},
		{"br, zstd, gzip", I | G | Z, CODING_ZSTD},
		{"identity, gzip", I | G, CODING_GZIP},
		{"identity;q=0.1, gzip;q=0.1", I | G, CODING_GZIP},
		{"*", I | G | Z | B, CODING_BR},
		{"*", I | G, CODING_GZIP},
		{"*", I, CODING_IDENTITY},
		{"gzip, *;q=0.5", I | G | Z | B, CODING_GZIP},
		/* Among others. */
		{"gzip, br;q=0.999, zstd;q=0.5", I | G | Z | B, CODING_GZIP},
		{"gzip;q=0.5, br;q=0.4, zstd;q=0.6", I | G | Z | B,
			CODING_ZSTD},
		{"identity, gzip;q=0.999", I | G, CODING_IDENTITY},
		{"identity;q=0.5, gzip;q=0.4, *;q=0", I | G | Z | B,
			CODING_IDENTITY},
		/* Identity comes last, unless something is said of it. */
		{"gzip;q=0.001", I | G, CODING_GZIP},
		{"gzip;q=0.001, identity;q=0.002", I | G, CODING_IDENTITY},
		/* Nothing, or nearly. */
		{"identity;q=0", I, CODING_NONE},
		{"identity;q=0", I | G | Z | B, CODING_NONE},
		{"*;q=0", I | G | Z | B, CODING_NONE},
		{"identity;q=0, gzip;q=0", I | G, CODING_NONE},
		{"identity;q=0, br", I | G, CODING_NONE},
		{"identity;q=0, *", I, CODING_NONE},
		{"identity;q=0, *", I | G, CODING_GZIP},
		{"*;q=0, identity;q=0.001", I | G, CODING_IDENTITY},
		{"gzip;q=0", I | G, CODING_IDENTITY},
		/* Browsers send these. */
		{"gzip, deflate, br, zstd", I | G, CODING_GZIP},
		{"gzip;q=1.0, identity; q=0.5, *;q=0", I | G, CODING_GZIP},
		{"gzip;q=1.0, identity; q=0.5, *;q=0", I | B, CODING_IDENTITY},
		{"deflate", I | G, CODING_IDENTITY},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct accept accept = encoding_read(str_of(table[i].field));

		failed += differ_number(table[i].field, "coding",
			(int)encoding_choose(&accept, table[i].available),
			(int)table[i].want);
	}
	assert_int_equal(failed, 0);
}

/* For all weights and all that may be there: what is chosen is there, is
 * acceptable, and nothing better is. */
static void
test_choose_all(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (unsigned i = 0; i < 256 * 16; i++) {
		unsigned available = i >> 8;
		struct accept accept;
		enum coding best;

		for (unsigned k = 0; k < CODINGS; k++)
			accept.weight[k] = (uint16_t)((i >> 2 * k & 3) * 300);
		best = encoding_choose(&accept, available);
		for (unsigned k = 0; k < CODINGS; k++) {
			uint16_t weight = accept.weight[k];

			if ((available & 1u << k) == 0 || weight == 0)
				failed += best == k;
			else if (best == CODING_NONE)
				failed++;
			else if (k > best)
				failed += weight >= accept.weight[best];
			else
				failed += weight > accept.weight[best];
		}
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_nul),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_choose_all),
	};

	return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
