/* Which fields are allowed, and why:
 *
 * - what describes a representation and cannot be known from its bytes;
 * - what tells caches how long to keep it, and what it varies with;
 * - policies of a document, which restrict what it may do, or let other sites
 *   use it: that is its author's decision;
 * - fields "X-...", which mean something to the author's own programs.
 *
 * Everything else is refused.  Web servers obey some fields of an application:
 * they would send other files, or change the status.  Some frame a message.
 * Some are about what wwz makes of a member, and would be wrong.  And some hold
 * for all of the host or for the time after, beyond the archive. */

#include "http/headers.h"

#include "http/mime.h"

/* With which answers a field is sent. */
enum reach { CONTENT, CACHES, ALL };

/* The fields that responses have anyway, first. */
enum {
	TYPE,
	CACHE_CONTROL,
	DISPOSITION,
	SECURITY_POLICY,
	SNIFFING,
	VARY,
	PASSED_ON, /* and those behind it */
};

struct field_spec {
	const char *name;
	enum reach reach;
	bool single; /* it takes one value */
};

static const struct field_spec specs[] = {
	[TYPE] = {"Content-Type", CONTENT, true},
	[CACHE_CONTROL] = {"Cache-Control", CACHES, false},
	[DISPOSITION] = {"Content-Disposition", CONTENT, true},
	[SECURITY_POLICY] = {"Content-Security-Policy", ALL, false},
	[SNIFFING] = {"X-Content-Type-Options", CONTENT, true},
	[VARY] = {"Vary", CACHES, false},
	[PASSED_ON] = {"Content-Language", CONTENT, false},
	{"Link", CONTENT, false},
	{"SourceMap", CONTENT, true},
	{"CDN-Cache-Control", CACHES, false},
	{"Expires", CACHES, true},
	{"Accept-CH", ALL, false},
	{"Access-Control-Allow-Credentials", ALL, true},
	{"Access-Control-Allow-Headers", ALL, false},
	{"Access-Control-Allow-Methods", ALL, false},
	{"Access-Control-Allow-Origin", ALL, true},
	{"Access-Control-Expose-Headers", ALL, false},
	{"Access-Control-Max-Age", ALL, true},
	{"Content-Security-Policy-Report-Only", ALL, false},
	{"Cross-Origin-Embedder-Policy", ALL, true},
	{"Cross-Origin-Embedder-Policy-Report-Only", ALL, true},
	{"Cross-Origin-Opener-Policy", ALL, true},
	{"Cross-Origin-Opener-Policy-Report-Only", ALL, true},
	{"Cross-Origin-Resource-Policy", ALL, true},
	{"Document-Policy", ALL, false},
	{"Feature-Policy", ALL, false},
	{"Origin-Agent-Cluster", ALL, true},
	{"Permissions-Policy", ALL, false},
	{"Referrer-Policy", ALL, true},
	{"Reporting-Endpoints", ALL, false},
	{"Timing-Allow-Origin", ALL, false},
	{"X-Frame-Options", ALL, true},
	{"X-XSS-Protection", ALL, true},
};

enum { SPECS = sizeof(specs) / sizeof(specs[0]) };

_Static_assert(SPECS + HEADERS_OWN_MAX <= HEADERS_FIELDS_MAX, "they fit");

#define STEERS "web servers obey this field"
#define FRAMES "this field says where the message ends"
#define OURS   "wwz decides this field"
#define HOSTS  "this field holds for all of the host"

/* What people may want to send all the same.  A "*" stands for the rest of a
 * name. */
