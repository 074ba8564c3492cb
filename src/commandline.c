#include "commandline.h"

#include <assert.h>
#include <getopt.h>
#include <unistd.h>

#include "optiontable.h"
#include "preview/preview.h"

enum { HELP_WIDTH = 78 };

static enum command
command_named(const char *name)
{
	int i = 0;

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return COMMAND_HELP;
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		return COMMAND_VERSION;
	while (i < COMMANDS && strcmp(command_specs[i].name, name) != 0)
		i++;
	return (enum command)i;
}

static int
refuse_command(struct fault *fault, const char *word)
{
	for (int i = 0; i < COMMANDS; i++) {
		const char *name = command_specs[i].name;

		if (str_is_near(str_of(word), str_of(name)))
			return fault_set(fault,
				"unknown command %s: did you mean %s?", word,
				name);
	}
	return fault_set(fault, "unknown command %s, see wwz help", word);
}

enum { FOUND_SPEC = 256 }; /* what getopt_long finds: this + its index */

/* The tables for getopt_long, for one command.  Each has --help beside the
 * options of its own. */
struct tables {
	struct option options[OPTIONS_SPECS_MAX + 2];
	char letters[2 * OPTIONS_SPECS_MAX + 3];
};

/* Whether spec has an argument, as getopt_long wants to know it. */
static int
takes_argument(const struct option_spec *spec)
{
	if (spec->argument == NULL)
		return no_argument;
	return spec->argument[0] == '[' ? optional_argument : required_argument;
}

static void
fill_tables(struct tables *tables, enum command command)
{
	struct option *option = tables->options;
	char *letter = tables->letters;

	memset(tables, 0, sizeof(*tables));
	*letter++ = ':';
	*letter++ = 'h';
	*option++ = (struct option){"help", no_argument, NULL, 'h'};
	for (int i = 0; option_specs[i].name != NULL; i++) {
		if ((option_specs[i].on & 1u << command) == 0)
			continue;
		*option++ = (struct option){option_specs[i].name,
			takes_argument(&option_specs[i]), NULL, FOUND_SPEC + i};
		if (option_specs[i].letter == 0)
			continue;
		*letter++ = (char)option_specs[i].letter;
		if (option_specs[i].argument != NULL)
			*letter++ = ':';
	}
}

static const struct option_spec *
spec_of(int found)
{
	if (found >= FOUND_SPEC)
		return &option_specs[found - FOUND_SPEC];
	for (int i = 0; option_specs[i].name != NULL; i++) {
		if (option_specs[i].letter == found)
			return &option_specs[i];
	}
	return NULL;
}

/* The option of tables that word, "--NAME" or "--NAME=VALUE", may have meant,
 * or NULL. */
static const char *
near_option(const struct tables *tables, const char *word)
{
	struct str value = str_of(word), name = str_cut(&value, '=');

	if (!str_starts(name, STR("--")))
		return NULL;
	name = str_slice(name, 2, name.n);
	for (const struct option *o = tables->options; o->name != NULL; o++) {
		if (str_is_near(name, str_of(o->name)))
			return o->name;
	}
	return NULL;
}

/* Describe the option at fault: a letter within a word by itself, else the
 * word. */
static int
refuse_option(enum command command, const struct tables *tables,
	char *const *argv, int found, struct fault *fault)
{
	char letter[] = {'-', (char)optopt, '\0'};
	const char *word =
		optopt > 0 && optopt < FOUND_SPEC ? letter : argv[optind - 1];
	const char *near = near_option(tables, word);

	if (found == ':')
		return fault_set(fault, "%s needs a value", word);
	if (near != NULL)
		return fault_set(fault, "unknown option %s: did you mean --%s?",
			word, near);
	return fault_set(fault, "unknown option %s, see wwz help %s", word,
		command_specs[command].name);
}

/* Set spec's option to value.  Returns as set_option. */
static const char *
set_value(struct options *options, const struct option_spec *spec,
	const char *value)
{
	void *member = (char *)options + spec->at;

	if (spec->set != NULL)
		return spec->set(options, value);
	if (spec->argument != NULL)
		*(const char **)member = value;
	else
		*(bool *)member = true;
	return NULL;
}

static int
take_options(struct options *options, int argc, char *const *argv,
	struct fault *fault)
{
	struct tables tables;
	int found;

