#include "http/redirects.h"

#include "http/path.h"

enum { TARGET_MAX = 8000 };

struct redirect {
	struct rulepath from;
	struct redirect_target to; /* texts are templates */
	bool forced;
};

/* Cut the first word off *rest. */
static struct str
next_word(struct str *rest)
{
	size_t n = 0;
	struct str word;

	*rest = str_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, rest->n);
	/* A comment goes on to the end of the line. */
	if (n > 0 && word.p[0] == '#')
		*rest = word = (struct str){NULL, 0};
	return word;
}

/* How many bytes of text are "http://" or "https://". */
static size_t
scheme_length(struct str text)
{
	const struct str schemes[] = {STR("http://"), STR("https://")};

	for (size_t i = 0; i < 2; i++) {
		if (text.n > schemes[i].n &&
			str_eq_nocase(
				str_slice(text, 0, schemes[i].n), schemes[i]))
			return schemes[i].n;
	}
	return 0;
}

/* "host" or "host:port" (RFC 3986, section 3.2.2).  It cannot have a
 * placeholder, so that no request chooses the host. */
static bool
is_host(struct str host)
{
	struct str port = host, name = str_cut(&port, ':');
	uint64_t number;

	if (name.n == 0 ||
		(port.p != NULL && !str_number(port, 65535, &number)))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			    (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return false;
	}
	return true;
}

/* Split what a rule leads to. */
static const char *
split_target(struct redirect_target *to, struct str text)
{
	size_t scheme = scheme_length(text), n = scheme;

	if (scheme > 0) {
		while (n < text.n && strchr("/?#", text.p[n]) == NULL)
			n++;
		to->host = str_slice(text, 0, n);
		if (!is_host(str_slice(text, scheme, n)))
			return "after http:// or https:// comes the name of a host, without placeholders";
	} else if (text.p[0] != '/' || str_starts(text, STR("//"))) {
		return memchr(text.p, '=', text.n) != NULL
			? "queries cannot be matched"
			: "it leads neither to a path of the archive nor to a URL with http:// or https://";
	}
	to->fragment = str_slice(text, n, text.n);
	to->query = str_cut(&to->fragment, '#');
	to->path = str_cut(&to->query, '?');
	return NULL;
}

/* Whether a component begins with a placeholder that the pattern lacks. */
static bool
lacks(const struct rulepath *from, struct str path)
{
	while (path.n > 0) {
		struct str component = str_cut(&path, '/');
		struct str name;

		if (component.n == 0 || component.p[0] != ':')
			continue;
		name = str_slice(component, 1, component.n);
		name.n = rulepath_name(name);
		if (name.n > 0 && !rulepath_has(from, name))
			return true;
	}
	return false;
}

static const char *
read_target(struct redirect *rule, struct str text, struct arena *arena)
{
	const char *why;
	struct str plain;
	bool slash;

	if (text.n == 0)
		return "it leads nowhere: a line is FROM TO [STATUS]";
	why = split_target(&rule->to, text);
	if (why != NULL)
		return why;
	if (lacks(&rule->from, rule->to.path))
		return "it leads to a placeholder that the path before it lacks";
	if (rule->to.host.n > 0)
		return NULL;
	rule->to.path = path_decode(rule->to.path, arena);
	return path_normalise(rule->to.path, &plain, &slash, arena) == PATH_FINE
		? NULL
		: "it leads out of the archive, or has a control character";
}

static const char *
read_status(struct redirect *rule, struct str text)
{
	static const enum status statuses[] = {STATUS_OK, STATUS_MOVED,
		STATUS_FOUND, STATUS_SEE_OTHER, STATUS_TEMPORARY,
		STATUS_PERMANENT, STATUS_NOT_FOUND};
	uint64_t number = STATUS_MOVED;

	rule->forced = str_ends(text, STR("!"));
	if (rule->forced)
		text.n--;
	if (text.n > 0 && !str_number(text, 999, &number))
		return memchr(text.p, '=', text.n) != NULL
			? "conditions are not supported"
			: "what follows is no status";
	rule->to.status = (enum status)number;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i] != rule->to.status)
			continue;
		return rule->to.host.n > 0 &&
				(rule->to.status == STATUS_OK ||
					rule->to.status == STATUS_NOT_FOUND)
			? "only a redirection leads to another host: wwz is no proxy"
			: NULL;
	}
	return "the status is not one of 200, 301, 302, 303, 307, 308 and 404";
}

