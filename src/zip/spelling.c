#include "zip/spelling.h"

#include <stdlib.h>
#ifdef WWZ_UTF8PROC
#include <utf8proc.h>
#endif

enum {
	STEP_SLASHES,
	STEP_LEGACY,
	STEP_NFC,
	STEP_NFC_LEGACY,
	STEP_NFD,
	STEP_END
};

static bool
is_ascii(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] >= 0x80)
			return false;
	}
	return true;
}

void
spelling_begin(struct spelling *spelling, struct str name,
	struct charset *charset, bool backslashes)
{
	*spelling = (struct spelling){
		.asked = name,
		.charset = charset,
		.step = backslashes ? STEP_SLASHES : STEP_LEGACY,
		.end = is_ascii(name) || !str_is_utf8(name) ? STEP_LEGACY
							    : STEP_END,
	};
}

static struct str
with_slashes(struct spelling *spelling)
{
	struct str name = spelling->asked;

	spelling->made = malloc(name.n + 1);
	if (spelling->made == NULL)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < name.n; i++)
		spelling->made[i] = (char)(name.p[i] == '\\' ? '/' : name.p[i]);
	return (struct str){spelling->made, name.n};
}

/* The composed or decomposed form of the name asked for.  p is NULL when it has
 * none, or without utf8proc. */
static struct str
normalise(struct spelling *spelling, bool compose)
{
	struct str made = {NULL, 0};
#ifdef WWZ_UTF8PROC
	unsigned char *to = NULL;
	ssize_t n = utf8proc_map((const unsigned char *)spelling->asked.p,
		(ssize_t)spelling->asked.n, &to,
		UTF8PROC_STABLE |
			(compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE));

	if (n >= 0)
		made = (struct str){(char *)to, (size_t)n};
	spelling->made = (char *)to;
#else
	(void)spelling;
	(void)compose;
#endif
	return made;
}

static struct str
in_charset(struct spelling *spelling, struct str name)
{
	char *from = spelling->made;

	spelling->made = NULL;
	if (name.p != NULL)
		spelling->made = malloc(CHARSET_ROOM(name.n));
	if (spelling->made != NULL)
		name = charset_from_utf8(
			spelling->charset, name, spelling->made);
	else
		name.p = NULL;
	free(from);
	return name;
}

bool
spelling_next(struct spelling *spelling)
{
	struct str name = {NULL, 0};

	while (name.p == NULL && spelling->step < spelling->end) {
		int step = spelling->step++;

		free(spelling->made);
		spelling->made = NULL;
		name = step == STEP_SLASHES ? with_slashes(spelling)
			: step == STEP_LEGACY
			? spelling->asked
			: normalise(spelling, step != STEP_NFD);
		spelling->legacy =
			step == STEP_LEGACY || step == STEP_NFC_LEGACY;
		if (spelling->legacy)
			name = in_charset(spelling, name);
	}
	spelling->name = name;
	return name.p != NULL;
}

void
spelling_end(struct spelling *spelling)
{
	free(spelling->made);
}
