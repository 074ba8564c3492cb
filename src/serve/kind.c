#include "serve/kind.h"

const char *const kind_names[KINDS] = {
	[KIND_FILE] = "file",
	[KIND_TEXT] = "text",
	[KIND_PAGE] = "page",
	[KIND_IMAGE] = "image",
	[KIND_AUDIO] = "audio",
	[KIND_VIDEO] = "video",
	[KIND_ARCHIVE] = "archive",
};

/* What a type begins with decides; the first row that fits counts. */
static const struct {
	struct str type;
	enum kind kind;
} kinds[] = {
	{{"text/html", 9}, KIND_PAGE},
	{{"application/xhtml+xml", 21}, KIND_PAGE},
	{{"image/", 6}, KIND_IMAGE},
	{{"audio/", 6}, KIND_AUDIO},
	{{"video/", 6}, KIND_VIDEO},
	{{"text/", 5}, KIND_TEXT},
	{{"application/json", 16}, KIND_TEXT},
	{{"application/xml", 15}, KIND_TEXT},
	{{"application/sql", 15}, KIND_TEXT},
	{{"application/zip", 15}, KIND_ARCHIVE},
	{{"application/gzip", 16}, KIND_ARCHIVE},
	{{"application/zstd", 16}, KIND_ARCHIVE},
	{{"application/x-tar", 17}, KIND_ARCHIVE},
	{{"application/x-gtar", 18}, KIND_ARCHIVE},
	{{"application/x-xz", 16}, KIND_ARCHIVE},
	{{"application/x-bzip2", 19}, KIND_ARCHIVE},
	{{"application/x-7z-compressed", 27}, KIND_ARCHIVE},
	{{"application/vnd.rar", 19}, KIND_ARCHIVE},
	{{"application/java-archive", 24}, KIND_ARCHIVE},
};

/* The images that all browsers of today show. */
static const struct str shown[] = {
	{"image/png", 9},
	{"image/apng", 10},
	{"image/jpeg", 10},
	{"image/gif", 9},
	{"image/webp", 10},
	{"image/avif", 10},
	{"image/svg+xml", 13},
	{"image/bmp", 9},
	{"image/vnd.microsoft.icon", 24},
	{"image/x-icon", 12},
};

enum kind
kind_of(const struct mime *mime, struct str name)
{
	struct str type = mime_find(mime, name).bare;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (str_starts(type, kinds[i].type))
			return kinds[i].kind;
	}
	return type.n == 0 && mime_is_log(name) ? KIND_TEXT : KIND_FILE;
}

bool
kind_is_shown(const struct mime *mime, struct str name)
{
	struct str type = mime_find(mime, name).bare;

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (str_eq(type, shown[i]))
			return true;
	}
	return false;
}
