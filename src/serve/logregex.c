/* A backtracking matcher can take exponential time; PCRE2 counts its steps and
 * gives up.  regexec() of glibc cannot be bounded: it takes quadratic time for
 * some patterns, and keeps each state that it has met, of which there can be as
 * many as bytes in the log. */

#include "serve/logregex.h"

#include <errno.h>
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
compile(struct str pattern, struct fault *why)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
	pcre2_code *code = NULL;
	PCRE2_UCHAR text[256] = "";
	PCRE2_SIZE where;
	int error;

	fault_set(why, "%s", strerrordesc_np(ENOMEM));
	if (context == NULL)
		return NULL;
	if (!has_capital(pattern))
		options |= PCRE2_CASELESS;
	pcre2_set_parens_nest_limit(context, NESTED_MOST);
	code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &error,
		&where, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		pcre2_get_error_message(error, text, sizeof(text));
		fault_set(why, "byte %zu of the expression: %s", where + 1,
			(const char *)text);
	}
	return code;
}

struct logregex *
logregex_new(struct str pattern, struct fault *why)
{
	struct logregex *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		fault_set(why, "%s", strerrordesc_np(ENOMEM));
		return NULL;
	}
	r->code = compile(pattern, why);
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

/* Each call has its own memory for what is found. */
bool
logregex_has(const struct logregex *r, struct str text)
{
	pcre2_match_data *found = pcre2_match_data_create(1, NULL);
	int n = PCRE2_ERROR_NOMEMORY;

	if (found != NULL)
		n = pcre2_match(r->code, (PCRE2_SPTR)text.p, text.n, 0,
			PCRE2_NO_UTF_CHECK, found, r->limits);
	pcre2_match_data_free(found);
	return n >= 0;
}

#else

bool
logregex_is_there(void)
{
	return false;
}

struct logregex *
logregex_new(struct str pattern, struct fault *why)
{
	(void)pattern;
	fault_set(why, "this wwz was built without PCRE2");
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

bool
logregex_has(const struct logregex *r, struct str text)
{
	(void)r, (void)text;
	return false;
}

#endif
