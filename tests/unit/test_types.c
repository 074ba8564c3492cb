/* The compiled-in table of types against the lists of others, each with its
 * source. */

#include <stdio.h>
#include <stdlib.h>

#include "http/mime.h"
#include "unit.h"

#define IANA        "IANA's registry of media types"
#define WHATWG      "WHATWG: MIME Sniffing, HTML"
#define APACHE      "Apache's conf/mime.types"
#define NGINX       "nginx's conf/mime.types"
#define FREEDESKTOP "freedesktop.org's shared-mime-info"
#define DEBIAN      "Debian's package media-types"
#define SHOWN       "no registered type: browsers would save it"

static const struct {
	const char *ext, *type, *source;
} table[] = {
	{"123", "application/vnd.lotus-1-2-3", IANA},
	{"3g2", "video/3gpp2", IANA},
	{"3gp", "video/3gpp", IANA},
	{"3gpp", "video/3gpp", IANA},
	{"3gpp2", "video/3gpp2", FREEDESKTOP},
	{"7z", "application/x-7z-compressed", APACHE},
	{"aac", "audio/aac", IANA},
	{"ac3", "audio/ac3", IANA},
	{"adts", "audio/aac", IANA},
	{"ai", "application/postscript", IANA},
	{"aif", "audio/x-aiff", APACHE},
	{"aiff", "audio/x-aiff", APACHE},
	{"amr", "audio/AMR", IANA},
	{"apk", "application/vnd.android.package-archive", APACHE},
	{"apng", "image/apng", IANA},
	{"appcache", "text/cache-manifest", IANA},
	{"appinstaller", "application/appinstaller", "Microsoft"},
	{"appx", "application/appx", "Microsoft"},
	{"appxbundle", "application/appxbundle", "Microsoft"},
	{"arrow", "application/vnd.apache.arrow.file", IANA},
	{"asc", "application/pgp-keys", IANA},
	{"asf", "application/vnd.ms-asf", DEBIAN},
	{"atom", "application/atom+xml", IANA},
	{"au", "audio/basic", IANA},
	{"avi", "video/x-msvideo", APACHE},
	{"avif", "image/avif", IANA},
	{"avifs", "image/avif", "AOM"},
	{"azw3", "application/vnd.amazon.mobi8-ebook", IANA},
	{"bat", "application/x-msdos-program", DEBIAN},
	{"bib", "text/x-bibtex", DEBIAN},
	{"bin", "application/octet-stream", IANA},
	{"bmp", "image/bmp", IANA},
	{"bz2", "application/x-bzip2", APACHE},
	{"c", "text/x-csrc", DEBIAN},
	{"cab", "application/vnd.ms-cab-compressed", IANA},
	{"caf", "audio/x-caf", APACHE},
	{"cbor", "application/cbor", IANA},
	{"cbz", "application/vnd.comicbook+zip", IANA},
	{"cc", "text/x-c++src", DEBIAN},
	{"cda", "application/x-cdf", DEBIAN},
	{"cer", "application/pkix-cert", IANA},
	{"cjs", "text/javascript", WHATWG},
	{"class", "application/java-vm", APACHE},
	{"cmfa", "audio/mp4", "ISO 23000-19"},
	{"cmfv", "video/mp4", "ISO 23000-19"},
	{"cpio", "application/x-cpio", APACHE},
	{"cpp", "text/x-c++src", DEBIAN},
	{"crt", "application/x-x509-ca-cert", IANA},
	{"crx", "application/x-chrome-extension", "Chromium"},
	{"csh", "text/x-csh", DEBIAN},
	{"css", "text/css", IANA},
	{"csv", "text/csv", IANA},
	{"cur", "image/x-icon", WHATWG},
	{"dae", "model/vnd.collada+xml", IANA},
	{"dcm", "application/dicom", IANA},
	{"dds", "image/vnd.ms-dds", "Microsoft"},
	{"deb", "application/vnd.debian.binary-package", IANA},
	{"diff", "text/plain", SHOWN},
	{"djvu", "image/vnd.djvu", IANA},
	{"dmg", "application/x-apple-diskimage", APACHE},
	{"doc", "application/msword", IANA},
	{"docx",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		IANA},
	{"dot", "text/vnd.graphviz", DEBIAN},
	{"dtd", "application/xml-dtd", IANA},
	{"dvi", "application/x-dvi", APACHE},
	{"dwg", "image/vnd.dwg", IANA},
	{"dxf", "image/vnd.dxf", IANA},
	{"ear", "application/java-archive", IANA},
	{"emf", "image/emf", IANA},
	{"eml", "message/rfc822", IANA},
	{"eot", "application/vnd.ms-fontobject", IANA},
	{"eps", "application/postscript", IANA},
	{"epsi", "application/postscript", DEBIAN},
	{"epub", "application/epub+zip", IANA},
	{"es", "text/javascript", DEBIAN},
	{"es6", "text/javascript", WHATWG},
	{"exe", "application/x-msdos-program", DEBIAN},
	{"fits", "image/fits", IANA},
	{"flac", "audio/flac", IANA},
	{"fli", "video/fli", DEBIAN},
	{"flv", "video/x-flv", APACHE},
	{"geojson", "application/geo+json", IANA},
	{"gif", "image/gif", IANA},
	{"glb", "model/gltf-binary", IANA},
	{"gltf", "model/gltf+json", IANA},
	{"gpx", "application/gpx+xml", APACHE},
	{"gsf", "application/x-font", DEBIAN},
	{"gv", "text/vnd.graphviz", IANA},
	{"gz", "application/gzip", IANA},
	{"h", "text/x-chdr", DEBIAN},
	{"hdr", "image/vnd.radiance", DEBIAN},
	{"heic", "image/heic", IANA},
	{"heif", "image/heif", IANA},
	{"hpp", "text/x-c++hdr", DEBIAN},
	{"hqx", "application/mac-binhex40", IANA},
	{"htm", "text/html", IANA},
	{"html", "text/html", IANA},
	{"icc", "application/vnd.iccprofile", IANA},
	{"ico", "image/vnd.microsoft.icon", IANA},
	{"ics", "text/calendar", IANA},
	{"igs", "model/iges", IANA},
	{"ink", "application/inkml+xml", IANA},
	{"ipynb", "application/x-ipynb+json", FREEDESKTOP},
	{"iso", "application/x-iso9660-image", APACHE},
	{"jar", "application/java-archive", IANA},
	{"java", "text/x-java", DEBIAN},
	{"jng", "image/x-jng", NGINX},
	{"jnlp", "application/x-java-jnlp-file", APACHE},
	{"jp2", "image/jp2", IANA},
	{"jpe", "image/jpeg", IANA},
	{"jpeg", "image/jpeg", IANA},
	{"jpg", "image/jpeg", IANA},
	{"jpx", "image/jpx", IANA},
	{"js", "text/javascript", WHATWG},
	{"json", "application/json", IANA},
	{"json5", "application/json5", "json5.org"},
	{"jsonc", "application/jsonc", "jsonc.org"},
	{"jsonld", "application/ld+json", IANA},
	{"jxl", "image/jxl", IANA},
	{"kar", "audio/midi", APACHE},
	{"key", "application/pgp-keys", DEBIAN},
	{"kml", "application/vnd.google-earth.kml+xml", IANA},
	{"kmz", "application/vnd.google-earth.kmz", IANA},
	{"lha", "application/x-lha", DEBIAN},
	{"log", "text/plain", IANA},
	{"lzh", "application/x-lzh", DEBIAN},
	{"m2t", "video/mp2t", IANA},
	{"m2ts", "video/mp2t", IANA},
	{"m3u8", "application/vnd.apple.mpegurl", IANA},
	{"m4a", "audio/mp4", IANA},
	{"m4b", "audio/mp4", IANA},
	{"m4s", "video/iso.segment", IANA},
	{"m4v", "video/mp4", DEBIAN},
	{"man", "text/troff", IANA},
	{"map", "application/json", IANA},
	{"mbox", "application/mbox", IANA},
	{"md", "text/plain", SHOWN},
	{"mht", "message/rfc822", IANA},
	{"mhtml", "message/rfc822", IANA},
	{"mid", "audio/midi", WHATWG},
	{"midi", "audio/midi", WHATWG},
	{"mjs", "text/javascript", WHATWG},
	{"mk3d", "video/matroska-3d", IANA},
	{"mka", "audio/matroska", IANA},
	{"mkv", "video/matroska", IANA},
	{"mng", "video/x-mng", APACHE},
	{"mobi", "application/x-mobipocket-ebook", APACHE},
	{"mobileconfig", "application/x-apple-aspen-config", "Apple"},
	{"mov", "video/quicktime", IANA},
	{"mp3", "audio/mpeg", IANA},
	{"mp4", "video/mp4", IANA},
	{"mpd", "application/dash+xml", IANA},
	{"mpe", "video/mpeg", IANA},
	{"mpeg", "video/mpeg", IANA},
	{"mpg", "video/mpeg", IANA},
	{"mpga", "audio/mpeg", IANA},
	{"msi", "application/x-msi", DEBIAN},
	{"msix", "application/msix", "Microsoft"},
	{"msixbundle", "application/msixbundle", "Microsoft"},
	{"mxf", "application/mxf", IANA},
	{"nb", "application/vnd.wolfram.mathematica", IANA},
	{"nc", "application/x-netcdf", APACHE},
	{"ndjson", "application/x-ndjson", "ndjson.org"},
	{"obj", "model/obj", IANA},
	{"odp", "application/vnd.oasis.opendocument.presentation", IANA},
	{"ods", "application/vnd.oasis.opendocument.spreadsheet", IANA},
	{"odt", "application/vnd.oasis.opendocument.text", IANA},
	{"oga", "audio/ogg", IANA},
	{"ogg", "audio/ogg", IANA},
	{"ogv", "video/ogg", IANA},
	{"ogx", "application/ogg", IANA},
	{"opus", "audio/ogg", IANA},
	{"otf", "font/otf", IANA},
	{"owl", "application/rdf+xml", IANA},
	{"p12", "application/pkcs12", IANA},
	{"p7c", "application/pkcs7-mime", IANA},
	{"p7s", "application/pkcs7-signature", IANA},
	{"parquet", "application/vnd.apache.parquet", IANA},
	{"patch", "text/plain", SHOWN},
	{"pbm", "image/x-portable-bitmap", APACHE},
	{"pcap", "application/vnd.tcpdump.pcap", IANA},
	{"pcf", "application/x-font-pcf", APACHE},
	{"pdf", "application/pdf", IANA},
	{"pem", "application/pem-certificate-chain", IANA},
	{"pfa", "application/x-font", DEBIAN},
	{"pgn", "application/vnd.chess-pgn", IANA},
	{"pgp", "application/pgp-encrypted", IANA},
	{"pkpass", "application/vnd.apple.pkpass", FREEDESKTOP},
	{"pl", "text/x-perl", DEBIAN},
	{"png", "image/png", IANA},
	{"pnm", "image/x-portable-anymap", APACHE},
	{"ppt", "application/vnd.ms-powerpoint", IANA},
	{"pptx",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation",
		IANA},
	{"ps", "application/postscript", IANA},
	{"psd", "image/vnd.adobe.photoshop", IANA},
	{"psid", "audio/prs.sid", DEBIAN},
	{"py", "text/x-python", DEBIAN},
	{"qt", "video/quicktime", IANA},
	{"ram", "audio/x-pn-realaudio", APACHE},
	{"rar", "application/vnd.rar", IANA},
	{"rdf", "application/rdf+xml", IANA},
	{"rng", "application/xml", IANA},
	{"rpm", "application/x-redhat-package-manager", NGINX},
	{"rs", "text/x-rust", FREEDESKTOP},
	{"rss", "application/rss+xml", APACHE},
	{"rst", "text/x-rst", "docutils"},
	{"rtf", "application/rtf", IANA},
	{"sgml", "text/SGML", IANA},
	{"sh", "text/x-sh", DEBIAN},
	{"shar", "application/x-shar", APACHE},
	{"shtml", "text/html", IANA},
	{"sid", "audio/prs.sid", DEBIAN},
	{"sig", "application/pgp-signature", IANA},
	{"sit", "application/x-stuffit", APACHE},
	{"sldm", "application/vnd.ms-powerpoint.slide.macroEnabled.12", IANA},
	{"smil", "application/smil+xml", IANA},
	{"snd", "audio/basic", IANA},
	{"sql", "application/sql", IANA},
	{"sqlite", "application/vnd.sqlite3", IANA},
	{"srt", "text/plain", DEBIAN},
	{"ssml", "application/ssml+xml", IANA},
	{"step", "model/step", IANA},
	{"stl", "model/stl", IANA},
	{"svg", "image/svg+xml", IANA},
	{"svgz", "image/svg+xml", IANA},
	{"swf", "application/vnd.adobe.flash.movie", IANA},
	{"t", "text/troff", IANA},
	{"tap", "text/plain", SHOWN},
	{"tar", "application/x-tar", APACHE},
	{"tcl", "text/x-tcl", DEBIAN},
	{"tei", "application/tei+xml", IANA},
	{"tex", "text/x-tex", DEBIAN},
	{"text", "text/plain", IANA},
	{"tfi", "application/thraud+xml", IANA},
	{"tgz", "application/x-gtar-compressed", DEBIAN},
	{"tif", "image/tiff", IANA},
	{"tiff", "image/tiff", IANA},
	{"toml", "text/plain", SHOWN},
	{"torrent", "application/x-bittorrent", APACHE},
	{"ts", "video/mp2t", IANA},
	{"tsv", "text/tab-separated-values", IANA},
	{"ttc", "font/collection", IANA},
	{"ttf", "font/ttf", IANA},
	{"ttml", "application/ttml+xml", IANA},
	{"txt", "text/plain", IANA},
	{"uri", "text/uri-list", IANA},
	{"usdz", "model/vnd.usdz+zip", IANA},
	{"vcf", "text/vcard", DEBIAN},
	{"vcs", "text/x-vcalendar", APACHE},
	{"vrml", "model/vrml", IANA},
	{"vtt", "text/vtt", IANA},
	{"war", "application/java-archive", IANA},
	{"warc", "application/warc", "ISO 28500"},
	{"wasm", "application/wasm", IANA},
	{"wav", "audio/x-wav", APACHE},
	{"wbmp", "image/vnd.wap.wbmp", IANA},
	{"weba", "audio/webm", APACHE},
	{"webm", "video/webm", APACHE},
	{"webmanifest", "application/manifest+json", IANA},
	{"webp", "image/webp", IANA},
	{"wmf", "image/wmf", IANA},
	{"wmlc", "application/vnd.wap.wmlc", IANA},
	{"wmv", "video/x-ms-wmv", APACHE},
	{"woff", "font/woff", IANA},
	{"woff2", "font/woff2", IANA},
	{"wpd", "application/vnd.wordperfect", IANA},
	{"wsdl", "application/wsdl+xml", IANA},
	{"wwz", "application/zip", "wwz"},
	{"xbm", "image/x-xbitmap", APACHE},
	{"xcf", "image/x-xcf", DEBIAN},
	{"xht", "application/xhtml+xml", IANA},
	{"xhtml", "application/xhtml+xml", IANA},
	{"xls", "application/vnd.ms-excel", IANA},
	{"xlsx",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		IANA},
	{"xml", "application/xml", IANA},
	{"xpi", "application/x-xpinstall", APACHE},
	{"xpm", "image/x-xpixmap", APACHE},
	{"xsd", "application/xml", IANA},
	{"xsl", "application/xslt+xml", IANA},
	{"xslt", "application/xslt+xml", IANA},
	{"xspf", "application/xspf+xml", APACHE},
	{"xwd", "image/x-xwindowdump", APACHE},
	{"xz", "application/x-xz", APACHE},
	{"yaml", "text/plain", SHOWN},
	{"yml", "text/plain", SHOWN},
	{"zip", "application/zip", IANA},
	{"zst", "application/zstd", IANA},
};

