/* Colours and attributes of text on terminals (SGR, ECMA-48, 8.3.117): a style
 * is a number, 0 for plain text. */

#ifndef SGR_H
#define SGR_H

#include "base/arena.h"

/* The bits of a style in which characters are not shown, and dim. */
#define SGR_CONCEALED (UINT32_C(1) << 24)

#define SGR_DIM (UINT32_C(1) << 19)

/* All bits of styles. */
#define SGR_ALL ((UINT32_C(1) << 25) - 1)

/* Apply n parameters, at most 32, to style.  Bit i of colons says that
 * parameter i follows a ":".  24-bit colours become the nearest of the 256.
 * Unknown parameters are ignored.  Pure. */
uint32_t sgr_change(
	uint32_t style, const uint16_t *parameter, size_t n, uint32_t colons);

/* Begin a <span> for a style that is not plain, with the classes of log.css. */
void sgr_add_span(struct text *text, uint32_t style);

#endif
