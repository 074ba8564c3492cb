/* log: lines on standard error. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "unit.h"

enum { LINE_MAX_SIZE = 4096 };

/* Not time(3), which may lag behind the clock that the log reads. */
static time_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

/* The time that stands at the beginning of line; false when it is not written
 * as 2026-07-01T12:34:56.789Z. */
static bool
cut_time(struct str *line, time_t *seconds)
{
	const char *const form = "dddd-dd-ddTdd:dd:dd.dddZ";
	char text[32] = "";
	struct tm tm = {.tm_sec = 0};

	if (line->n < strlen(form))
		return false;
	for (size_t i = 0; i < strlen(form); i++) {
		bool digit = line->p[i] >= '0' && line->p[i] <= '9';

		if (form[i] == 'd' ? !digit : line->p[i] != form[i])
			return false;
	}
	memcpy(text, line->p, 19);
	strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	*seconds = timegm(&tm);
	*line = str_slice(*line, strlen(form), line->n);
	return true;
}

/* line is HEAD, a time between before and now, and want. */
static unsigned
check_line(const char *asked, struct str line, const char *head, time_t before,
	struct str want)
{
	time_t seconds;

	if (!str_starts(line, str_of(head)))
		return differ(asked, line, str_of(head));
	line = str_slice(line, strlen(head), line.n);
	if (!cut_time(&line, &seconds))
		return differ(asked, line, STR("a time"));
	if (seconds < before || seconds > now()) {
		print_error("%s: the time is not now\n", asked);
		return 1;
	}
	return differ(asked, line, want);
}

/* A value, and how it is written. */
static void
test_value(void **state)
{
	static const struct {
		struct str value, want;
	} table[] = {
		{{NULL, 0}, BYTES("\"\"")},
		{BYTES(""), BYTES("\"\"")},
		{BYTES("a"), BYTES("a")},
		{BYTES("/x.wwz/a-b_c~d?e&f#g;h"),
			BYTES("/x.wwz/a-b_c~d?e&f#g;h")},
		{BYTES("!#$%&'()*+,-./09:;<>?@AZ[]^_`az{|}~"),
			BYTES("!#$%&'()*+,-./09:;<>?@AZ[]^_`az{|}~")},
		{BYTES(" "), BYTES("\" \"")},
		{BYTES("a b"), BYTES("\"a b\"")},
		{BYTES("a=b"), BYTES("\"a=b\"")},
		{BYTES("\""), BYTES("\"\\\"\"")},
		{BYTES("a\\b"), BYTES("\"a\\\\b\"")},
		{BYTES("%s%n%d"), BYTES("%s%n%d")},
		/* Nobody forges a line, or writes to a terminal. */
		{BYTES("a\nerror forged time=x"),
			BYTES("\"a\\x0Aerror forged time=x\"")},
		{BYTES("a\r\n"), BYTES("\"a\\x0D\\x0A\"")},
		{BYTES("\0"), BYTES("\"\\x00\"")},
		{BYTES("a\0b"), BYTES("\"a\\x00b\"")},
		{BYTES("\t"), BYTES("\"\\x09\"")},
		{BYTES("\x1b[2J"), BYTES("\"\\x1B[2J\"")},
		{BYTES("\x7f"), BYTES("\"\\x7F\"")},
		{BYTES("\x80\xff"), BYTES("\"\\x80\\xFF\"")},
		{BYTES("\xc3\xa4"), BYTES("\"\\xC3\\xA4\"")},
		{BYTES("\\x0A"), BYTES("\"\\\\x0A\"")},
	};
	unsigned failed = 0;

	(void)state;
	log_limit = LOG_INFO;
	for (size_t i = 0; i < COUNT(table); i++) {
		time_t before = now();
		struct capture capture;
		char buffer[256], text[256], asked[32];
		struct str line;
		int n = snprintf(text, sizeof(text), " key=%.*s last=x\n",
			STR_ARG(table[i].want));

		capture_begin(&capture);
		log_pairs(LOG_WARN, "word", {"key", table[i].value},
			{"last", STR("x")});
		line = capture_end(&capture, buffer, sizeof(buffer));
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += check_line(asked, line, "warn word time=", before,
			(struct str){text, (size_t)n});
	}
	assert_int_equal(failed, 0);
}

static void
test_level(void **state)
{
	static const char *const want[LOG_LEVELS] = {
		"error word time=",
		"warn word time=",
		"info word time=",
	};
	unsigned failed = 0;

	(void)state;
	for (int limit = 0; limit < LOG_LEVELS; limit++) {
		log_limit = (enum log_level)limit;
		for (int level = 0; level < LOG_LEVELS; level++) {
			static const struct log_pair none = {NULL, {NULL, 0}};
			time_t before = now();
			struct capture capture;
			char buffer[256];
			struct str line;

			capture_begin(&capture);
			log_line((enum log_level)level, "word", &none);
			line = capture_end(&capture, buffer, sizeof(buffer));
			if (level > limit)
				failed +=
					differ(log_names[level], line, STR(""));
			else
				failed += check_line(log_names[level], line,
					want[level], before, STR("\n"));
		}
	}
	log_limit = LOG_INFO;
	assert_int_equal(failed, 0);
}

