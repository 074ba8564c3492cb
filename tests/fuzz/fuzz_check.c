/* `wwz check` of any file: a byte of how, and the file.
 *
 * What it writes is text that a terminal shows as it is: UTF-8, no control
 * characters.  It fails exactly when it names an error.  When it does not fail
 * the server opens the archive and sends every member whole; when the server
 * does not open it, it fails. */

#include "check/check.h"
#include "fuzz_place.h"
#include "http/response.h"
#include "serve/serve.h"

enum { JSON = 1, QUIET = 2 };

enum { OLD = 1500000000 };

static struct str input;

static void
law(bool holds, const char *what)
{
	fuzz_law(holds, what, input);
}

/* What `wwz check` wrote; p is freed by the caller. */
static struct str
run_check(const char *path, unsigned bits, int *status)
{
	char *const files[] = {(char *)(uintptr_t)path};
	FILE *terminal = stdout;
	char *p = NULL;
	size_t n = 0;

	stdout = open_memstream(&p, &n);
	if (stdout == NULL)
		abort();
	*status = check_files(files, 1, NULL,
		&(struct check_how){bits & JSON, bits & QUIET, false});
	fclose(stdout);
	stdout = terminal;
	return (struct str){p, n};
}

static size_t
count(struct str text, const char *what)
{
	const char *at = text.p, *end = text.p + text.n;
	size_t n = 0;

	while ((at = memmem(at, (size_t)(end - at), what, strlen(what)))) {
		at += strlen(what);
		n++;
	}
	return n;
}

static void
check_text(struct str text, unsigned bits, int status)
{
	size_t errors =
		count(text, bits & JSON ? "\"level\":\"error\"" : ": error: ");

	law(str_is_utf8(text), "what is written is UTF-8");
	for (size_t i = 0; i < text.n; i++)
		law((unsigned char)text.p[i] >= ' ' || text.p[i] == '\n',
			"what is written has no control characters");
	/* A name may hold what looks like a level, but not in JSON. */
	if ((bits & JSON) || status == EXIT_SUCCESS)
		law((errors > 0) == (status != EXIT_SUCCESS),
			"it fails when it names an error, only then");
	law(text.n == 0 || text.p[text.n - 1] == '\n', "lines are whole");
	law((bits & QUIET) || text.n > 0, "there is a summary");
}

/* The body comes, as long as it was promised. */
static bool
is_whole(struct response *response)
{
	enum body_result result;
	struct str span;

	do
		result = body_next(&response->body, &span);
	while (result == BODY_SPAN || result == BODY_LATER);
	return result == BODY_END;
}

/* What the server says to a request for name. */
static enum status
ask(const struct service *service, struct str name)
{
	struct arena arena = {0};
	struct request request = {.method = METHOD_GET};
	struct response response;
	struct fuzz_path path = fuzz_path("a.wwz");
	enum status status;

	request.param[PARAM_WWZ_ARCHIVE] = str_of(path.p);
	request.param[PARAM_REQUEST_METHOD] = STR("GET");
	request.param[PARAM_PATH_INFO] =
		arena_printf(&arena, "/%.*s", STR_ARG(name));
	(void)serve(service, &request, &arena, &response, false);
	status = response.status;
	if (status == STATUS_OK && !is_whole(&response))
		status = STATUS_ERROR;
	response_free(&response);
	arena_free(&arena);
	return status;
}

/* An archive that check finds nothing wrong with. */
static void
check_members(const struct service *service, const struct archive *archive)
{
	struct zipdir_record record;
	size_t at = 0;

	while (zipdir_record(archive->zipdir, &at, &record)) {
		if (!str_ends(record.member.name, STR("/")))
			law(ask(service, record.member.name) == STATUS_OK,
				"what is not said to be wrong is sent");
	}
}

static void
check_served(int status)
{
	struct site site = {.root = str_of(fuzz_root),
		.suffix = STR(".wwz"),
		.listing = true,
		.dotfiles = true, /* hidden names are no fault */
		.max_age = -1};
	struct service service = {
		.site = &site, .cache = cache_new(1, 1 << 20, NULL)};
	struct archive *archive;
	char path[80];

	if (service.cache == NULL)
		abort();
	snprintf(path, sizeof(path), "%s//a.wwz", fuzz_root);
	archive = cache_get(service.cache, str_of(path), false);
	if (archive == NULL)
		abort();
	if (archive->status != STATUS_GO)
		law(status != EXIT_SUCCESS, "what is not opened is wrong");
	else if (status == EXIT_SUCCESS)
		check_members(&service, archive);
	archive_drop(archive);
	cache_free(service.cache);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text;
	unsigned bits;
	int status;

	if (fuzz_root[0] == '\0')
		fuzz_place();
	input = (struct str){(const char *)data, size};
	bits = fuzz_byte(&input);
	fuzz_put("a.wwz", input, OLD);
	text = run_check(fuzz_path("a.wwz").p, bits, &status);
	check_text(text, bits, status);
	free((void *)(uintptr_t)text.p);
	check_served(status);
	return 0;
}
