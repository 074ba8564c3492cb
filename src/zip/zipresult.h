/* Results of reading the structure of a zip file. */

#ifndef ZIPRESULT_H
#define ZIPRESULT_H

enum zipdir_result {
	ZIPDIR_OK,
	ZIPDIR_NO_END,  /* no end record: not a zip file, or incomplete */
	ZIPDIR_DAMAGED, /* a record contradicts itself or another one */
	ZIPDIR_FAILED,  /* reading or memory failed: errno */
};

/* A sentence that says what is wrong, and at which offset of the file. */
struct zip_fault {
	char text[160];
};

#endif
