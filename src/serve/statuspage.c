#include "serve/statuspage.h"

#include <inttypes.h>

#include "base/clock.h"
#include "http/page.h"
#include "serve/statusview.h"

const struct statusview_row statusview_counts[COUNTS] = {
	[COUNT_2XX] = {"requests answered 2xx", "requests_2xx",
		"wwz_requests_total", "{class=\"2xx\"}",
		"Requests answered, by the class of the status."},
	[COUNT_3XX] = {"requests answered 3xx", "requests_3xx",
		"wwz_requests_total", "{class=\"3xx\"}", NULL},
	[COUNT_4XX] = {"requests answered 4xx", "requests_4xx",
		"wwz_requests_total", "{class=\"4xx\"}", NULL},
	[COUNT_5XX] = {"requests answered 5xx", "requests_5xx",
		"wwz_requests_total", "{class=\"5xx\"}", NULL},
	[COUNT_BYTES] = {"bytes sent", "bytes_sent", "wwz_sent_bytes_total", "",
		"Bytes of bodies sent."},
	[COUNT_GZIP] = {"members sent as gzip without inflating", "sent_gzip",
		"wwz_members_sent_total", "{how=\"gzip\"}",
		"Members sent, by the way their bytes were made."},
	[COUNT_INFLATED] = {"members sent inflated", "sent_inflated",
		"wwz_members_sent_total", "{how=\"inflated\"}", NULL},
	[COUNT_AS_IT_LIES] = {"members sent as they lie", "sent_as_it_lies",
		"wwz_members_sent_total", "{how=\"as_it_lies\"}", NULL},
	[COUNT_HANDED_OFF] = {"members handed off", "handed_off",
		"wwz_members_sent_total", "{how=\"handed_off\"}", NULL},
	[COUNT_CUT] = {"responses cut short", "responses_cut",
		"wwz_responses_cut_total", "",
		"Responses that were not sent completely."},
	[COUNT_HITS] = {"cache hits", "cache_hits", "wwz_cache_hits_total", "",
		"Requests whose archive was open."},
	[COUNT_MISSES] = {"cache misses", "cache_misses",
		"wwz_cache_misses_total", "",
		"Requests whose archive had to be opened."},
	[COUNT_ACCEPTED] = {"connections accepted", "connections_accepted",
		"wwz_connections_accepted_total", "", "Connections accepted."},
	[COUNT_CLOSED] = {"connections closed", "connections_closed",
		"wwz_connections_closed_total", "", "Connections closed."},
	[COUNT_WAITS] = {"waits for storage begun", "storage_waits_begun",
		"wwz_storage_waits_begun_total", "",
		"Waits for storage that have begun."},
	[COUNT_WAITED] = {"waits for storage ended", "storage_waits_ended",
		"wwz_storage_waits_ended_total", "",
		"Waits for storage that have ended."},
};

const struct statusview_row statusview_rest[STATUSVIEW_REST] = {
	{"archives opened", "archives_opened", "wwz_archives_opened_total", "",
		"Archives opened."},
	{"archives evicted", "archives_evicted", "wwz_archives_evicted_total",
		"", "Archives closed to make room for others."},
	{"archives refused", "archives_refused", "wwz_archives_refused_total",
		"", "Files that could not be opened as an archive."},
	{"archives open", "archives_open", "wwz_archives_open", "",
		"Archives that are open, failed ones among them."},
	{"memory of their indexes", "archives_memory",
		"wwz_archives_memory_bytes", "", "Memory of their indexes."},
	{"memory lent to responses under way", "memory_lent",
		"wwz_lent_memory_bytes", "",
		"Memory lent to responses under way."},
	{"connections open", "connections_open", "wwz_connections_open", "",
		"Connections that are open."},
	{"threads that wait for storage", "storage_waiting",
		"wwz_storage_waiting", "", "Threads that wait for storage."},
	{"resident memory of the process, in bytes", "memory_resident",
		"process_resident_memory_bytes", "",
		"Resident memory, with the pages of archives that are mapped."},
	{"descriptors open", "descriptors_open", "process_open_fds", "",
		"Descriptors that are open; 0 before Linux 6.2."},
	{"descriptors at most", "descriptors_max", "process_max_fds", "",
		"Descriptors that may be open."},
};

