/* The common parts of the responder's own pages. */

#ifndef PAGE_H
#define PAGE_H

#include "base/arena.h"

/* The style sheet of all pages, and a Content-Security-Policy that allows only
 * this sheet, by its hash. */
extern const struct str page_style;
extern const struct str page_policy;

/* The policy of listings, which have a form, and of those that show images of
 * the archive, too.  (Where images are allowed, browsers ask for a favicon.) */
extern const struct str page_listing_policy;
extern const struct str page_images_policy;

/* The additional sheet of log pages, and the policy for both sheets. */
extern const struct str page_log_style;
extern const struct str page_log_policy;

/* Begin a page, up to and including <main>, whose class is kind unless that is
 * empty.  title is escaped here.  style is a second sheet, or empty.  nofollow:
 * robots are told not to follow the page's links, for one with links to many
 * similar ones. */
void page_begin(struct text *text, struct str title, const char *kind,
	struct str style, bool nofollow);

/* End the page. */
void page_end(struct text *text);

/* Add s as text or as a quoted attribute of HTML.  Invalid UTF-8 becomes
 * U+FFFD, and a character that changes the direction of writing is shown as its
 * number, so that no name looks like another. */
void page_add(struct text *text, struct str s);

/* The UTF-8 of a character of Unicode; returns its length.  Pure. */
size_t page_utf8(uint32_t point, char utf8[4]);

/* Add a character of Unicode in the same way as page_add. */
void page_add_point(struct text *text, uint32_t point);

/* Add s as a JSON string, with its quotes.  Invalid UTF-8 becomes U+FFFD;
 * control characters and those that change the direction of writing are
 * escaped. */
void page_add_json(struct text *text, struct str s);

/* Add s as text for a terminal.  Each byte of a backslash, of invalid UTF-8, of
 * a control character and of a character that changes the direction of writing
 * becomes \xHH. */
void page_add_plain(struct text *text, struct str s);

/* Add s as the value of a Prometheus label, with its quotes.  Invalid UTF-8
 * becomes U+FFFD. */
void page_add_label(struct text *text, struct str s);

/* Add a size in readable form: "1.2 MiB". */
void page_add_size(struct text *text, uint64_t bytes);

/* Room for a time as page_time writes it, with its NUL. */
enum { PAGE_TIME_SIZE = 24 };

/* Write seconds since 1970 as "2026-11-22T19:00:00Z" (RFC 3339). */
void page_time(int64_t seconds, char time[PAGE_TIME_SIZE]);

/* The media type of all pages. */
#define PAGE_TYPE STR("text/html; charset=utf-8")

/* The value of key in a query "key=value&…", without decoding; empty when there
 * is none. */
struct str page_query(struct str query, struct str key);

/* Whether there is a key in query, with a value or without.  Pure. */
bool page_asks(struct str query, struct str key);

/* The value of key, decoded: the text that was put into a field of a form.  In
 * arena.
 */
struct str page_field(struct str query, struct str key, struct arena *arena);

#endif
