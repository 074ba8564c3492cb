/* Renders the log on standard input as a page, on standard output:
 *
 *   render_log QUERY FIRST TOTAL
 *
 * FIRST is the number of the input's first line, TOTAL that of the log's last
 * one, or "-" when nobody knows. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "logpage.h"

static ssize_t
input_read(struct source *source, void *buffer, size_t n)
{
	(void)source;
	return read(STDIN_FILENO, buffer, n);
}

static void
input_close(struct source *source)
{
	(void)source;
}

int
main(int argc, char **argv)
{
	static char buffer[65536];
	struct source input = {input_read, input_close}, *page;
	struct logpage_view view;
	ssize_t n;

	if (argc != 4) {
		fprintf(stderr, "usage: %s QUERY FIRST TOTAL\n", argv[0]);
		return 2;
	}
	view = logpage_view_of(str_of(argv[1]));
	view.name = STR("build.log");
	view.link = STR("../build.log");
	view.first = strtoull(argv[2], NULL, 10);
	view.total = argv[3][0] == '-' ? LOGPAGE_UNKNOWN
				       : strtoull(argv[3], NULL, 10);
	page = logpage_open(&input, &view);
	if (page == NULL)
		return 1;
	while ((n = page->read(page, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)n, stdout);
	page->close(page);
	return n < 0 || fflush(stdout) != 0;
}
