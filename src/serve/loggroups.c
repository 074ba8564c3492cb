#include "serve/loggroups.h"

#include "serve/logtime.h"

static uint32_t
hash_group_name(const struct ansi_cell *cell, size_t n)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ cell[i].point) * 16777619;
	return hash;
}

/* How long a group took that ends at `ended`. */
static int64_t
time_taken(const struct loggroup *group, int64_t ended)
{
	int64_t ms = group->told;

	if (group->began != LOGTIME_NONE && ended != LOGTIME_NONE)
		ms = ended - group->began;
	return ms >= LOGTIME_LEAST ? ms : LOGTIME_NONE;
}

/* Close the innermost group equal to this one, and all groups inside. */
static void
end_group(struct loggroups *g, struct loggroup group)
{
	size_t i = g->n;

	while (i > 0 &&
		(g->group[i - 1].system != group.system ||
			g->group[i - 1].name != group.name))
		i--;
	if (i == 0)
		return;
	/* One that starts in this line has not been begun. */
	g->n -= g->starts;
	g->starts = false;
	for (i--; g->n > i; g->n--)
		g->took[g->ends++] =
			time_taken(&g->group[g->n - 1], group.began);
}

/* Start a group.  If a line has several marks, the last one counts. */
static void
start_group(struct loggroups *g, struct loggroup group)
{
	g->n -= g->starts;
	g->starts = g->n < LOGGROUPS_DEPTH;
	if (g->starts)
		g->group[g->n++] = group;
}

/* Whether a group of a system is open. */
static bool
is_open(const struct loggroups *g, enum logmark_system system)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->group[i].system == system)
			return true;
	}
	return false;
}

static int64_t
time_of(const struct ansi *a, const struct logmark *mark)
{
	int64_t ms = mark->time;

	if (ms == LOGTIME_NONE && logtime_find(a->cell, mark->at, &ms) == 0 &&
		a->time.ms != 0)
		ms = a->time.ms;
	return ms;
}

/* A command took so many milliseconds. */
static void
add_told(struct loggroups *g, int64_t ms)
{
	struct loggroup *last = g->n > 0 ? &g->group[g->n - 1] : NULL;

	if (ms == LOGTIME_NONE)
		return;
	if (last != NULL && last->system == LOGMARK_TRAVIS)
		last->told += ms;
	else if (ms >= LOGTIME_LEAST)
		g->told = ms;
}

void
loggroups_note(struct loggroups *g, const struct ansi *a)
{
	struct logmark mark =
		logmark_find(a->cell, a->stop < a->n ? a->stop : a->n);
	struct loggroup group = {mark.system, 0, LOGTIME_NONE, 0};

	if (mark.kind == LOGMARK_TIME)
		add_told(g, mark.took);
	if (mark.kind != LOGMARK_START && mark.kind != LOGMARK_END)
		return;
	if (mark.unsure && !is_open(g, mark.system))
		return;
	group.name = hash_group_name(a->cell + mark.name, mark.nname);
	group.began = time_of(a, &mark);
	/* These groups do not nest. */
	if (mark.kind == LOGMARK_END || mark.system == LOGMARK_GITHUB ||
		mark.system == LOGMARK_BUILDKITE)
		end_group(g, group);
	if (mark.kind == LOGMARK_END)
		return;
	start_group(g, group);
	g->collapsed = mark.collapsed;
	g->ntitle = mark.nname < LOGGROUPS_TITLE ? mark.nname : LOGGROUPS_TITLE;
	for (size_t i = 0; i < g->ntitle; i++)
		g->title[i] = a->cell[mark.name + i];
}

void
loggroups_begin_line(struct loggroups *g)
{
	g->starts = false;
	g->ends = g->ntitle = 0;
	g->told = 0;
}
