#include "http/response.h"

#include "http/validator.h"

/* Reason phrases (RFC 9110, section 15). */
static const struct {
	enum status status;
	const char *reason;
} reasons[] = {
	{STATUS_OK, "OK"},
	{STATUS_NO_CONTENT, "No Content"},
	{STATUS_PARTIAL, "Partial Content"},
	{STATUS_MOVED, "Moved Permanently"},
	{STATUS_FOUND, "Found"},
	{STATUS_SEE_OTHER, "See Other"},
	{STATUS_NOT_MODIFIED, "Not Modified"},
	{STATUS_TEMPORARY, "Temporary Redirect"},
	{STATUS_PERMANENT, "Permanent Redirect"},
	{STATUS_BAD_REQUEST, "Bad Request"},
	{STATUS_FORBIDDEN, "Forbidden"},
	{STATUS_NOT_FOUND, "Not Found"},
	{STATUS_NOT_ALLOWED, "Method Not Allowed"},
	{STATUS_NOT_ACCEPTABLE, "Not Acceptable"},
	{STATUS_FAILED_CONDITION, "Precondition Failed"},
	{STATUS_TOO_LARGE, "Content Too Large"},
	{STATUS_RANGE, "Range Not Satisfiable"},
	{STATUS_FIELDS_TOO_LARGE, "Request Header Fields Too Large"},
	{STATUS_ERROR, "Internal Server Error"},
	{STATUS_UNSUPPORTED, "Not Implemented"},
	{STATUS_UNAVAILABLE, "Service Unavailable"},
};

const char *
response_reason(enum status status)
{
	size_t i = 0, last = sizeof(reasons) / sizeof(reasons[0]) - 1;

	while (i < last && reasons[i].status != status)
		i++;
	return reasons[i].reason;
}

void
response_init(
	struct response *response, struct arena *arena, enum method method)
{
	*response = (struct response){.status = STATUS_OK,
		.head = method == METHOD_HEAD,
		.coding = CODING_NONE};
	body_init(&response->body, arena, NULL);
}

void
response_free(struct response *response)
{
	body_free(&response->body);
}

static void
add_field(struct text *text, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	text_add(text, name);
	text_add(text, value);
	text_add(text, STR("\r\n"));
}

static void
add_number(struct text *text, struct str name, uint64_t n)
{
	text_add(text, name);
	text_number(text, n);
	text_add(text, STR("\r\n"));
}

static void
add_vary(struct text *text, const struct response *response)
{
	if (!response->vary && response->vary_on.n == 0)
		return;
	text_add(text, STR("Vary: "));
	if (response->vary)
		text_add(text, STR("Accept-Encoding"));
	if (response->vary && response->vary_on.n > 0)
		text_add(text, STR(", "));
	text_add(text, response->vary_on);
	text_add(text, STR("\r\n"));
}

struct str
response_head(const struct response *response)
{
	struct text text = {.arena = response->body.arena};
	char date[DATE_SIZE];

	add_field(&text, STR("Location: "), response->location);
	if (response->status != STATUS_OK)
		text_printf(&text, "Status: %d %s\r\n", (int)response->status,
			response_reason(response->status));
	add_field(&text, STR("Content-Type: "), response->content_type);
	add_field(&text, STR("Content-Encoding: "), response->content_encoding);
	add_field(&text, STR("Content-Range: "), response->content_range);
	if (response->has_length)
		add_number(
			&text, STR("Content-Length: "), response->body.length);
	add_field(&text, STR("ETag: "), response->etag);
	if (response->dated) {
		validator_date(response->modified, date);
		add_field(&text, STR("Last-Modified: "), str_of(date));
	}
	if (response->ranges)
		add_field(&text, STR("Accept-Ranges: "), STR("bytes"));
	add_vary(&text, response);
	add_field(&text, STR("Cache-Control: "), response->cache_control);
	add_field(&text, STR("Content-Disposition: "),
		response->content_disposition);
	add_field(&text, STR("X-Sendfile2: "), response->x_sendfile2);
	add_field(&text, STR("Allow: "), response->allow);
	if (response->retry_seconds > 0)
		add_number(
			&text, STR("Retry-After: "), response->retry_seconds);
	add_field(&text, STR("Refresh: "), response->refresh);
	add_field(&text, STR("Content-Security-Policy: "),
		response->content_security_policy);
	if (response->content_type.n > 0 && !response->sniffable)
		add_field(
			&text, STR("X-Content-Type-Options: "), STR("nosniff"));
	text_add(&text, response->fields);
	text_add(&text, STR("\r\n"));
	if (text.arena->failed)
		return STR("Status: 503 Service Unavailable\r\n"
			   "Retry-After: 2\r\n\r\n");
	return text_str(&text);
}

void
response_withdraw(struct response *response)
{
	const struct str none = {NULL, 0};

	body_clear(&response->body);
	response->vary = response->ranges = response->dated = false;
	response->sniffable = false;
	response->refresh = none;
	response->cache_control = none;
	response->content_disposition = none;
	response->content_encoding = none;
	response->content_range = none;
	response->content_security_policy = none;
	response->etag = none;
	response->x_sendfile2 = none;
	response->vary_on = none;
	response->fields = none;
}