void
statusview_values(const struct statusview *v, uint64_t values[STATUSVIEW_REST])
{
	uint64_t accepted = v->sum.count[COUNT_ACCEPTED];
	uint64_t closed = v->sum.count[COUNT_CLOSED];
	uint64_t waits = v->sum.count[COUNT_WAITS];
	uint64_t waited = v->sum.count[COUNT_WAITED];

	values[0] = v->state.opened;
	values[1] = v->state.evicted;
	values[2] = v->state.refused;
	values[3] = v->state.archives;
	values[4] = v->state.memory;
	values[5] = v->state.lent;
	values[6] = accepted > closed ? accepted - closed : 0;
	values[7] = waits > waited ? waits - waited : 0;
	values[8] = v->sum.resident;
	values[9] = v->sum.descriptors;
	values[10] = v->sum.descriptors_max;
}

struct str
statusview_path(const struct statusview *v, size_t i)
{
	return str_of(v->items[i].archive->path);
}

uint64_t
statusview_members(const struct statusview *v, size_t i)
{
	const struct zipdir *zipdir = v->items[i].archive->zipdir;

	return zipdir ? zipdir_count(zipdir) : 0;
}

static int64_t
age_of(const struct statusview *v, size_t i)
{
	return (v->now - v->items[i].archive->opened) / CLOCK_SECOND;
}

static double
seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* Text. */

static void
add_text_slowest(struct statusview *v)
{
	struct text *t = &v->text;
	char time[PAGE_TIME_SIZE];

	text_printf(t,
		"\nslowest requests, in ms, the peer's time apart:\n%10s",
		"all");
	for (int k = 0; k < PHASES; k++)
		text_printf(t, " %10s", phase_names[k]);
	text_byte(t, '\n');
	for (int i = 0; i < v->sum.nslowest; i++) {
		const struct slow_request *r = &v->sum.slowest[i];

		page_time(r->ended, time);
		text_printf(t, "%10.3f", seconds(r->ns) * 1000);
		for (int k = 0; k < PHASES; k++)
			text_printf(t, " %10.3f", seconds(r->spent[k]) * 1000);
		text_printf(t, "  %s %d ", time, r->status);
		page_add_plain(t, (struct str){r->uri, r->n});
		text_byte(t, '\n');
	}
}

static void
add_text_times(struct statusview *v)
{
	const struct stats_times *first = &v->sum.times[TIME_FIRST];
	const struct stats_times *last = &v->sum.times[TIME_LAST];
	struct text *t = &v->text;
	uint64_t begun = 0, ended = 0;

	text_printf(
		t, "\nrequests by time to the first and to the last byte:\n");
	for (int i = 0; i < STATS_BOUNDS; i++) {
		begun += first->bucket[i];
		ended += last->bucket[i];
		text_printf(t, "%12" PRIu64 " %12" PRIu64 "  up to %g ms\n",
			begun, ended, (double)stats_bounds[i] / 1000);
	}
	text_printf(t, "%12.3f %12.3f  s together, of %" PRIu64 "\n",
		seconds((int64_t)first->ns), seconds((int64_t)last->ns),
		v->sum.requests);
}

static void
add_text(struct statusview *v)
{
	struct text *t = &v->text;
	uint64_t values[STATUSVIEW_REST];

	statusview_values(v, values);
	text_printf(t, "wwz %s\n\n%12" PRId64 "  seconds since the start\n",
		WWZ_VERSION, v->sum.uptime);
	for (int i = 0; i < COUNTS; i++)
		text_printf(t, "%12" PRIu64 "  %s\n", v->sum.count[i],
			statusview_counts[i].says);
	for (int i = 0; i < STATUSVIEW_REST; i++)
		text_printf(t, "%12" PRIu64 "  %s\n", values[i],
			statusview_rest[i].says);
	text_printf(t, "%12g  " STATUSVIEW_REVALIDATE "\n", v->revalidate);
	add_text_times(v);
	add_text_slowest(v);
	text_printf(t,
		"\nopen archives, the most recently used first:\n"
		"%10s %14s %10s %10s %10s\n",
		"requests", "bytes sent", "members", "memory", "age in s");
	for (size_t i = 0; i < v->nitems; i++) {
		const struct cache_item *item = &v->items[i];

		text_printf(t,
			"%10" PRIu64 " %14" PRIu64 " %10" PRIu64
			" %10zu %10" PRId64 "  ",
			item->requests, item->bytes, statusview_members(v, i),
			item->memory, age_of(v, i));
		page_add_plain(t, statusview_path(v, i));
		text_byte(t, '\n');
	}
}

/* JSON. */