static const struct {
	const char *name, *why;
} refused[] = {
	{"Status", STEERS},
	{"Location", STEERS ": _redirects leads to other addresses"},
	{"Refresh", STEERS ": _redirects leads to other addresses"},
	{"X-Sendfile*", STEERS},
	{"X-Accel-*", STEERS},
	{"X-LIGHTTPD-*", STEERS},
	{"X-Litespeed-*", STEERS},
	{"X-Reproxy-*", STEERS},
	{"X-Offload-*", STEERS},
	{"X-HTTP2-*", STEERS},
	{"Connection", FRAMES},
	{"Content-Length", FRAMES},
	{"Keep-Alive", FRAMES},
	{"Trailer", FRAMES},
	{"Transfer-Encoding", FRAMES},
	{"Upgrade", FRAMES},
	{"Accept-Ranges", OURS},
	{"Allow", OURS},
	{"Content-Encoding", OURS},
	{"Content-Range", OURS},
	{"Date", OURS},
	{"ETag", OURS},
	{"Last-Modified", OURS},
	{"Alt-Svc", HOSTS},
	{"Clear-Site-Data", HOSTS},
	{"NEL", HOSTS},
	{"Report-To", HOSTS},
	{"Service-Worker-Allowed", HOSTS},
	{"Set-Cookie", HOSTS},
	{"Strict-Transport-Security", HOSTS},
	{"Basic-Auth", "the web server asks for passwords"},
	{"WWW-Authenticate", "the web server asks for passwords"},
};

struct header_block {
	struct rulepath path;
	size_t first, end; /* of its lines */
};

struct header_line {
	uint8_t field;    /* in specs, or behind them in the own names */
	struct str value; /* p is NULL: removed */
};

struct header_value {
	struct text text;
	bool removed;
};

struct header_set {
	const struct headers *headers;
	struct header_value of[HEADERS_FIELDS_MAX];
};

/* Whether name is the pattern, in whatever case, or begins with it if a "*"
 * stands behind it. */
static bool
is_named(struct str name, struct str pattern)
{
	if (str_ends(pattern, STR("*"))) {
		pattern.n--;
		if (name.n > pattern.n)
			name.n = pattern.n;
	}
	return str_eq_nocase(name, pattern);
}

static const char *
refusal_of(struct str name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (is_named(name, str_of(refused[i].name)))
			return refused[i].why;
	}
	return NULL;
}

static bool
is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			    (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return name.n > 0;
}

/* The number of an author's own field. */
static const char *
find_own(struct headers *headers, struct str name, uint8_t *field)
{
	size_t i = 0;

	while (i < headers->nown && !str_eq_nocase(headers->own[i], name))
		i++;
	if (i == HEADERS_OWN_MAX)
		return "more than 64 different fields X-...";
	if (i == headers->nown)
		headers->own[headers->nown++] = name;
	*field = (uint8_t)(SPECS + i);
	return NULL;
}

static const char *
find_field(struct headers *headers, struct str name, uint8_t *field)
{
	const char *why = refusal_of(name);

	if (!is_name(name))
		return "the name of a field has letters, digits and hyphens";
	if (why != NULL)
		return why;
	for (size_t i = 0; i < SPECS; i++) {
		if (str_eq_nocase(name, str_of(specs[i].name))) {
			*field = (uint8_t)i;
			return NULL;
		}
	}
	if (name.n > 2 && str_eq_nocase(str_slice(name, 0, 2), STR("X-")))
		return find_own(headers, name, field);
	return "not a field that an archive may send";
}

static const char *
check_value(uint8_t field, struct str value)
{
	if (value.n == 0)
		return "a field has a value: Name: value";
	if (field == TYPE && !mime_is_type(value))
		return "no media type";
	if (field == SNIFFING && !str_eq_nocase(value, STR("nosniff")))
		return "its only value is nosniff";
	return NULL;
}

static const char *
read_field(struct headers *headers, struct str line)
{
	struct header_line *to = &headers->lines[headers->nlines];
	struct str value = line, name;
	const char *why;

	if (line.p[0] == '!') {
		to->value = (struct str){NULL, 0};
		why = find_field(headers, str_trim(str_slice(line, 1, line.n)),
			&to->field);
	} else {
		name = str_cut(&value, ':');
		to->value = str_trim(value);
		why = find_field(headers, name, &to->field);
		if (why == NULL)
			why = check_value(to->field, to->value);
	}
	headers->nlines += why == NULL;
	return why;
}

static bool
is_path(struct str line)
{
	return line.p[0] == '/' || str_starts(line, STR("http://")) ||
		str_starts(line, STR("https://"));
}

