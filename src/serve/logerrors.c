#include "serve/logerrors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crc.h"
#include "http/page.h"
#include "serve/logregex.h"
#include "serve/logsign.h"

struct logerrors {
	struct logregex *regex[LOGERRORS_MOST];
	size_t n;
	uint32_t number;
};

/* Add the pattern in a line of the file. */
static int
read_expression(struct logerrors *e, struct str line, struct fault *what)
{
	if (str_ends(line, STR("\n")))
		line.n--;
	if (str_ends(line, STR("\r")))
		line.n--;
	if (str_trim(line).n == 0 || line.p[0] == '#')
		return 0;
	if (line.n > LOGERRORS_PATTERN)
		return fault_set(
			what, "longer than %d bytes", LOGERRORS_PATTERN);
	if (e->n == LOGERRORS_MOST)
		return fault_set(what, "more than %d patterns", LOGERRORS_MOST);
	if (!str_is_utf8(line))
		return fault_set(what, "not UTF-8");
	e->regex[e->n] = logregex_new(line, what);
	if (e->regex[e->n] == NULL)
		return -1;
	e->n++;
	e->number = crc_add(e->number, line.p, line.n);
	e->number = crc_add(e->number, "\n", 1);
	return 0;
}

/* Read all lines; *number is the current one. */
static int
read_expressions(struct logerrors *e, FILE *file, unsigned long *number,
	struct fault *what)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int result = 0;

	while (result == 0 && (n = getline(&line, &size, file)) >= 0) {
		++*number;
		result =
			read_expression(e, (struct str){line, (size_t)n}, what);
	}
	if (result == 0 && !feof(file))
		result = fault_set(what, "%s", strerrordesc_np(errno));
	free(line);
	return result;
}

struct logerrors *
logerrors_open(const char *path, struct fault *fault)
{
	FILE *file = fopen(path, "re");
	struct logerrors *e = file ? calloc(1, sizeof(*e)) : NULL;
	unsigned long number = 0;
	struct fault what;

	if (e == NULL) {
		fault_errno(fault, str_of(path), errno);
	} else if (read_expressions(e, file, &number, &what) < 0) {
		fault_set(fault, "%.400s:%lu: %.400s", path, number, what.text);
		logerrors_free(e);
		e = NULL;
	}
	if (file != NULL)
		fclose(file);
	return e;
}

void
logerrors_free(struct logerrors *e)
{
	int saved = errno;

	for (size_t i = 0; e != NULL && i < e->n; i++)
		logregex_free(e->regex[i]);
	free(e);
	errno = saved;
}

size_t
logerrors_count(const struct logerrors *e)
{
	return e->n;
}

uint32_t
logerrors_number(const struct logerrors *e)
{
	return e->number;
}

bool
logerrors_match(const struct logerrors *e, struct str line)
{
	for (size_t i = 0; i < e->n; i++) {
		if (logregex_has(e->regex[i], line))
			return true;
	}
	return false;
}

bool
logerrors_is_error(
	const struct logerrors *e, const struct ansi_cell *cell, size_t n)
{
	char line[LOGERRORS_LINE];
	size_t size = 0;

	if (logsign_is_error(cell, n))
		return true;
	if (e == NULL)
		return false;
	for (size_t i = 0; i < n && size + 4 <= LOGERRORS_LINE; i++)
		size += page_utf8(cell[i].point, line + size);
	return logerrors_match(e, (struct str){line, size});
}
