/* Results of reading the structure of a zip file. */

#ifndef ZIPRESULT_H
#define ZIPRESULT_H

enum zipdir_result {
	ZIPDIR_OK,
	ZIPDIR_NO_END,  /* no end record: not a zip file, or incomplete */
	ZIPDIR_DAMAGED, /* a record contradicts itself or another one */
	ZIPDIR_FAILED,  /* reading or memory failed: errno */
};

#endif
