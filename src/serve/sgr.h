/* Colours and attributes of text on terminals (SGR, ECMA-48, 8.3.117): a style
 * is a number, 0 for plain text. */

#ifndef SGR_H
#define SGR_H

#include "base/arena.h"

/* What n parameters, at most 32, make of style; bit i of colons says that
 * parameter i follows a ":".  Colours of 24 bits become the nearest of the 256.
 * What is unknown is passed over.  Pure. */
uint32_t sgr_change(
	uint32_t style, const uint16_t *parameter, size_t n, uint32_t colons);

/* Begin a <span> of a style that is not plain, of the classes in log.css. */
void sgr_add_span(struct text *text, uint32_t style);

#endif
