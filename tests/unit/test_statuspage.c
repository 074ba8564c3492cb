/* statuspage: what was counted, in each of the formats. */

#include "archive/guard.h"
#include "serve/statuspage.h"
#include "unit.h"
#include "zipmake.h"

enum { THREADS = 2, LENT = 4 };

/* Each counter has a number of its own, of which both threads count a part; two
 * requests were slow; one archive of two members is open, whose name needs
 * escapes. */
struct fixture {
	struct stats *stats;
	struct cache *cache;
	struct archive *archive;
};

static void
count_all(struct stats *stats)
{
	static const struct slow_request slow[] = {
		{.ns = 30000000,
			.spent = {10000000, 5000000, 12000000, 3000000, 7000},
			.ended = 1577836800,
			.status = 200,
			.n = 9,
			.uri = "/slow<\"\n>"},
		{.ns = 70000,
			.ended = 1577836801,
			.status = 404,
			.n = 5,
			.uri = "/fast"},
	};

	for (int i = 0; i < COUNTS; i++) {
		stats_count(stats_of(stats, 0), (enum count)i, 1000);
		stats_count(stats_of(stats, 1), (enum count)i, (uint64_t)i + 1);
	}
	stats_count(stats_of(stats, 0), COUNT_ACCEPTED, 8);
	for (int i = 0; i < THREADS; i++) {
		struct counters *mine = stats_of(stats, i);

		stats_time(mine, TIME_FIRST, slow[i].ns / 300);
		stats_time(mine, TIME_LAST, slow[i].ns);
		assert_true(stats_is_slow(mine, slow[i].ns));
		stats_slow(stats_of(stats, i), &slow[i]);
	}
}

static void
open_fixture(struct fixture *f)
{
	struct zipmake z = {0};
	char path[128];

	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	zipmake_add_text(&z, "a", "one");
	zipmake_add_text(&z, "b", "two");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a\"\\\n.wwz");
	zipmake_free(&z);
	f->stats = stats_new(THREADS);
	f->cache = cache_new(10, 1 << 20, NULL);
	assert_true(f->stats != NULL && f->cache != NULL);
	count_all(f->stats);
	snprintf(path, sizeof(path), "%s//a\"\\\n.wwz", place);
	f->archive = cache_get(f->cache, str_of(path), false);
	assert_int_equal(f->archive->status, STATUS_GO);
	archive_count(f->archive, 5120);
	archive_count(f->archive, 0);
	assert_true(membercache_lend(f->archive->membercache, LENT));
}

static void
close_fixture(struct fixture *f)
{
	if (f->archive != NULL)
		membercache_return(f->archive->membercache, LENT);
	archive_drop(f->archive);
	cache_free(f->cache);
	stats_free(f->stats);
}

/* The page, which arena holds. */
static struct str
page_of(struct fixture *f, const char *query, struct arena *arena,
	const char *type)
{
	struct response response;
	struct text page = {.arena = arena};
	struct str span;

	response_init(&response, arena, METHOD_GET);
	statuspage_answer(
		&response, str_of(query), f->stats, f->cache, 250000000);
	assert_int_equal(differ(query, response.content_type, str_of(type)), 0);
	assert_true(str_eq(response.cache_control, STR("no-store")));
	while (body_next(&response.body, &span) == BODY_SPAN)
		text_add(&page, span);
	assert_int_equal(response.body.length, page.n);
	text_byte(&page, '\0');
	response_free(&response);
	assert_false(arena->failed);
	return text_str(&page);
}

/* 0, or the number of words that are not in page, in this order. */
static unsigned
check_words(struct str page, const char *const *words)
{
	const char *at = page.p;
	unsigned failed = 0;

	for (; *words != NULL; words++) {
		const char *next = strstr(at, *words);

		if (next == NULL) {
			print_error("no \"%s\" in\n%s\n", *words, at);
			failed++;
		} else {
			at = next + strlen(*words);
		}
	}
	return failed;
}

static void
check_page(const char *query, const char *type, const char *const *words)
{
	struct fixture f;
	struct arena arena = {0};
	unsigned failed;

	open_fixture(&f);
	failed = check_words(page_of(&f, query, &arena, type), words);
	arena_free(&arena);
	close_fixture(&f);
	assert_int_equal(failed, 0);
}

