/* Escape sequences by which the cursor leaves the line. */

#ifndef ANSIMOVE_H
#define ANSIMOVE_H

#include "serve/ansi.h"

/* If the control sequence that ends in final, whose parameters are in ansi,
 * leaves the line, note that in ansi->moves, and how in ansi->move; or that the
 * cursor is away or back. */
void ansimove_perform(struct ansi *ansi, uint32_t final);

/* The same for ESC 7, ESC 8 and ESC M. */
void ansimove_escape(struct ansi *ansi, uint32_t final);

#endif