	fill_tables(&tables, options->command);
	opterr = 0;
	optind = 1;
	while ((found = getopt_long(argc, argv, tables.letters, tables.options,
			NULL)) != -1) {
		const struct option_spec *spec = spec_of(found);
		const char *why;

		if (found == ':' || found == '?')
			return refuse_option(
				options->command, &tables, argv, found, fault);
		if (found == 'h') {
			options->topic = options->command;
			options->command = COMMAND_HELP;
			return argc;
		}
		assert(spec != NULL);
		why = set_value(options, spec, optarg);
		if (why != NULL)
			return fault_set(fault, "--%s%s%s: %s", spec->name,
				optarg ? " " : "", optarg ? optarg : "", why);
	}
	return optind;
}

static void
set_defaults(struct options *options)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct options){
		.topic = COMMANDS,
		.mode = 0660,
		.suffix = ".wwz",
		.index = {{"index.html", 10}},
		.nindex = 1,
		.max_age = SITE_NO_CACHE,
		.slow_ms = -1,
		.port = PREVIEW_ANY,
		.max_memory = 256 << 20,
		.limits = {.threads = processors > 2 ? (int)processors : 2,
			.timeout_seconds = 60,
			.grace_seconds = 10,
			.storage_seconds = 30,
			.io_threads = 128},
		.pack = {.seekable = 1 << 20},
	};
}

/* Take the words after the options. */
static int
take_rest(
	struct options *options, int n, char *const *words, struct fault *fault)
{
	const struct command_spec *command = &command_specs[options->command];

	if (n > command->most)
		return fault_set(fault,
			"%s is one argument too many, see wwz help %s",
			words[command->most], command->name);
	if (n < command->least)
		return fault_set(fault, "expected %s, see wwz help %s",
			command->wants, command->name);
	options->words = words;
	options->nwords = n;
	if (options->command != COMMAND_HELP || n == 0)
		return 0;
	options->topic = command_named(words[0]);
	return options->topic == COMMANDS ? refuse_command(fault, words[0]) : 0;
}

int
commandline_read(struct options *options, int argc, char *const *argv,
	struct fault *fault)
{
	int at;

	set_defaults(options);
	if (argc > 1) {
		options->command = command_named(argv[1]);
		if (options->command == COMMANDS && argv[1][0] != '-')
			return refuse_command(fault, argv[1]);
	}
	/* Without a command, the options are those of serve. */
	if (argc > 1 && options->command != COMMANDS) {
		argc--;
		argv++;
	} else {
		options->command = COMMAND_SERVE;
	}
	at = take_options(options, argc, argv, fault);
	if (at < 0)
		return -1;
	return take_rest(options, argc - at, argv + at, fault);
}

/* Write text in lines of at most HELP_WIDTH columns, indented. */
static void
print_wrapped(const char *text, int indent, FILE *file)
{
	struct str rest = str_of(text);
	size_t column = 0;

	while (rest.n > 0) {
		struct str word = str_cut(&rest, ' ');

		if (column > 0 && column + 1 + word.n > HELP_WIDTH) {
			fputc('\n', file);
			column = 0;
		}
		fprintf(file, "%*s%.*s", column ? 1 : indent, "",
			STR_ARG(word));
		column += (column ? 1 : (size_t)indent) + word.n;
	}
	fputc('\n', file);
}

static void
print_command(enum command command, FILE *file)
{
	fprintf(file, "wwz %s%s%s\n", command_specs[command].name,
		*command_specs[command].arguments ? " " : "",
		command_specs[command].arguments);
	print_wrapped(command_specs[command].says, 4, file);
}

static void
print_option(const struct option_spec *s, FILE *file)
{
	const char *space = takes_argument(s) == required_argument ? " " : "";
	const char *argument = s->argument ? s->argument : "";

	fprintf(file, "\n  --%s%s%s", s->name, space, argument);
	if (s->letter != 0)
		fprintf(file, ", -%c%s%s", s->letter, space, argument);
	fputc('\n', file);
	print_wrapped(s->says, 6, file);
}

void
commandline_help(enum command topic, FILE *file)
{
	if (topic != COMMANDS) {
		print_command(topic, file);
		for (int i = 0; option_specs[i].name != NULL; i++) {
			if ((option_specs[i].on & 1u << topic) != 0)
				print_option(&option_specs[i], file);
		}
		return;
	}
	fputs("wwz shows zip files, named *.wwz, as directories of a web site.\n\n",
		file);
	for (int i = 0; i < COMMANDS; i++)
		print_command((enum command)i, file);
	fputs("\nwwz help COMMAND, or wwz COMMAND --help, lists the options of a command.\n"
	      "Without a command, wwz serves.\n",
		file);
}