/* Values of every length around the longest line, of bytes that are written as
 * one and as four. */
static void
test_long(void **state)
{
	static const char fill[] = {'a', '\n', '"'};
	static char value[2 * LINE_MAX_SIZE], buffer[4 * LINE_MAX_SIZE];
	unsigned failed = 0;

	(void)state;
	for (size_t k = 0; k < COUNT(fill); k++) {
		memset(value, fill[k], sizeof(value));
		for (size_t n = 900; n < sizeof(value); n += 41) {
			struct capture capture;
			struct str line;

			capture_begin(&capture);
			log_pairs(LOG_WARN, "word", {"key", {value, n}},
				{"last", {value, n}});
			line = capture_end(&capture, buffer, sizeof(buffer));
			failed += line.n > LINE_MAX_SIZE;
			failed += n >= LINE_MAX_SIZE && line.n < LINE_MAX_SIZE;
			failed += memchr(line.p, '\n', line.n) !=
				line.p + line.n - 1;
			failed += !str_starts(line, STR("warn word time="));
		}
		assert_int_equal(failed, 0);
	}
}

/* One write for a line: in a pipe of packets each is one. */
static void
test_one_write(void **state)
{
	char buffer[LINE_MAX_SIZE];
	int fds[2], saved;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(fds, O_DIRECT | O_CLOEXEC), 0);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	log_pairs(LOG_ERROR, "one", {"a", STR("b")}, {"c", STR("d e")});
	log_pairs(LOG_ERROR, "two", {"a", STR("\n")});
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	n = read(fds[0], buffer, sizeof(buffer));
	assert_true(n > 0);
	assert_true(
		str_starts((struct str){buffer, (size_t)n}, STR("error one")));
	assert_true(str_ends(
		(struct str){buffer, (size_t)n}, STR(" a=b c=\"d e\"\n")));
	n = read(fds[0], buffer, sizeof(buffer));
	assert_true(n > 0);
	assert_true(
		str_starts((struct str){buffer, (size_t)n}, STR("error two")));
	close(fds[0]);
}

/* Nothing happens, and errno stays, where nobody reads. */
static void
test_nowhere(void **state)
{
	int fds[2], saved, closed, broken;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	fflush(stderr);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	errno = EXDEV;
	log_pairs(LOG_ERROR, "word", {"a", STR("b")});
	broken = errno;
	close(STDERR_FILENO);
	errno = EXDEV;
	log_pairs(LOG_ERROR, "word", {"a", STR("b")});
	closed = errno;
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(broken, EXDEV);
	assert_int_equal(closed, EXDEV);
	errno = EXDEV;
	log_limit = LOG_WARN;
	log_pairs(LOG_INFO, "word", {"a", STR("b")});
	log_limit = LOG_INFO;
	assert_int_equal(errno, EXDEV);
}

struct taker {
	struct log_sink sink;
	unsigned lines;
	const char *word;
	struct str value;
};

static bool
take(struct log_sink *sink, const struct log_entry *entry)
{
	struct taker *taker = (struct taker *)sink;

	taker->lines++;
	taker->word = entry->word;
	taker->value = entry->pairs[1].value;
	return true;
}

/* A sink that takes a line keeps it from being written. */
static void
test_sink(void **state)
{
	struct taker taker = {.sink = {take}};
	struct capture capture;
	char buffer[256];
	struct str written;

	(void)state;
	capture_begin(&capture);
	log_redirect(&taker.sink);
	log_pairs(LOG_WARN, "word", {"a", STR("b")}, {"c", STR("d\n")});
	log_limit = LOG_WARN;
	log_pairs(LOG_INFO, "silent", {"a", STR("b")});
	log_limit = LOG_INFO;
	log_redirect(NULL);
	written = capture_end(&capture, buffer, sizeof(buffer));
	assert_int_equal(written.n, 0);
	assert_int_equal(taker.lines, 1);
	assert_string_equal(taker.word, "word");
	assert_true(str_eq(taker.value, STR("d\n")));
}

/* A collector gets warnings and errors, which are written as well. */
static void
test_collector(void **state)
{
	struct log_collector collector;
	struct capture capture;
	char buffer[512];
	struct str written, collected;

	(void)state;
	capture_begin(&capture);
	log_collect(&collector);
	log_pairs(LOG_INFO, "first", {"a", STR("b")});
	log_pairs(LOG_WARN, "second", {"a", STR("b")});
	log_redirect(NULL);
	log_pairs(LOG_WARN, "third", {"a", STR("b")});
	written = capture_end(&capture, buffer, sizeof(buffer));
	collected = (struct str){collector.lines.p, collector.lines.n};
	assert_true(str_starts(collected, STR("warn second time=")));
	assert_true(str_ends(collected, STR(" a=b\n")));
	assert_null(memmem(collected.p, collected.n, "third", 5));
	assert_non_null(memmem(written.p, written.n, "first", 5));
	assert_non_null(memmem(written.p, written.n, "third", 5));
	assert_non_null(memmem(written.p, written.n, collected.p, collected.n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_one_write),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_collector),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
