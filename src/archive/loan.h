/* Memory lent to a response while its content is made: for decoders, buffers
 * and lists that the response holds until it is sent. */

#ifndef LOAN_H
#define LOAN_H

#include "archive/archive.h"

/* Whether n bytes are so many that they can never be borrowed beside `own`,
 * which are.  Any thread. */
bool loan_exceeds(const struct archive *archive, uint64_t n, uint64_t own);

/* Borrow n bytes from archive's membercache.  false when there is not enough
 * room, which has been logged.  Any thread. */
bool loan_take(const struct archive *archive, uint64_t n);

/* Give n bytes back.  Any thread. */
void loan_give(const struct archive *archive, uint64_t n);

#endif