static void
test_text(void **state)
{
	static const char *const words[] = {"wwz ",
		"  seconds since the start\n",
		"        1001  requests answered 2xx\n",
		"        1002  requests answered 3xx\n",
		"        1003  requests answered 4xx\n",
		"        1004  requests answered 5xx\n",
		"        1005  bytes sent\n",
		"        1006  members sent as gzip without inflating\n",
		"        1007  members sent inflated\n",
		"        1008  members sent as they lie\n",
		"        1009  members handed off\n",
		"        1010  responses cut short\n",
		"        1011  cache hits\n", "        1012  cache misses\n",
		"        1021  connections accepted\n",
		"        1014  connections closed\n",
		"           1  archives opened\n",
		"           0  archives evicted\n",
		"           1  archives open\n",
		"           4  memory lent to responses under way\n",
		"           7  connections open\n",
		"  resident memory of the process, in bytes\n",
		"  descriptors open\n", "  descriptors at most\n",
		"        0.25  seconds for which an archive is served without looking at its path\n",
		"           1            0  up to 0.05 ms\n",
		"           2            1  up to 0.1 ms\n",
		"           2            1  up to 25 ms\n",
		"           2            2  up to 100 ms\n",
		"           2            2  up to 10000 ms\n",
		"       0.000        0.030  s together, of 2\n",
		"       all       open       wait    inflate       send       peer\n",
		"    30.000     10.000      5.000     12.000      3.000      0.007  2020-01-01T00:00:00Z 200 /slow<\"",
		">\n     0.070 ", " 404 /fast\n",
		"  requests     bytes sent    members     memory   age in s\n         2           5120          2 ",
		"//a\"", ".wwz\n", NULL};

	(void)state;
	check_page("format=text", "text/plain; charset=utf-8", words);
}

static void
test_html(void **state)
{
	static const char *const words[] = {"<h1>wwz <i>",
		"<a href=\"?format=text\">text</a>",
		"<tr><td>requests answered 2xx</td><td>1001</td></tr>\n",
		"<tr><td>connections closed</td><td>1014</td></tr>\n",
		"<tr><td>connections open</td><td>7</td></tr>\n",
		"<tr><td>seconds for which an archive is served without looking at its path</td><td>0.25</td></tr>\n",
		"<tr><td>0.05 ms</td><td>1</td><td>0</td></tr>\n",
		"<tr><td>10000 ms</td><td>2</td><td>2</td></tr>\n",
		"<tr><td>all</td><td>2</td><td>2</td></tr>\n",
		"<tr><td><bdi>/slow&lt;&quot;",
		"</bdi> 200</td><td>30.000</td><td>0.007</td></tr>\n",
		"<tr><td><bdi>/fast</bdi> 404</td><td>0.070</td><td>0.000</td></tr>\n",
		"//a&quot;",
		".wwz</bdi></td><td>2</td><td>5.0 KiB</td><td>2</td><td>",
		"</html>", NULL};

	(void)state;
	check_page("", "text/html; charset=utf-8", words);
	check_page("format=xml", "text/html; charset=utf-8", words);
}

static void
test_json(void **state)
{
	static const char *const words[] = {"{\"version\":\"",
		"\"uptime\":", "\"requests_2xx\":1001,\n",
		"\"bytes_sent\":1005,\n", "\"handed_off\":1009,\n",
		"\"connections_closed\":1014,\n", "\"archives_opened\":1,\n",
		"\"archives_open\":1,\n", "\"memory_lent\":4,\n",
		"\"connections_open\":7,\n",
		"\"memory_resident\":", "\"descriptors_open\":",
		"\"descriptors_max\":", "\"revalidate_seconds\":0.25,\n",
		"\"first_byte_seconds\":{\"count\":2,\"sum\":0.000100,\"buckets\":[{\"le\":5e-05,\"count\":1},{\"le\":0.0001,\"count\":2},",
		"\"request_seconds\":{\"count\":2,\"sum\":0.030070,\"buckets\":[{\"le\":5e-05,\"count\":0},{\"le\":0.0001,\"count\":1},",
		"{\"le\":10,\"count\":2}]},\n\"slowest\":[\n",
		"{\"seconds\":0.030000,\"open\":0.010000,\"wait\":0.005000,\"inflate\":0.012000,\"send\":0.003000,\"peer\":0.000007,\"ended\":\"2020-01-01T00:00:00Z\",\"status\":200,\"uri\":\"/slow",
		"},\n{\"seconds\":0.000070,", "\"uri\":\"/fast\"}],\n",
		"\"archives\":[\n{\"path\":\"", "//a\\u0022\\u005c\\u000a",
		".wwz\",\"members\":2,\"memory\":", ",\"age\":",
		",\"requests\":2,\"bytes_sent\":5120}]}\n", NULL};

	(void)state;
	check_page("format=json", "application/json", words);
}