/* Begin a block, to which the lines belong that follow. */
static const char *
read_path(struct headers *headers, struct str line, struct arena *arena)
{
	struct header_block *block = &headers->blocks[headers->nblocks];
	const char *why = rulepath_read(&block->path, line, arena);

	block->first = block->end = headers->nlines;
	headers->nblocks += why == NULL;
	return why;
}

void
headers_read(struct headers *headers, struct rulelines *lines)
{
	struct arena *arena = lines->arena;
	size_t most = rulelines_count(lines->rest);
	struct header_block *block = NULL;
	bool passing = false; /* over the fields of a wrong path */
	struct str line;

	*headers = (struct headers){
		.blocks = arena_get(arena, most * sizeof(*block) + 1),
		.lines = arena_get(arena, most * sizeof(*headers->lines) + 1),
	};
	while (!arena->failed && rulelines_next(lines, &line)) {
		const char *why = NULL;

		if (is_path(line)) {
			block = &headers->blocks[headers->nblocks];
			why = read_path(headers, line, arena);
			passing = why != NULL;
		} else if (block == NULL) {
			why = "no path stands above this field";
		} else if (!passing) {
			why = read_field(headers, line);
			block->end = headers->nlines;
		}
		if (why != NULL)
			rulelines_refuse(lines, why);
	}
}

static void
add_line(struct header_value *value, const struct header_line *line)
{
	bool single = line->field < SPECS && specs[line->field].single;

	value->removed = line->value.p == NULL;
	if (value->removed || single)
		value->text.n = 0;
	else if (value->text.n > 0)
		text_add(&value->text, STR(", "));
	text_add(&value->text, line->value);
}

struct header_set *
headers_find(const struct headers *headers, const struct ruled *ruled,
	struct arena *arena)
{
	struct header_set *set = NULL;

	for (size_t i = 0; i < headers->nblocks; i++) {
		const struct header_block *block = &headers->blocks[i];

		if (!rulepath_matches(&block->path, ruled))
			continue;
		if (set == NULL) {
			set = arena_get(arena, sizeof(*set));
			if (set == NULL)
				return NULL;
			*set = (struct header_set){.headers = headers};
		}
		for (size_t at = block->first; at < block->end; at++) {
			const struct header_line *line = &headers->lines[at];
			struct header_value *value = &set->of[line->field];

			value->text.arena = arena;
			add_line(value, line);
		}
	}
	return set;
}

struct str
headers_type(const struct header_set *set)
{
	return text_str(&set->of[TYPE].text);
}

static bool
reaches(enum reach reach, enum status status)
{
	bool whole = status == STATUS_OK || status == STATUS_PARTIAL;

	return reach == ALL || whole ||
		(reach == CACHES && status == STATUS_NOT_MODIFIED);
}

/* Set a field that responses have anyway, or remove it. */
static void
set_known(struct response *response, size_t field, struct str value)
{
	switch (field) {
	case CACHE_CONTROL:
		response->cache_control = value;
		break;
	case DISPOSITION:
		response->content_disposition = value;
		break;
	case SECURITY_POLICY:
		response->content_security_policy = value;
		break;
	case SNIFFING:
		response->sniffable = value.n == 0;
		break;
	case VARY:
		response->vary_on = value;
		break;
	default:
		break;
	}
}

void
headers_apply(const struct header_set *set, struct response *response)
{
	struct text more = {.arena = response->body.arena};

	for (size_t i = 0; i < SPECS + set->headers->nown; i++) {
		const struct header_value *value = &set->of[i];
		enum reach reach = i < SPECS ? specs[i].reach : ALL;

		if ((value->text.n == 0 && !value->removed) ||
			!reaches(reach, response->status))
			continue;
		if (i < PASSED_ON) {
			set_known(response, i, text_str(&value->text));
		} else if (value->text.n > 0) {
			text_add(&more,
				i < SPECS ? str_of(specs[i].name)
					  : set->headers->own[i - SPECS]);
			text_add(&more, STR(": "));
			text_add(&more, text_str(&value->text));
			text_add(&more, STR("\r\n"));
		}
	}
	response->fields = text_str(&more);
}
