/* Runs a fuzzer on the files that are named, each in memory of just its size:
 * instead of libFuzzer, which not every compiler has. */

#include "fuzz.h"

static int
run(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) < 0 ||
		(size = ftell(file)) < 0) {
		perror(path);
		return -1;
	}
	rewind(file);
	data = malloc((size_t)size);
	if ((data == NULL && size > 0) ||
		fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		return -1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		if (run(argv[i]) < 0)
			return 1;
	}
	printf("%s: %d files\n", argv[0], argc - 1);
	return 0;
}