static void
test_prometheus(void **state)
{
	static const char *const words[] = {
		"# HELP wwz_uptime_seconds Time since the start.\n# TYPE wwz_uptime_seconds gauge\nwwz_uptime_seconds ",
		"# TYPE wwz_build_info gauge\nwwz_build_info{version=\"",
		"# TYPE wwz_requests_total counter\nwwz_requests_total{class=\"2xx\"} 1001\nwwz_requests_total{class=\"3xx\"} 1002\n",
		"# TYPE wwz_sent_bytes_total counter\nwwz_sent_bytes_total 1005\n",
		"wwz_members_sent_total{how=\"handed_off\"} 1009\n",
		"# TYPE wwz_archives_opened_total counter\nwwz_archives_opened_total 1\n",
		"# TYPE wwz_archives_open gauge\nwwz_archives_open 1\n",
		"# TYPE wwz_lent_memory_bytes gauge\nwwz_lent_memory_bytes 4\n",
		"# TYPE wwz_connections_open gauge\nwwz_connections_open 7\n",
		"# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ",
		"# TYPE process_open_fds gauge\nprocess_open_fds ",
		"# TYPE process_max_fds gauge\nprocess_max_fds ",
		"# TYPE wwz_revalidate_seconds gauge\nwwz_revalidate_seconds 0.25\n",
		"# TYPE wwz_first_byte_seconds histogram\nwwz_first_byte_seconds_bucket{le=\"5e-05\"} 1\n",
		"wwz_first_byte_seconds_sum 0.000100\nwwz_first_byte_seconds_count 2\n",
		"# TYPE wwz_request_duration_seconds histogram\nwwz_request_duration_seconds_bucket{le=\"5e-05\"} 0\n",
		"_bucket{le=\"10\"} 2\nwwz_request_duration_seconds_bucket{le=\"+Inf\"} 2\nwwz_request_duration_seconds_sum 0.030070\nwwz_request_duration_seconds_count 2\n",
		"wwz_slowest_request_seconds{rank=\"1\"} 0.030000\nwwz_slowest_request_seconds{rank=\"2\"} 0.000070\n",
		"# TYPE wwz_archive_requests_total counter\nwwz_archive_requests_total{archive=\"",
		"//a\\\"\\\\\\n.wwz\"} 2\n",
		"# TYPE wwz_archive_sent_bytes_total counter\nwwz_archive_sent_bytes_total{archive=\"",
		".wwz\"} 5120\n",
		"# TYPE wwz_archive_members gauge\nwwz_archive_members{archive=\"",
		".wwz\"} 2\n", "wwz_archive_memory_bytes{archive=\"",
		"wwz_archive_age_seconds{archive=\"", ".wwz\"} ", NULL};

	(void)state;
	check_page("format=prometheus",
		"text/plain; version=0.0.4; charset=utf-8", words);
}

/* More are closed than accepted while a count is under way: not a huge number,
 * but none; and without archives or requests the formats are whole. */
static void
test_nothing(void **state)
{
	static const char *const json[] = {"\"connections_open\":0,\n",
		"\"slowest\":[],\n\"archives\":[]}\n", NULL};
	static const char *const prometheus[] = {
		"wwz_connections_open 0\n", "_count 0\n", NULL};
	struct fixture f = {stats_new(1), cache_new(1, 1 << 20, NULL), NULL};
	struct arena arena = {0};
	struct str page;

	(void)state;
	stats_count(stats_of(f.stats, 0), COUNT_CLOSED, 1);
	page = page_of(&f, "format=json", &arena, "application/json");
	assert_int_equal(check_words(page, json), 0);
	page = page_of(&f, "format=prometheus", &arena,
		"text/plain; version=0.0.4; charset=utf-8");
	assert_int_equal(check_words(page, prometheus), 0);
	assert_null(strstr(page.p, "slowest"));
	assert_null(strstr(page.p, "wwz_archive_"));
	arena_free(&arena);
	close_fixture(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, place_make, place_remove);
}
