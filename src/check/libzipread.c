#include "check/libzipread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "base/crc.h"

enum { BUFFER_SIZE = 64 * 1024 };

struct libzipread {
	zip_t *zip;
	char why[160];
};

struct libzipread *
libzipread_open(const struct archive *archive, const char **why)
{
	static char text[160];
	struct libzipread *libzip = calloc(1, sizeof(*libzip));
	int fd = dup(archive->fd), code;
	zip_error_t error;

	if (libzip == NULL || fd < 0) {
		*why = strerrordesc_np(errno);
	} else {
		libzip->zip = zip_fdopen(fd, 0, &code);
		if (libzip->zip != NULL)
			return libzip;
		*why = text;
		zip_error_init_with_code(&error, code);
		snprintf(text, sizeof(text), "%s", zip_error_strerror(&error));
		zip_error_fini(&error);
	}
	if (fd >= 0)
		close(fd);
	free(libzip);
	return NULL;
}

static const char *
copy_why(struct libzipread *libzip, const char *why)
{
	snprintf(libzip->why, sizeof(libzip->why), "%s", why);
	return libzip->why;
}

const char *
libzipread_fault(struct libzipread *libzip, uint64_t i,
	const struct member *member, struct progress *progress)
{
	char buffer[BUFFER_SIZE];
	zip_file_t *file = zip_fopen_index(libzip->zip, i, 0);
	const char *why = NULL;
	uint32_t crc = 0;
	uint64_t done = 0;
	zip_int64_t n = 0;

	if (file == NULL)
		return copy_why(libzip, zip_strerror(libzip->zip));
	/* Stop at the stated size: a member that inflates to more may never
	 * end. */
	while (done <= member->size &&
		(n = zip_fread(file, buffer, sizeof(buffer))) > 0) {
		crc = crc_add(crc, buffer, (size_t)n);
		done += (uint64_t)n;
		progress_add(progress, 0, (uint64_t)n);
	}
	if (n < 0)
		why = copy_why(libzip, zip_file_strerror(file));
	else if (done != member->size)
		why = "another size";
	else if (crc != member->crc)
		why = "another CRC-32";
	zip_fclose(file);
	return why;
}

bool
libzipread_supports(const struct member *member)
{
	return zip_compression_method_supported(member->method, 0) == 1;
}

void
libzipread_close(struct libzipread *libzip)
{
	if (libzip == NULL)
		return;
	zip_discard(libzip->zip);
	free(libzip);
}
