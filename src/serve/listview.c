#include "serve/listview.h"

#include <inttypes.h>

#include "http/page.h"
#include "http/path.h"

static const char *const sort_names[] = {
	[LISTING_NAME] = "name",
	[LISTING_SIZE] = "size",
	[LISTING_TIME] = "time",
};

static const char *const image_names[] = {
	[LISTING_IMAGES_IF_MANY] = "",
	[LISTING_IMAGES_NEVER] = "list",
	[LISTING_IMAGES_ALWAYS] = "images",
};

struct listing_view
listing_view_of(struct str query, struct arena *arena)
{
	struct str sort = page_query(query, STR("sort"));
	struct str images = page_query(query, STR("view"));
	struct listing_view view = {.sort = LISTING_NAME};

	for (unsigned i = LISTING_NAME; i <= LISTING_TIME; i++) {
		if (str_eq(sort, str_of(sort_names[i])))
			view.sort = i;
	}
	for (unsigned i = LISTING_IMAGES_NEVER; i <= LISTING_IMAGES_ALWAYS;
		i++) {
		if (str_eq(images, str_of(image_names[i])))
			view.images = i;
	}
	view.descending = str_eq(page_query(query, STR("order")), STR("desc"));
	view.json = str_eq(page_query(query, STR("format")), STR("json"));
	(void)str_number(
		page_query(query, STR("page")), UINT32_MAX, &view.page);
	view.filter = page_field(query, STR("q"), arena);
	if (view.filter.n > LISTVIEW_FILTER_MAX)
		view.filter.n = LISTVIEW_FILTER_MAX;
	return view;
}

static const char *
order_name(const struct listing_view *view)
{
	return view->descending ? "desc" : "asc";
}

void
listing_view_link(
	struct text *text, const struct listing_view *view, uint64_t page)
{
	text_printf(text, "./-wwz-index?sort=%s&amp;order=%s",
		sort_names[view->sort], order_name(view));
	if (page > 0)
		text_printf(text, "&amp;page=%" PRIu64, page);
	if (view->images != LISTING_IMAGES_IF_MANY)
		text_printf(text, "&amp;view=%s", image_names[view->images]);
	if (view->filter.n > 0) {
		text_add(text, STR("&amp;q="));
		path_encode_name(text, view->filter);
	}
}

void
listing_view_fields(struct text *text, const struct listing_view *view)
{
	if (view->images != LISTING_IMAGES_IF_MANY)
		text_printf(text,
			"<input type=\"hidden\" name=\"view\" value=\"%s\">",
			image_names[view->images]);
	if (view->sort == LISTING_NAME && !view->descending)
		return;
	text_printf(text,
		"<input type=\"hidden\" name=\"sort\" value=\"%s\">"
		"<input type=\"hidden\" name=\"order\" value=\"%s\">",
		sort_names[view->sort], order_name(view));
}