static const char *
read_rule(struct redirect *rule, struct str line, struct arena *arena)
{
	const char *why = rulepath_read(&rule->from, next_word(&line), arena);

	if (why == NULL)
		why = read_target(rule, next_word(&line), arena);
	if (why == NULL)
		why = read_status(rule, next_word(&line));
	if (why == NULL && next_word(&line).n > 0)
		why = "conditions are not supported";
	return why;
}

void
redirects_read(struct redirects *redirects, struct rulelines *lines)
{
	struct arena *arena = lines->arena;
	size_t most = rulelines_count(lines->rest);
	struct str line;

	*redirects = (struct redirects){
		.of = arena_get(arena, most * sizeof(*redirects->of) + 1)};
	while (redirects->of != NULL && rulelines_next(lines, &line)) {
		struct redirect *rule = &redirects->of[redirects->n];
		const char *why;

		*rule = (struct redirect){.to.line = lines->line};
		why = read_rule(rule, line, arena);
		if (why != NULL) {
			rulelines_refuse(lines, why);
			continue;
		}
		redirects->forced = redirects->forced || rule->forced;
		redirects->n++;
	}
}

/* What text becomes, and what becomes of the values in it. */
enum form { DECODED, OF_PATH, OF_QUERY };

static void
add_literal(struct text *out, struct str text, enum form form)
{
	if (form == DECODED)
		text_add(out, text);
	else
		path_encode(out, text, true);
}

static void
add_value(struct text *out, struct str value, enum form form)
{
	if (form == DECODED)
		text_add(out, value);
	else if (form == OF_PATH)
		path_encode(out, value, false);
	else
		path_encode_name(out, value);
}

/* Put values in the place of the names in *text.  A name that the pattern lacks
 * is literal.  false when it becomes too long. */
static bool
expand(struct str *text, enum form form, const struct redirect *rule,
	const struct ruled *ruled, struct arena *arena)
{
	struct text out = {.arena = arena};
	struct str rest = *text;

	if (rest.p == NULL)
		return true;
	while (rest.p != NULL && out.n <= TARGET_MAX) {
		struct str name;

		add_literal(&out, str_cut(&rest, ':'), form);
		if (rest.p == NULL)
			break;
		name = str_slice(rest, 0, rulepath_name(rest));
		if (name.n > 0 && rulepath_has(&rule->from, name)) {
			add_value(&out,
				rulepath_value(&rule->from, ruled, name), form);
			rest = str_slice(rest, name.n, rest.n);
		} else {
			text_byte(&out, ':');
		}
	}
	*text = text_str(&out);
	if (text->p == NULL)
		*text = STR("");
	return out.n <= TARGET_MAX && !arena->failed;
}

/* Put values into the target of a rule that matches.  false when there is no
 * such place. */
static bool
make_target(struct redirect_target *target, const struct redirect *rule,
	const struct ruled *ruled, struct arena *arena)
{
	struct str path = rule->to.path;
	bool own = rule->to.host.n == 0;

	*target = rule->to;
	if (!expand(&path, own ? DECODED : OF_PATH, rule, ruled, arena) ||
		!expand(&target->query, OF_QUERY, rule, ruled, arena) ||
		!expand(&target->fragment, OF_QUERY, rule, ruled, arena))
		return false;
	target->path = path;
	if (!own)
		return true;
	return path_normalise(path, &target->path, &target->slash, arena) ==
		PATH_FINE &&
		(target->status == STATUS_NOT_FOUND ||
			!str_eq(target->path, ruled->path));
}

bool
redirects_find(const struct redirects *redirects, const struct ruled *ruled,
	bool forced, struct redirect_target *target, struct arena *arena)
{
	if (forced && !redirects->forced)
		return false;
	for (size_t i = 0; i < redirects->n; i++) {
		const struct redirect *rule = &redirects->of[i];

		if ((!forced || rule->forced) &&
			rulepath_matches(&rule->from, ruled))
			return make_target(target, rule, ruled, arena);
	}
	return false;
}