static void
add_json_times(struct statusview *v, const char *key, enum stats_time time)
{
	const struct stats_times *times = &v->sum.times[time];
	struct text *t = &v->text;
	uint64_t below = 0;

	text_printf(t,
		"\"%s\":{\"count\":%" PRIu64 ",\"sum\":%.6f,\"buckets\":[", key,
		v->sum.requests, seconds((int64_t)times->ns));
	for (int i = 0; i < STATS_BOUNDS; i++) {
		below += times->bucket[i];
		text_printf(t, "%s{\"le\":%g,\"count\":%" PRIu64 "}",
			i ? "," : "", (double)stats_bounds[i] / 1e6, below);
	}
	text_add(t, STR("]},\n"));
}

static void
add_json_slowest(struct statusview *v)
{
	struct text *t = &v->text;
	char time[PAGE_TIME_SIZE];

	text_add(t, STR("\"slowest\":["));
	for (int i = 0; i < v->sum.nslowest; i++) {
		const struct slow_request *r = &v->sum.slowest[i];

		text_printf(t, "%s\n{\"seconds\":%.6f", i ? "," : "",
			seconds(r->ns));
		for (int k = 0; k < PHASES; k++)
			text_printf(t, ",\"%s\":%.6f", phase_names[k],
				seconds(r->spent[k]));
		page_time(r->ended, time);
		text_printf(t, ",\"ended\":\"%s\",\"status\":%d,\"uri\":", time,
			r->status);
		page_add_json(t, (struct str){r->uri, r->n});
		text_byte(t, '}');
	}
	text_add(t, STR("],\n"));
}

static void
add_json_status(struct statusview *v)
{
	struct text *t = &v->text;
	uint64_t values[STATUSVIEW_REST];

	statusview_values(v, values);
	text_printf(t, "{\"version\":\"%s\",\"uptime\":%" PRId64 ",\n",
		WWZ_VERSION, v->sum.uptime);
	for (int i = 0; i < COUNTS; i++)
		text_printf(t, "\"%s\":%" PRIu64 ",\n",
			statusview_counts[i].key, v->sum.count[i]);
	for (int i = 0; i < STATUSVIEW_REST; i++)
		text_printf(t, "\"%s\":%" PRIu64 ",\n", statusview_rest[i].key,
			values[i]);
	text_printf(t, "\"revalidate_seconds\":%g,\n", v->revalidate);
	add_json_times(v, "first_byte_seconds", TIME_FIRST);
	add_json_times(v, "request_seconds", TIME_LAST);
	add_json_slowest(v);
	text_add(t, STR("\"archives\":["));
	for (size_t i = 0; i < v->nitems; i++) {
		text_printf(t, "%s\n{\"path\":", i ? "," : "");
		page_add_json(t, statusview_path(v, i));
		text_printf(t,
			",\"members\":%" PRIu64
			",\"memory\":%zu,\"age\":%" PRId64
			",\"requests\":%" PRIu64 ",\"bytes_sent\":%" PRIu64 "}",
			statusview_members(v, i), v->items[i].memory,
			age_of(v, i), v->items[i].requests, v->items[i].bytes);
	}
	text_add(t, STR("]}\n"));
}

/* Prometheus. */

