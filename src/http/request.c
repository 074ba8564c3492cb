#include "http/request.h"

static const struct str names[PARAMS] = {
	[PARAM_CONTENT_LENGTH] = {"CONTENT_LENGTH", 14},
	[PARAM_DOCUMENT_ROOT] = {"DOCUMENT_ROOT", 13},
	[PARAM_PATH_INFO] = {"PATH_INFO", 9},
	[PARAM_PATH_TRANSLATED] = {"PATH_TRANSLATED", 15},
	[PARAM_QUERY_STRING] = {"QUERY_STRING", 12},
	[PARAM_REDIRECT_URL] = {"REDIRECT_URL", 12},
	[PARAM_REMOTE_ADDR] = {"REMOTE_ADDR", 11},
	[PARAM_REMOTE_USER] = {"REMOTE_USER", 11},
	[PARAM_REQUEST_METHOD] = {"REQUEST_METHOD", 14},
	[PARAM_REQUEST_URI] = {"REQUEST_URI", 11},
	[PARAM_SCRIPT_FILENAME] = {"SCRIPT_FILENAME", 15},
	[PARAM_SCRIPT_NAME] = {"SCRIPT_NAME", 11},
	[PARAM_SERVER_PROTOCOL] = {"SERVER_PROTOCOL", 15},
	[PARAM_WWZ_ARCHIVE] = {"WWZ_ARCHIVE", 11},
	[PARAM_ACCEPT] = {"HTTP_ACCEPT", 11},
	[PARAM_ACCEPT_ENCODING] = {"HTTP_ACCEPT_ENCODING", 20},
	[PARAM_IF_MATCH] = {"HTTP_IF_MATCH", 13},
	[PARAM_IF_MODIFIED_SINCE] = {"HTTP_IF_MODIFIED_SINCE", 22},
	[PARAM_IF_NONE_MATCH] = {"HTTP_IF_NONE_MATCH", 18},
	[PARAM_IF_RANGE] = {"HTTP_IF_RANGE", 13},
	[PARAM_IF_UNMODIFIED_SINCE] = {"HTTP_IF_UNMODIFIED_SINCE", 24},
	[PARAM_RANGE] = {"HTTP_RANGE", 10},
	[PARAM_REFERER] = {"HTTP_REFERER", 12},
	[PARAM_USER_AGENT] = {"HTTP_USER_AGENT", 15},
};

#define BIT(i) (UINT32_C(1) << (i))

/* The parameters whose name has so many bytes, as a set.  Front ends send about
 * twenty, most of which are none of them. */
static const uint32_t of_length[] = {
	[9] = BIT(PARAM_PATH_INFO),
	[10] = BIT(PARAM_RANGE),
	[11] = BIT(PARAM_REMOTE_ADDR) | BIT(PARAM_REMOTE_USER) |
		BIT(PARAM_REQUEST_URI) | BIT(PARAM_SCRIPT_NAME) |
		BIT(PARAM_WWZ_ARCHIVE) | BIT(PARAM_ACCEPT),
	[12] = BIT(PARAM_QUERY_STRING) | BIT(PARAM_REDIRECT_URL) |
		BIT(PARAM_REFERER),
	[13] = BIT(PARAM_DOCUMENT_ROOT) | BIT(PARAM_IF_MATCH) |
		BIT(PARAM_IF_RANGE),
	[14] = BIT(PARAM_CONTENT_LENGTH) | BIT(PARAM_REQUEST_METHOD),
	[15] = BIT(PARAM_PATH_TRANSLATED) | BIT(PARAM_SCRIPT_FILENAME) |
		BIT(PARAM_SERVER_PROTOCOL) | BIT(PARAM_USER_AGENT),
	[18] = BIT(PARAM_IF_NONE_MATCH),
	[20] = BIT(PARAM_ACCEPT_ENCODING),
	[22] = BIT(PARAM_IF_MODIFIED_SINCE),
	[24] = BIT(PARAM_IF_UNMODIFIED_SINCE),
};

static enum param
param_named(struct str name)
{
	uint32_t left = name.n < sizeof(of_length) / sizeof(of_length[0])
		? of_length[name.n]
		: 0;

	for (; left != 0; left &= left - 1) {
		enum param i = (enum param)__builtin_ctz(left);

		if (memcmp(names[i].p, name.p, name.n) == 0)
			return i;
	}
	return PARAMS;
}

static enum method
method_named(struct str name)
{
	if (str_eq(name, STR("GET")))
		return METHOD_GET;
	if (str_eq(name, STR("HEAD")))
		return METHOD_HEAD;
	if (str_eq(name, STR("OPTIONS")))
		return METHOD_OPTIONS;
	return METHOD_OTHER;
}

/* Append value to the field's earlier values. */
static void
join(struct text *joined, struct str *field, struct str value)
{
	if (value.n == 0)
		return;
	if (joined->n == 0)
		text_add(joined, *field);
	if (joined->n > 0)
		text_add(joined, STR(", "));
	text_add(joined, value);
	*field = text_str(joined);
}

void
request_begin(struct request_reader *reader, struct request *request,
	struct arena *arena)
{
	*request = (struct request){.method = METHOD_OTHER};
	reader->request = request;
	reader->arena = arena;
	memset(reader->joined, 0, sizeof(reader->joined));
}

void
request_add(struct request_reader *reader, struct str name, struct str value)
{
	enum param i = param_named(name);
	struct str *param = &reader->request->param[i];

	if (i == PARAMS)
		return;
	if (param->p != NULL && i >= PARAM_FIELDS) {
		reader->joined[i].arena = reader->arena;
		join(&reader->joined[i], param, value);
	} else {
		*param = value;
	}
	if (i == PARAM_REQUEST_METHOD)
		reader->request->method = method_named(value);
}

void
request_add_line(struct request_reader *reader, struct str method,
	struct str uri, struct str protocol)
{
	struct str query = uri;

	str_cut(&query, '?');
	request_add(reader, STR("REQUEST_METHOD"), method);
	request_add(reader, STR("REQUEST_URI"), uri);
	request_add(reader, STR("QUERY_STRING"), query);
	request_add(reader, STR("SERVER_PROTOCOL"), protocol);
}

/* Whether param is HTTP_ and the field's name with capitals and "_". */
static bool
is_made_of(struct str param, struct str field)
{
	const struct str prefix = STR("HTTP_");

	if (param.n != prefix.n + field.n)
		return false;
	for (size_t i = 0; i < field.n; i++) {
		char c = field.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (param.p[prefix.n + i] != (c == '-' ? '_' : c))
			return false;
	}
	return true;
}

void
request_add_field(
	struct request_reader *reader, struct str name, struct str value)
{
	for (enum param i = PARAM_FIELDS; i < PARAMS; i++) {
		if (is_made_of(names[i], name))
			request_add(reader, names[i], value);
	}
}

void
request_read(
	struct request *request, char *const *environment, struct arena *arena)
{
	struct request_reader reader;

	request_begin(&reader, request, arena);
	for (; *environment != NULL; environment++) {
		struct str value = str_of(*environment);
		struct str name = str_cut(&value, '=');

		if (value.p != NULL)
			request_add(&reader, name, value);
	}
}
