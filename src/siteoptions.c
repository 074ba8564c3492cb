#include "siteoptions.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/crc.h"
#include "serve/logerrors.h"

/* Set the root in two forms, without symbolic links and as given, since front
 * ends may use either. */
static int
resolve_root(struct site *site, const char *root, struct siteroots *roots)
{
	struct stat st;
	size_t n;

	if (realpath(root, roots->real) == NULL || stat(roots->real, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	/* "/" becomes the empty string, since a path follows it. */
	site->root = str_of(strcmp(roots->real, "/") == 0 ? "" : roots->real);
	n = strlen(root);
	if (root[0] != '/' || n >= sizeof(roots->given))
		return 0;
	while (n > 1 && root[n - 1] == '/')
		n--;
	memcpy(roots->given, root, n);
	site->root_given = (struct str){roots->given, n};
	return 0;
}

/* A number that changes with wwz and with the options that listings depend on.
 */
static uint32_t
settings_of(const struct options *options)
{
	const char *const texts[] = {WWZ_VERSION, options->names,
		options->mime_types, options->dotfiles ? "dotfiles" : NULL,
		options->no_listing ? "no-listing" : NULL,
		options->untrusted ? "untrusted" : NULL};
	uint32_t crc = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = texts[i] ? texts[i] : "";

		crc = crc_add(crc, text, strlen(text) + 1);
	}
	return crc;
}

int
siteoptions_read(struct site *site, const struct options *options,
	struct siteroots *roots, struct fault *fault)
{
	const char *root = options->root;
	struct mime *mime = NULL;

	*site = (struct site){
		.suffix = str_of(options->suffix),
		.index = options->index,
		.nindex = options->nindex,
		.listing = !options->no_listing,
		.clean_urls = !options->no_clean_urls,
		.dotfiles = options->dotfiles,
		.charset = str_of(options->charset),
		.no_charset = options->no_charset,
		.max_age = options->max_age,
		.immutable = options->immutable,
		.untrusted = options->untrusted,
		.scripts = options->scripts,
		.settings = settings_of(options),
		.sendfile = options->sendfile,
	};
	/* explain has no front end that passes a root. */
	if (root == NULL && options->command == COMMAND_EXPLAIN)
		root = ".";
	if (root != NULL && resolve_root(site, root, roots) < 0)
		return fault_set(
			fault, "--root %s: %s", root, strerrordesc_np(errno));
	if (options->mime_types != NULL) {
		mime = mime_open(options->mime_types, fault);
		if (mime == NULL)
			return -1;
	}
	site->mime = mime;
	if (options->log_errors == NULL)
		return 0;
	site->log_errors = logerrors_open(options->log_errors, fault);
	if (site->log_errors == NULL)
		return -1;
	site->settings ^= logerrors_number(site->log_errors);
	return 0;
}

void
siteoptions_free(struct site *site)
{
	mime_free((struct mime *)(uintptr_t)site->mime);
	logerrors_free((struct logerrors *)(uintptr_t)site->log_errors);
}
