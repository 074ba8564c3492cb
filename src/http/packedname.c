#include "http/packedname.h"

#include "http/mime.h"

/* The suffixes of compressed files. */
static const struct packed_suffix {
	struct str suffix;
	size_t cut; /* bytes of it that the inner name does not have */
	enum packing packing;
} packed_suffixes[] = {
	{{".gz", 3}, 3, PACKING_GZIP},
	{{".zst", 4}, 4, PACKING_ZSTD},
	{{".xz", 3}, 3, PACKING_XZ},
	{{".bz2", 4}, 4, PACKING_BZIP2},
	{{".br", 3}, 3, PACKING_BR},
	{{".svgz", 5}, 1, PACKING_GZIP},
	{{".unityweb", 9}, 9, PACKING_UNITYWEB},
};

/* Only a browser loads a file called so from a site, also when it is
 * compressed: pages, styles, scripts, vector graphics, and what Unity makes. */
static bool
is_asset(struct str name)
{
	static const char *const extensions[] = {"css", "data", "htm", "html",
		"js", "mjs", "svg", "wasm", "xhtml"};

	return str_ends_nocase(name, STR(".symbols.json")) ||
		mime_ends_in(name, extensions,
			sizeof(extensions) / sizeof(extensions[0]));
}

struct packedname
packedname_read(struct str name)
{
	struct packedname packed = {.packing = PACKING_NONE};
	size_t i = 0, n = sizeof(packed_suffixes) / sizeof(packed_suffixes[0]);

	while (i < n && !str_ends_nocase(name, packed_suffixes[i].suffix))
		i++;
	if (i == n)
		return packed;
	packed.packing = packed_suffixes[i].packing;
	packed.inner = str_slice(name, 0, name.n - packed_suffixes[i].cut);
	packed.asset =
		packed.packing == PACKING_UNITYWEB || is_asset(packed.inner);
	packed.log =
		mime_extension(packed.inner).n > 0 && mime_is_log(packed.inner);
	return packed;
}