static void
add_help(struct text *t, const char *metric, const char *type, const char *help)
{
	text_printf(
		t, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void
add_metric(struct text *t, const struct statusview_row *row, const char *type,
	uint64_t value)
{
	if (row->help != NULL)
		add_help(t, row->metric, type, row->help);
	text_printf(t, "%s%s %" PRIu64 "\n", row->metric, row->labels, value);
}

static void
add_histogram(struct statusview *v, const char *name, enum stats_time time,
	const char *help)
{
	const struct stats_times *times = &v->sum.times[time];
	struct text *t = &v->text;
	uint64_t below = 0;

	add_help(t, name, "histogram", help);
	for (int i = 0; i < STATS_BOUNDS; i++) {
		below += times->bucket[i];
		text_printf(t, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			(double)stats_bounds[i] / 1e6, below);
	}
	below += times->bucket[STATS_BOUNDS];
	text_printf(t,
		"%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.6f\n"
		"%s_count %" PRIu64 "\n",
		name, below, name, seconds((int64_t)times->ns), name, below);
}

/* Add a metric with a value for each archive. */
static void
add_archives(struct statusview *v, const char *metric, const char *type,
	const char *help, uint64_t (*value)(const struct statusview *, size_t))
{
	struct text *t = &v->text;

	if (v->nitems > 0)
		add_help(t, metric, type, help);
	for (size_t i = 0; i < v->nitems; i++) {
		text_printf(t, "%s{archive=", metric);
		page_add_label(t, statusview_path(v, i));
		text_printf(t, "} %" PRIu64 "\n", value(v, i));
	}
}

static uint64_t
requests_value(const struct statusview *v, size_t i)
{
	return v->items[i].requests;
}

static uint64_t
bytes_value(const struct statusview *v, size_t i)
{
	return v->items[i].bytes;
}

static uint64_t
memory_value(const struct statusview *v, size_t i)
{
	return v->items[i].memory;
}

static uint64_t
age_value(const struct statusview *v, size_t i)
{
	return (uint64_t)age_of(v, i);
}

static void
add_prometheus(struct statusview *v)
{
	struct text *t = &v->text;
	uint64_t values[STATUSVIEW_REST];

	statusview_values(v, values);
	add_help(t, "wwz_uptime_seconds", "gauge", "Time since the start.");
	text_printf(t, "wwz_uptime_seconds %" PRId64 "\n", v->sum.uptime);
	add_help(t, "wwz_build_info", "gauge", "Which wwz it is.");
	text_printf(t, "wwz_build_info{version=\"%s\"} 1\n", WWZ_VERSION);
	for (int i = 0; i < COUNTS; i++)
		add_metric(
			t, &statusview_counts[i], "counter", v->sum.count[i]);
	for (int i = 0; i < STATUSVIEW_REST; i++)
		add_metric(t, &statusview_rest[i],
			i < STATUSVIEW_REST - STATUSVIEW_GAUGES ? "counter"
								: "gauge",
			values[i]);
	add_help(t, "wwz_revalidate_seconds", "gauge",
		"Time for which an archive is served without looking at its path.");
	text_printf(t, "wwz_revalidate_seconds %g\n", v->revalidate);
	add_histogram(v, "wwz_first_byte_seconds", TIME_FIRST,
		"Time to the first byte of an answer.");
	add_histogram(v, "wwz_request_duration_seconds", TIME_LAST,
		"Time to the last byte of an answer, which a slow reader takes.");
	/* URIs are not labels, because each new one would make a new time
	 * series. */
	if (v->sum.nslowest > 0)
		add_help(t, "wwz_slowest_request_seconds", "gauge",
			"Time of the slowest requests, without waiting for the peer.");
	for (int i = 0; i < v->sum.nslowest; i++)
		text_printf(t,
			"wwz_slowest_request_seconds{rank=\"%d\"} %.6f\n",
			i + 1, seconds(v->sum.slowest[i].ns));
	add_archives(v, "wwz_archive_requests_total", "counter",
		"Requests to one of the busiest archives since it was opened.",
		requests_value);
	add_archives(v, "wwz_archive_sent_bytes_total", "counter",
		"Bytes of bodies sent from it since then.", bytes_value);
	add_archives(v, "wwz_archive_members", "gauge", "Its members.",
		statusview_members);
	add_archives(v, "wwz_archive_memory_bytes", "gauge",
		"Memory of its index.", memory_value);
	add_archives(v, "wwz_archive_age_seconds", "gauge",
		"Time since it was opened.", age_value);
}

/* Collect what is shown, in the arena.  If memory runs out, the answer will be
 * 503. */
static void
view_of_stats(struct statusview *v, struct stats *stats, struct cache *cache,
	bool busiest)
{
	size_t max = busiest ? STATUSPAGE_BUSIEST : STATUSPAGE_ARCHIVES;

	v->now = clock_ns();
	stats_read(stats, &v->sum);
	v->items = arena_get(v->text.arena, max * sizeof(*v->items));
	max = v->items ? max : 0;
	v->nitems = busiest ? cache_busiest(cache, &v->state, v->items, max)
			    : cache_list(cache, &v->state, v->items, max);
}

void
statuspage_answer(struct response *response, struct str query,
	struct stats *stats, struct cache *cache, int64_t revalidate_ns)
{
	struct str format = page_query(query, STR("format"));
	bool for_prometheus = str_eq(format, STR("prometheus"));
	struct statusview v = {.text = {.arena = response->body.arena},
		.revalidate = seconds(revalidate_ns)};

	view_of_stats(&v, stats, cache, for_prometheus);
	if (str_eq(format, STR("json"))) {
		response->content_type = STR("application/json");
		add_json_status(&v);
	} else if (for_prometheus) {
		response->content_type =
			STR("text/plain; version=0.0.4; charset=utf-8");
		add_prometheus(&v);
	} else if (str_eq(format, STR("text"))) {
		response->content_type = STR("text/plain; charset=utf-8");
		add_text(&v);
	} else {
		response->content_type = PAGE_TYPE;
		response->content_security_policy = page_policy;
		statusview_html(&v);
	}
	for (size_t i = 0; i < v.nitems; i++)
		archive_drop(v.items[i].archive);
	response->cache_control = STR("no-store");
	response->has_length = true;
	body_add_text(&response->body, text_str(&v.text));
}