static unsigned
differ_type(
	const char *ext, struct str got, const char *want, const char *source)
{
	if (str_eq(got, str_of(want)))
		return 0;
	print_error("%s: got \"%.*s\", want \"%s\": %s\n", ext, STR_ARG(got),
		want, source);
	return 1;
}

static struct str
type_of(const char *ext)
{
	char name[64];

	snprintf(name, sizeof(name), "a.%s", ext);
	return mime_find(NULL, str_of(name)).bare;
}

static void
test_sources(void **state)
{
	unsigned failed = 0;

	(void)state;
	assert_true(COUNT(table) >= 239);
	for (size_t i = 0; i < COUNT(table); i++)
		failed += differ_type(table[i].ext, type_of(table[i].ext),
			table[i].type, table[i].source);
	assert_int_equal(failed, 0);
}

/* Extensions that say too little: some other list has a type for each of most
 * of them, but files of these names are texts, or programs, or copies of any
 * file.
 */
static void
test_left_to_the_content(void **state)
{
	static const char *const extensions[] = {"%", "1", "2", "a", "ac", "am",
		"bak", "br", "c0", "cfg", "cmake", "conf", "cs", "dart", "dat",
		"data", "dist", "err", "go", "gradle", "in", "ini", "jsonl",
		"jsx", "kt", "less", "list", "lock", "lua", "m", "m4", "mod",
		"old", "org", "orig", "out", "php", "pkg", "properties",
		"proto", "pub", "rake", "raml", "rb", "scm", "scss", "service",
		"spec", "st", "stderr", "stdout", "svelte", "swift", "tf",
		"tpl", "tsx", "vue", "~"};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(extensions); i++)
		failed += differ_type(extensions[i], type_of(extensions[i]), "",
			"the content decides");
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_left_to_the_content),
	};

	return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
