#include "serve/loggroups.h"

static uint32_t
hash_group_name(const struct ansi_cell *cell, size_t n)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ cell[i].point) * 16777619;
	return hash;
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
	g->ends += g->n - (i - 1) - g->starts;
	g->starts = false;
	g->n = i - 1;
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

void
loggroups_note(struct loggroups *g, const struct ansi *a)
{
	struct logmark mark =
		logmark_find(a->cell, a->stop < a->n ? a->stop : a->n);
	struct loggroup group = {mark.system, 0};

	if (mark.kind == LOGMARK_NONE)
		return;
	group.name = hash_group_name(a->cell + mark.end, mark.name);
	/* Groups of GitHub do not nest. */
	if (mark.kind == LOGMARK_END || mark.system == LOGMARK_GITHUB)
		end_group(g, group);
	if (mark.kind == LOGMARK_END)
		return;
	start_group(g, group);
	g->ntitle = mark.name < LOGGROUPS_TITLE ? mark.name : LOGGROUPS_TITLE;
	for (size_t i = 0; i < g->ntitle; i++)
		g->title[i] = a->cell[mark.end + i];
}

void
loggroups_begin_line(struct loggroups *g)
{
	g->starts = false;
	g->ends = g->ntitle = 0;
}
