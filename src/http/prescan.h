/* The charset that a page or a style sheet names in its first bytes. */

#ifndef PRESCAN_H
#define PRESCAN_H

#include "base/str.h"

/* The label that a <meta> of page names, found as browsers find it (WHATWG
 * HTML, section 13.2.3.2, "prescan a byte stream"): not in comments, in
 * values of attributes, or in an element that is cut off.  Empty if there is
 * none.  It may be no charset at all.  Pure. */
struct str prescan_html(struct str page);

/* The label of a style sheet's @charset rule, which must be its first bytes
 * (CSS Syntax, section 3.2).  Empty if there is none.  Pure. */
struct str prescan_css(struct str sheet);

#endif
