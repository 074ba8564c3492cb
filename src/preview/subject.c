#include "preview/subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/trail.h"
#include "pack/pack.h"

/* Make a directory of our own, in which pack() can replace the archive by
 * rename(2). */
static int
make_temporary(struct subject *subject, struct fault *fault)
{
	const char *place = getenv("TMPDIR");
	char real[PATH_MAX];

	if (place == NULL || *place == '\0')
		place = "/tmp";
	if (realpath(place, real) == NULL)
		return fault_errno(fault, str_of(place), errno);
	if (snprintf(subject->archive, PATH_MAX,
		    "%s/wwz-preview.XXXXXX/site.wwz", real) >= PATH_MAX)
		return fault_errno(fault, str_of(place), ENAMETOOLONG);
	strcpy(subject->temporary, subject->archive);
	subject->temporary[strlen(real) + strlen("/wwz-preview.XXXXXX")] = '\0';
	if (mkdtemp(subject->temporary) == NULL) {
		subject->temporary[0] = '\0';
		return fault_errno(fault, str_of(place), errno);
	}
	memcpy(subject->archive, subject->temporary,
		strlen(subject->temporary));
	return 0;
}

/* Read the tree and, if it has changed, pack it.  -1 when that failed; fault is
 * set only if the tree could not be read. */
static int
update(struct subject *subject, struct fault *fault)
{
	struct tree tree = {0};
	int top = trail_directory(subject->directory);
	int result = top < 0
		? fault_errno(fault, str_of(subject->directory), errno)
		: tree_walk(&tree, top, subject->directory, &subject->choice,
			  fault);

	if (top >= 0)
		close(top);
	if (result < 0 || tree_is_same(&tree, &subject->tree)) {
		tree_free(&tree);
		return result;
	}
	/* Even if packing fails: the next change is the time to try again. */
	tree_free(&subject->tree);
	subject->tree = tree;
	return pack(subject->directory, subject->archive, subject->options) ==
			EXIT_SUCCESS
		? 0
		: -1;
}

int
subject_open(struct subject *subject, const char *path,
	const struct pack_options *options, struct fault *fault)
{
	struct stat st;

	*subject = (struct subject){.options = options};
	pthread_mutex_init(&subject->lock, NULL);
	fault->text[0] = '\0';
	if (realpath(path, subject->archive) == NULL ||
		stat(subject->archive, &st) < 0)
		return fault_errno(fault, str_of(path), errno);
	if (S_ISREG(st.st_mode))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return fault_file(
			fault, str_of(path), "neither a file nor a directory");
	strcpy(subject->directory, subject->archive);
	if (choice_read(&subject->choice, options, fault) < 0 ||
		make_temporary(subject, fault) < 0)
		return -1;
	return update(subject, fault);
}

void
subject_refresh(struct subject *subject)
{
	struct fault fault = {""};

	if (subject->directory[0] == '\0')
		return;
	pthread_mutex_lock(&subject->lock);
	(void)update(subject, &fault);
	if (fault.text[0] != '\0' &&
		strcmp(fault.text, subject->fault.text) != 0)
		fprintf(stderr, "wwz: %s\n", fault.text);
	subject->fault = fault;
	pthread_mutex_unlock(&subject->lock);
}

void
subject_close(struct subject *subject)
{
	if (subject->temporary[0] != '\0') {
		(void)unlink(subject->archive);
		(void)rmdir(subject->temporary);
	}
	tree_free(&subject->tree);
	choice_free(&subject->choice);
	pthread_mutex_destroy(&subject->lock);
}
