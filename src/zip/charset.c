#include "zip/charset.h"

#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <stdlib.h>

#include "zip/cp437.h"

enum { CHARACTER_MAX = 4 };

struct charset {
	pthread_mutex_t lock;
	/* The conversions have a state, guarded by lock. */
	iconv_t to_utf8, from_utf8;
};

static struct str
convert(struct charset *charset, iconv_t how, struct str from, char *to)
{
	char *in = (char *)(uintptr_t)from.p, *out = to;
	size_t nin = from.n, nout = CHARSET_ROOM(from.n);
	size_t inexact;

	pthread_mutex_lock(&charset->lock);
	iconv(how, NULL, NULL, NULL, NULL);
	inexact = iconv(how, &in, &nin, &out, &nout);
	if (inexact == 0)
		inexact = iconv(how, NULL, NULL, &out, &nout);
	pthread_mutex_unlock(&charset->lock);
	return inexact == 0 ? (struct str){to, (size_t)(out - to)}
			    : (struct str){NULL, 0};
}

struct str
charset_to_utf8(struct charset *charset, struct str name, char *utf8)
{
	if (charset == NULL)
		return (struct str){utf8, cp437_to_utf8(name, utf8)};
	return convert(charset, charset->to_utf8, name, utf8);
}

struct str
charset_from_utf8(struct charset *charset, struct str name, char *bytes)
{
	size_t n;

	if (charset != NULL)
		return convert(charset, charset->from_utf8, name, bytes);
	if (!cp437_from_utf8(name, bytes, &n))
		return (struct str){NULL, 0};
	return (struct str){bytes, n};
}

size_t
charset_step(struct charset *charset, struct str name)
{
	char utf8[CHARSET_ROOM(CHARACTER_MAX)];

	if (charset == NULL || (unsigned char)name.p[0] < 0x80)
		return 1;
	for (size_t n = 1; n <= CHARACTER_MAX && n <= name.n; n++) {
		if (charset_to_utf8(charset, str_slice(name, 0, n), utf8).p)
			return n;
	}
	return 1;
}

static bool
holds_ascii(struct charset *charset)
{
	static const struct str sample = {"/.-_09AZaz", 10};
	char made[CHARSET_ROOM(10)];

	return str_eq(charset_to_utf8(charset, sample, made), sample) &&
		str_eq(charset_from_utf8(charset, sample, made), sample);
}

struct charset *
charset_open(const char *name, struct fault *fault)
{
	struct charset *charset = calloc(1, sizeof(*charset));

	if (charset == NULL) {
		fault_errno(fault, str_of(name), errno);
		return NULL;
	}
	pthread_mutex_init(&charset->lock, NULL);
	/* An empty name would be the locale's. */
	charset->to_utf8 = *name ? iconv_open("UTF-8", name) : (iconv_t)-1;
	charset->from_utf8 = *name ? iconv_open(name, "UTF-8") : (iconv_t)-1;
	if (charset->to_utf8 == (iconv_t)-1 ||
		charset->from_utf8 == (iconv_t)-1)
		fault_file(fault, str_of(name),
			"the C library knows no such character set");
	else if (!holds_ascii(charset))
		fault_file(fault, str_of(name),
			"this character set does not hold ASCII");
	else
		return charset;
	charset_close(charset);
	return NULL;
}

void
charset_close(struct charset *charset)
{
	if (charset == NULL)
		return;
	if (charset->to_utf8 != (iconv_t)-1)
		iconv_close(charset->to_utf8);
	if (charset->from_utf8 != (iconv_t)-1)
		iconv_close(charset->from_utf8);
	pthread_mutex_destroy(&charset->lock);
	free(charset);
}
