/* What the pages of the responder itself have in common. */

#ifndef PAGE_H
#define PAGE_H

#include "base/arena.h"

/* The style sheet of all pages, and a Content-Security-Policy that allows it
 * and nothing else: the hash is that of the sheet. */
extern const struct str page_style;
extern const struct str page_policy;

/* The sheet that the page of a log has besides, and the policy for both. */
extern const struct str page_log_style;
extern const struct str page_log_policy;

/* Begin a page, up to and with <main>, whose class is kind unless that is
 * empty. title is escaped here. */
void page_begin(struct text *text, struct str title, const char *kind);

/* The same, with a further style sheet, for a page that leads to many like it:
 * robots are told not to go there. */
void page_begin_styled(struct text *text, struct str title, const char *kind,
	struct str style);

/* End it. */
void page_end(struct text *text);

/* Add s as text or as a quoted attribute of HTML: what is not UTF-8 becomes
 * U+FFFD, and a character that changes the direction of writing is shown by
 * its number, so that no name looks like another. */
void page_add(struct text *text, struct str s);

/* Add a character of Unicode in the same way. */
void page_add_point(struct text *text, uint32_t point);

/* Add s as a string of JSON, with its quotes: what is not UTF-8 becomes U+FFFD,
 * and a control character, or one that changes the direction of writing, is
 * escaped. */
void page_add_json(struct text *text, struct str s);

/* Add s as text for a terminal: a backslash, and each byte of what is not
 * UTF-8, of a control character, and of one that changes the direction of
 * writing, becomes \xHH. */
void page_add_plain(struct text *text, struct str s);

/* Add s as the value of a label of Prometheus, with its quotes: what is
 * not UTF-8 becomes U+FFFD. */
void page_add_label(struct text *text, struct str s);

/* Add a size as people read it: "1.2 MiB". */
void page_add_size(struct text *text, uint64_t bytes);

/* Room for a time as page_time writes it, with its NUL. */
enum { PAGE_TIME_SIZE = 24 };

/* Write seconds since 1970 as "2026-11-22T19:00:00Z" (RFC 3339). */
void page_time(int64_t seconds, char time[PAGE_TIME_SIZE]);

/* The media type of all pages. */
#define PAGE_TYPE STR("text/html; charset=utf-8")

/* The value of key in a query "key=value&…", as it stands there; empty when
 * there is none. */
struct str page_query(struct str query, struct str key);

#endif
