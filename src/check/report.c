#include "check/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/page.h"

static const char *const level_names[REPORT_LEVELS] = {
	[REPORT_ERROR] = "error",
	[REPORT_ADVICE] = "advice",
};

static void
write_out(const struct text *text)
{
	fwrite(text->p, 1, text->n, stdout);
	fputc('\n', stdout);
}

static void
add_finding_line(struct text *text, const struct report *report,
	enum report_level level, const struct str *member, struct str what)
{
	page_add_plain(text, report->file);
	text_add(text, STR(": "));
	if (member != NULL) {
		page_add_plain(text, member->n > 0 ? *member : STR("\"\""));
		text_add(text, STR(": "));
	}
	text_printf(text, "%s: ", level_names[level]);
	page_add_plain(text, what);
}

static void
add_object(struct text *text, const struct report *report,
	enum report_level level, const char *word, const struct str *member,
	struct str what)
{
	text_add(text, STR("{\"archive\":"));
	page_add_json(text, report->file);
	if (member != NULL) {
		text_add(text, STR(",\"member\":"));
		page_add_json(text, *member);
	}
	text_printf(text, ",\"level\":\"%s\",\"word\":\"%s\",\"what\":",
		level_names[level], word);
	page_add_json(text, what);
	text_byte(text, '}');
}

void
report_add(struct report *report, enum report_level level, const char *word,
	const struct str *member, struct str what)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	report->found[level]++;
	if (report->json)
		add_object(&text, report, level, word, member, what);
	else
		add_finding_line(&text, report, level, member, what);
	progress_end(&report->progress);
	write_out(&text);
	arena_free(&arena);
}

static void
write_summary(const struct report *r)
{
	uint64_t errors = r->found[REPORT_ERROR];
	uint64_t advice = r->found[REPORT_ADVICE];

	if (r->json)
		printf("{\"archives\":%" PRIu64 ",\"members\":%" PRIu64
		       ",\"errors\":%" PRIu64 ",\"advice\":%" PRIu64 "}\n",
			r->archives, r->members, errors, advice);
	else
		printf("%" PRIu64 " archive%s, %" PRIu64 " member%s: %" PRIu64
		       " error%s, %" PRIu64 " advice\n",
			r->archives, str_plural(r->archives), r->members,
			str_plural(r->members), errors, str_plural(errors),
			advice);
}

int
report_end(struct report *report)
{
	if (!report->quiet)
		write_summary(report);
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_FAILURE;
	if (report->strict && report->found[REPORT_ADVICE] > 0)
		return EXIT_FAILURE;
	return report->found[REPORT_ERROR] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
