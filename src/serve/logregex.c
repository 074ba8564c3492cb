/* A backtracking matcher can take exponential time; PCRE2 counts its steps and
 * gives up.  regexec() of glibc cannot be bounded: it takes quadratic time for
 * some patterns, and keeps each state that it has met, of which there can be as
 * many as bytes in the log. */

#include "serve/logregex.h"

#include <stdlib.h>

#ifdef WWZ_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Parentheses in parentheses, which the compiler goes into recursively. */
enum { NESTED_MOST = 50 };

struct logregex {
	pcre2_code *code;
	pcre2_match_data *found;
	pcre2_match_context *limits;
};

bool
logregex_is_there(void)
{
	return true;
}

static bool
has_capital(struct str pattern)
{
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i] == '\\')
			i++;
		else if (pattern.p[i] >= 'A' && pattern.p[i] <= 'Z')
			return true;
	}
	return false;
}

static pcre2_code *
compile(struct str pattern)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
	pcre2_code *code = NULL;
	PCRE2_SIZE where;
	int error;

	if (context == NULL)
		return NULL;
	if (!has_capital(pattern))
		options |= PCRE2_CASELESS;
	pcre2_set_parens_nest_limit(context, NESTED_MOST);
	code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &error,
		&where, context);
	pcre2_compile_context_free(context);
	return code;
}

struct logregex *
logregex_new(struct str pattern)
{
	struct logregex *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->code = compile(pattern);
	r->limits = pcre2_match_context_create(NULL);
	if (r->code != NULL)
		r->found = pcre2_match_data_create(1, NULL);
	if (r->found == NULL || r->limits == NULL) {
		logregex_free(r);
		return NULL;
	}
	pcre2_set_match_limit(r->limits, LOGREGEX_STEPS);
	pcre2_set_heap_limit(r->limits, LOGREGEX_MEMORY / 1024);
	return r;
}

void
logregex_free(struct logregex *r)
{
	if (r == NULL)
		return;
	pcre2_match_data_free(r->found);
	pcre2_match_context_free(r->limits);
	pcre2_code_free(r->code);
	free(r);
}

int
logregex_match(struct logregex *r, struct str text, size_t from, size_t *at,
	size_t *end)
{
	int n = pcre2_match(r->code, (PCRE2_SPTR)text.p, text.n, from,
		PCRE2_NO_UTF_CHECK, r->found, r->limits);
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(r->found);

	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0)
		return -1;
	*at = places[0];
	/* With \K in a lookahead a match can end before it begins. */
	*end = places[1] > places[0] ? places[1] : places[0];
	return 1;
}

#else

bool
logregex_is_there(void)
{
	return false;
}

struct logregex *
logregex_new(struct str pattern)
{
	(void)pattern;
	return NULL;
}

void
logregex_free(struct logregex *r)
{
	(void)r;
}

int
logregex_match(struct logregex *r, struct str text, size_t from, size_t *at,
	size_t *end)
{
	(void)r, (void)text, (void)from, (void)at, (void)end;
	return 0;
}

#endif
