#include "check/secrets.h"

#include "archive/source.h"

enum { KEY_BEGINS = 1024 }; /* bytes in which a key says that it is one */

/* An end of names that begins with a component. */
struct telling {
	struct str end;
	const char *what;
};

#define PASSWORDS  "files of this name hold passwords"
#define REPOSITORY "a repository, with all that was ever in it"

static const struct telling tellings[] = {
	{{".env", 4}, PASSWORDS},
	{{".git-credentials", 16}, PASSWORDS},
	{{".htpasswd", 9}, PASSWORDS},
	{{".netrc", 6}, PASSWORDS},
	{{".npmrc", 6}, PASSWORDS},
	{{".pgpass", 7}, PASSWORDS},
	{{".pypirc", 7}, PASSWORDS},
	{{".git/HEAD", 9}, REPOSITORY},
	{{".hg/requires", 12}, REPOSITORY},
	{{".svn/wc.db", 10}, REPOSITORY},
};

/* Ends of names of which the content tells whether they are private keys. */
static const struct str keys[] = {
	{".key", 4},
	{".pem", 4},
	{"id_dsa", 6},
	{"id_ecdsa", 8},
	{"id_ed25519", 10},
	{"id_rsa", 6},
};

static bool
ends_in_components(struct str name, struct str end)
{
	return str_ends(name, end) &&
		(name.n == end.n || name.p[name.n - end.n - 1] == '/');
}

static bool
may_be_key(struct str name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (str_ends(name, keys[i]))
			return true;
	}
	return false;
}

/* Whether it has the line that begins a private key (RFC 7468, and OpenSSH). */
static bool
holds_key(struct archive *archive, const struct member *member, uint64_t start)
{
	const struct str mark = STR("PRIVATE KEY-----");
	struct source *source = source_open(archive, member, start, NULL);
	char buffer[KEY_BEGINS];
	size_t n = 0;

	if (source == NULL)
		return false;
	(void)source_fill(source, buffer, sizeof(buffer), &n);
	source->close(source);
	return memmem(buffer, n, mark.p, mark.n) != NULL;
}

const char *
secrets_find(
	struct archive *archive, const struct member *member, uint64_t start)
{
	for (size_t i = 0; i < sizeof(tellings) / sizeof(tellings[0]); i++) {
		if (ends_in_components(member->name, tellings[i].end))
			return tellings[i].what;
	}
	return may_be_key(member->name) && holds_key(archive, member, start)
		? "a private key"
		: NULL;
}
