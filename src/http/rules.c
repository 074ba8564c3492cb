#include "http/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/source.h"
#include "base/log.h"

enum { LOGGED_MAX = 20 }; /* faults of one file */

/* Why a file cannot be used, else NULL. */
static const char *
why_unusable(const struct member *member)
{
	if (member->link)
		return "a symbolic link";
	if ((member->flags & ZIP_ENCRYPTED) != 0)
		return "encrypted";
	if (source_is_slow(member))
		return "neither stored nor deflated";
	/* The packed data of so little may be many empty blocks. */
	if (member->size > RULELINES_SIZE_MAX ||
		member->packed > 2 * RULELINES_SIZE_MAX)
		return "more than 64 KiB";
	return NULL;
}

/* Read the file into arena.  -1 with errno. */
static int
read_text(struct archive *archive, const struct member *member,
	struct str *text, struct arena *arena)
{
	char *bytes = arena_get(arena, (size_t)member->size + 1);
	struct source *source;
	uint64_t start;
	int result;

	if (bytes == NULL)
		return -1;
	if (archive_locate(archive, member, &start) != STATUS_GO)
		return -1;
	source = source_open(archive, member, start, NULL);
	if (source == NULL)
		return -1;
	result = source_fill(source, bytes, (size_t)member->size, &text->n);
	source->close(source);
	text->p = bytes;
	return result;
}

/* Begin to read one of the files.  -1 with errno. */
static int
begin_file(struct rulelines *lines, struct archive *archive,
	enum rulename which, struct arena *arena)
{
	struct str text = {NULL, 0};
	const char *why = NULL;
	struct member member;

	if (zipdir_find_exact(
		    archive->zipdir, str_of(rulenames[which]), &member)) {
		why = why_unusable(&member);
		if (why == NULL &&
			read_text(archive, &member, &text, arena) < 0) {
			if (errno == ENOMEM)
				return -1;
			why = "damaged";
			text.n = 0;
		}
	}
	rulelines_begin(lines, text, arena);
	if (why != NULL)
		rulelines_refuse(lines, why);
	return arena->failed ? -1 : 0;
}

static void
free_rules(struct attachment *attachment)
{
	rules_free((struct rules *)attachment);
}

struct rules *
rules_open(struct archive *archive)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL)
		return NULL;
	for (int i = 0; i < RULENAMES; i++) {
		if (begin_file(&rules->read[i], archive, (enum rulename)i,
			    &rules->arena) < 0) {
			rules_free(rules);
			return NULL;
		}
	}
	redirects_read(&rules->redirects, &rules->read[RULENAME_REDIRECTS]);
	headers_read(&rules->headers, &rules->read[RULENAME_HEADERS]);
	if (rules->arena.failed) {
		rules_free(rules);
		errno = ENOMEM;
		return NULL;
	}
	rules->attachment = (struct attachment){
		free_rules, sizeof(*rules) + arena_memory(&rules->arena)};
	return rules;
}

void
rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	arena_free(&rules->arena);
	free(rules);
}

struct str
rules_fault(const struct rulefault *fault, struct arena *arena)
{
	if (fault->line == 0)
		return arena_printf(arena, "it is not used: %s", fault->why);
	return arena_printf(
		arena, "line %u is passed over: %s", fault->line, fault->why);
}

/* Log the first faults of a file. */
static void
log_faults(const struct archive *archive, const char *name,
	const struct rulelines *lines)
{
	for (size_t i = 0; i < lines->nfaults && i < LOGGED_MAX; i++) {
		const struct rulefault *fault = &lines->faults[i];
		bool last = i + 1 == LOGGED_MAX && lines->nfaults > LOGGED_MAX;
		char number[16];

		snprintf(number, sizeof(number), "%u", fault->line);
		log_pairs(LOG_WARN, "rule-wrong",
			{"archive", str_of(archive->path)},
			{"member", str_of(name)}, {"line", str_of(number)},
			{"why",
				last ? STR("and others below it: wwz check lists them")
				     : str_of(fault->why)});
	}
}

const struct rules *
rules_get(struct archive *archive)
{
	struct attachment *attached = atomic_load(&archive->attached);
	struct rules *rules;

	if (attached != NULL)
		return (const struct rules *)attached;
	rules = rules_open(archive);
	if (rules == NULL)
		return NULL;
	attached = archive_attach(archive, &rules->attachment);
	if (attached == &rules->attachment) {
		for (int i = 0; i < RULENAMES; i++)
			log_faults(archive, rulenames[i], &rules->read[i]);
	}
	return (const struct rules *)attached;
}
