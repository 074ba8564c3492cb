#include "serve/sgr.h"

/* A style has attributes and a foreground and background colour, each 0 for
 * none or 1 + the number of one of 256 colours. */
enum {
	COLOUR = 0x1ff,
	BACK_SHIFT = 9,
	BOLD = 1 << 18,
	ITALIC = 1 << 20,
	UNDERLINE = 1 << 21,
	STRIKE = 1 << 22,
	INVERSE = 1 << 23
};

static uint32_t
distance(unsigned a, unsigned b)
{
	return (a - b) * (a - b);
}

/* The nearest of the 256 colours, from the cube of 6 levels or the greys. */
static uint32_t
nearest(const uint16_t rgb[3])
{
	uint32_t cube = 16, off_cube = 0, off_grey = 0;
	unsigned sum = 0u + rgb[0] + rgb[1] + rgb[2];
	unsigned grey = sum < 3 * 8 ? 0 : (sum / 3 - 3) / 10;

	if (grey > 23)
		grey = 23;
	for (int i = 0; i < 3; i++) {
		static const uint32_t weight[3] = {36, 6, 1};
		unsigned level = rgb[i] < 48 ? 0
			: rgb[i] < 115       ? 1
					     : (rgb[i] - 35u) / 40;

		cube += weight[i] * level;
		off_cube += distance(rgb[i], level ? 55 + 40 * level : 0);
		off_grey += distance(rgb[i], 8 + 10 * grey);
	}
	return off_grey < off_cube ? 232 + grey : cube;
}

/* If the n parameters are a colour, "5;N" or "2;R;G;B", read it into *colour.
 */
static void
read_colour(const uint16_t *p, size_t n, uint32_t *colour)
{
	if (n >= 2 && p[0] == 5 && p[1] < 256)
		*colour = p[1] + 1u;
	else if (n >= 4 && p[0] == 2 && p[1] < 256 && p[2] < 256 && p[3] < 256)
		*colour = nearest(p + 1) + 1;
}

/* Read the colour that parameter 0 of n (38, 48 or 58) begins.  It is in the
 * `own` parameters that colons attach to it, also as "38:2:SPACE:R:G:B", or
 * else in the following parameters.  Returns how many parameters it takes. */
static size_t
take_colour(const uint16_t *parameter, size_t own, size_t n, uint32_t *colour)
{
	const uint16_t *p = parameter + 1;

	if (own > 0) {
		uint16_t form[4] = {p[0], own > 1 ? p[1] : 0};

		if (p[0] == 2 && own >= 4)
			memcpy(form + 1, own >= 5 ? p + 2 : p + 1,
				3 * sizeof(*p));
		read_colour(form, own, colour);
		return own + 1;
	}
	read_colour(p, n - 1, colour);
	if (n > 1 && p[0] == 5)
		return 3;
	if (n > 1 && p[0] == 2)
		return 5;
	return n;
}

static uint32_t
with_fore(uint32_t style, uint32_t colour)
{
	return (style & ~(uint32_t)COLOUR) | colour;
}

static uint32_t
with_back(uint32_t style, uint32_t colour)
{
	return (style & ~((uint32_t)COLOUR << BACK_SHIFT)) |
		colour << BACK_SHIFT;
}

/* Apply a parameter that stands alone to style. */
static uint32_t
change_style(uint32_t style, unsigned parameter)
{
	static const uint32_t set[10] = {[1] = BOLD,
		[2] = SGR_DIM,
		[3] = ITALIC,
		[4] = UNDERLINE,
		[7] = INVERSE,
		[8] = SGR_CONCEALED,
		[9] = STRIKE};

	if (parameter == 0)
		return 0;
	if (parameter < 10)
		return style | set[parameter];
	if (parameter == 21)
		return style | UNDERLINE;
	if (parameter == 22)
		return style & ~(uint32_t)(BOLD | SGR_DIM);
	if (parameter > 22 && parameter < 30)
		return style & ~set[parameter - 20];
	if (parameter >= 30 && parameter < 38)
		return with_fore(style, parameter - 30 + 1);
	if (parameter == 39)
		return with_fore(style, 0);
	if (parameter >= 40 && parameter < 48)
		return with_back(style, parameter - 40 + 1);
	if (parameter == 49)
		return with_back(style, 0);
	if (parameter >= 90 && parameter < 98)
		return with_fore(style, parameter - 90 + 9);
	if (parameter >= 100 && parameter < 108)
		return with_back(style, parameter - 100 + 9);
	return style;
}

uint32_t
sgr_change(uint32_t style, const uint16_t *parameter, size_t n, uint32_t colons)
{
	size_t next;

	for (size_t i = 0; i < n; i = next) {
		unsigned what = parameter[i];
		uint32_t colour = 0;

		for (next = i + 1; next < n && (colons & 1u << next) != 0;)
			next++;
		if (what == 38 || what == 48 || what == 58) {
			next = i +
				take_colour(parameter + i, next - i - 1, n - i,
					&colour);
			if (colour != 0 && what == 38)
				style = with_fore(style, colour);
			if (colour != 0 && what == 48)
				style = with_back(style, colour);
		} else if (what == 4 && next > i + 1 && parameter[i + 1] == 0) {
			style = change_style(style, 24);
		} else {
			style = change_style(style, what);
		}
	}
	return style;
}

/* Add a class.  *gap comes before the first one, a blank before others. */
static void
add_class(struct text *text, const char **gap, bool set, const char *name)
{
	if (!set)
		return;
	text_add(text, str_of(*gap));
	text_add(text, str_of(name));
	*gap = " ";
}

static void
add_colour(
	struct text *text, const char **gap, const char *name, uint32_t colour)
{
	add_class(text, gap, colour != 0, name);
	if (colour != 0)
		text_printf(text, "%u", colour - 1);
}

void
sgr_add_span(struct text *text, uint32_t style)
{
	uint32_t fore = style & COLOUR, back = style >> BACK_SHIFT & COLOUR;
	bool inverse = (style & INVERSE) != 0;
	const char *gap = "";

	text_add(text, STR("<span class=\""));
	add_class(text, &gap, (style & BOLD) != 0, "bo");
	add_class(text, &gap, (style & SGR_DIM) != 0, "di");
	add_class(text, &gap, (style & ITALIC) != 0, "it");
	add_class(text, &gap, (style & UNDERLINE) != 0, "ul");
	add_class(text, &gap, (style & STRIKE) != 0, "st");
	add_colour(text, &gap, "f", inverse ? back : fore);
	add_colour(text, &gap, "b", inverse ? fore : back);
	add_class(text, &gap, inverse && fore == 0, "in");
	text_add(text, STR("\">"));
}
