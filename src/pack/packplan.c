#include "pack/packplan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/encoding.h"
#include "pack/deflate.h"
#include "pack/precompress.h"
#include "zip/rulename.h"

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = str_compare(x->entry.name, y->entry.name);

	return order != 0 ? order : (int)x->coding - (int)y->coding;
}

struct item *
items_find(const struct items *items, struct str name)
{
	struct item key = {.entry = {.name = name}, .coding = CODING_IDENTITY};

	return bsearch(&key, items->item, items->n, sizeof(key), compare_items);
}

/* Whether a sibling of file might be worth having. */
static bool
may_have_sibling(const struct tree_file *file)
{
	for (int i = 0; i < CODINGS; i++) {
		if (encoding_suffixes[i].n > 0 &&
			str_ends(file->name, encoding_suffixes[i]))
			return false;
	}
	return !rulename_is(file->name) && deflate_saves(file->size, 0) &&
		file->size <= PRECOMPRESS_MAX;
}

static void
plan_item(struct items *items, const struct tree_file *file, struct str name,
	enum coding coding, uint64_t seekable)
{
	items->item[items->n++] = (struct item){
		.entry = {.name = name,
			.modified = zipwrite_time(file->modified.tv_sec),
			.size = file->size},
		.file = file,
		.coding = coding,
		.seekable = coding == CODING_IDENTITY &&
			file->size > seekable && file->size > DEFLATE_BLOCK,
	};
}

/* Where a file of the tree and a sibling have the same name, remove the
 * sibling. */
static void
remove_doubles(struct items *items)
{
	size_t n = 0;

	for (size_t i = 0; i < items->n; i++) {
		if (n == 0 ||
			!str_eq(items->item[i].entry.name,
				items->item[n - 1].entry.name))
			items->item[n++] = items->item[i];
	}
	items->n = n;
}

int
packplan_make(struct items *items, struct tree *tree,
	const struct pack_options *options)
{
	items->n = 0;
	items->item = calloc(tree->n + 1, CODINGS * sizeof(*items->item));
	if (items->item == NULL)
		return -1;
	for (size_t i = 0; i < tree->n; i++) {
		const struct tree_file *file = &tree->files[i];

		plan_item(items, file, file->name, CODING_IDENTITY,
			options->seekable);
		for (int c = 0; c < CODINGS; c++) {
			if (!options->coded[c] || !may_have_sibling(file))
				continue;
			plan_item(items, file,
				arena_printf(&tree->names, "%.*s%.*s",
					STR_ARG(file->name),
					STR_ARG(encoding_suffixes[c])),
				(enum coding)c, UINT64_MAX);
		}
	}
	if (tree->names.failed)
		return -1;
	qsort(items->item, items->n, sizeof(*items->item), compare_items);
	remove_doubles(items);
	return 0;
}

void
packplan_free(struct items *items)
{
	free(items->item);
	*items = (struct items){0};
}

void
packplan_settle(struct items *items)
{
	size_t n = 0;

	for (size_t i = 0; i < items->n; i++) {
		if (!items->item[i].dropped)
			items->item[n++] = items->item[i];
	}
	items->n = n;
}

void
packplan_print(const struct items *items, FILE *out)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct zip_entry *entry = &items->item[i].entry;

		if (items->item[i].reused)
			continue;
		(void)tree_print_name(entry->name, out);
		if (entry->method == ZIP_STORED)
			fputs(": stored\n", out);
		else
			fprintf(out, ": deflated to %.0f %%\n",
				100.0 * (double)entry->packed /
					(double)entry->size);
	}
}

struct str
packplan_comment(
	const struct pack_options *options, char buffer[PACKPLAN_COMMENT])
{
	int n = snprintf(buffer, PACKPLAN_COMMENT, "wwz pack 1");

	if (options->seekable < UINT64_MAX)
		n += snprintf(buffer + n, 32, " seekable=%" PRIu64,
			options->seekable);
	for (int c = 0; c < CODINGS; c++) {
		if (options->coded[c])
			n += snprintf(
				buffer + n, 16, " %s", encoding_names[c].p);
	}
	return (struct str){buffer, (size_t)n};
}
