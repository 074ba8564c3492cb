# wwz: zip archives as directories of a web site, over FastCGI.
#
#   make                build/wwz
#   make check          unit tests (cmocka), and the fuzzers' corpora;
#                       UNIT_TEST=NAME build/unit/test_MODULE is one of them
#   make fuzz           the fuzzers (clang), SECONDS=60 each
#   make coverage       lines and branches that the tests reach; E2E= selects
#   make compile_commands.json    for clangd and other tools
#   make bench-tools    what scripts/bench measures with
#   make docs           build/wwz-handbook.wwz; needs pandoc and mandoc
#   make install        PREFIX=/usr/local DESTDIR= MANDIR= UNITDIR=; uninstall
#   make format lint    needs clang-format, clang-tidy, cppcheck
#   make analyze        by gcc and clang, which follow paths: a minute
#   make SAN=address    the same with AddressSanitizer and UBSan, in build/asan
#   make SAN=thread     the same with ThreadSanitizer, in build/tsan
#   make static         build/static/wwz, for hosts without the libraries
#   make help           these lines; HACKING.md says more

VERSION := 0.1.0

PREFIX  ?= /usr/local
MANDIR  ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR  ?= $(PREFIX)/share/doc/wwz
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

CC     ?= cc
CFLAGS ?= -O2 -g
CSTD   := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
          -DWWZ_VERSION='"$(VERSION)"' -pthread
WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla \
          -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LIBS   := -lfcgi -lz

# How fast CRC-32 is, and what --precompress has, depends on what is there.
ifeq ($(shell pkg-config --exists libdeflate 2>&1 && echo yes),yes)
CSTD += -DWWZ_LIBDEFLATE
LIBS += -ldeflate
endif
# A name in one of Unicode's normal forms is found by another one.
ifeq ($(shell pkg-config --exists libutf8proc 2>&1 && echo yes),yes)
CSTD += -DWWZ_UTF8PROC
LIBS += -lutf8proc
endif
ifndef STATIC
LIBS += -lzip
ifeq ($(shell pkg-config --exists libbrotlienc libbrotlidec 2>&1 && echo yes),yes)
CSTD += -DWWZ_BROTLI
LIBS += -lbrotlienc -lbrotlidec
endif
ifeq ($(shell pkg-config --exists libzstd 2>&1 && echo yes),yes)
CSTD += -DWWZ_ZSTD
LIBS += -lzstd
endif
ifeq ($(shell pkg-config --exists liblzma 2>&1 && echo yes),yes)
CSTD += -DWWZ_LZMA
LIBS += -llzma
endif
# Searches in logs for regular expressions.
ifeq ($(shell pkg-config --exists libpcre2-8 2>&1 && echo yes),yes)
CSTD += -DWWZ_PCRE2
LIBS += -lpcre2-8
endif
# Debian 12 has no bzip2.pc.
ifeq ($(shell $(CC) -E -include bzlib.h - </dev/null >/dev/null 2>&1 && echo yes),yes)
CSTD += -DWWZ_BZIP2
LIBS += -lbz2
endif
endif

# A sanitizer reads its own binary and looks into its own process to report;
# counters of coverage are written when the process ends.
BUILD := build
ifeq ($(SAN),address)
BUILD  := build/asan
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all \
          -fno-omit-frame-pointer -DWWZ_UNCONFINED
else ifeq ($(SAN),thread)
BUILD  := build/tsan
HARDEN := -fsanitize=thread -fno-omit-frame-pointer -DWWZ_UNCONFINED
else ifeq ($(SAN),coverage)
CC     := gcc
CFLAGS := -O0 -g
BUILD  := build/coverage
HARDEN := --coverage -fprofile-update=atomic -DWWZ_UNCONFINED
else ifeq ($(SAN),fuzzer)
CC     := clang
BUILD  := build/fuzzer
HARDEN := -fsanitize=fuzzer-no-link,address,undefined \
          -fno-sanitize-recover=all
endif

COMPILE = $(CC) $(CSTD) $(CPPFLAGS) $(WARN) $(CFLAGS) $(HARDEN) -MMD -MP
LINK    = $(CC) $(CFLAGS) $(HARDEN) -pthread $(LDFLAGS)

SRC  := $(filter-out src/without/%,$(wildcard src/*.c src/*/*.c))
ifdef STATIC
WITHOUT := $(wildcard src/without/*/*.c)
HARDEN  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
LDFLAGS += -static
else ifneq ($(shell pkg-config --exists libmicrohttpd 2>&1 && echo yes),yes)
WITHOUT := src/without/preview/daemon.c
endif
SRC  := $(filter-out $(WITHOUT:src/without/%=src/%),$(SRC)) $(WITHOUT)
OBJ  := $(SRC:src/%.c=$(BUILD)/%.o)
ifneq ($(filter address thread,$(SAN)),)
OBJ  += $(BUILD)/sanitizer.o
endif
LIB  := $(BUILD)/libwwz.a
CORE := $(filter %/sanitizer.o,$(OBJ)) $(LIB)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
BENCH := $(addprefix $(BUILD)/bench/,bare canned micro paced allocs.so)
FUZZ := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(BUILD)/wwz

$(BUILD)/wwz: $(OBJ)
	$(LINK) -o $@ $^ $(LIBS)

# What other programs have of wwz.  They are many, and link little of it.
$(LIB): $(filter-out %/main.o %/sanitizer.o,$(OBJ))
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: src/%.c Makefile | $(BUILD)/unit
	@mkdir -p $(@D)
	$(COMPILE) -Isrc -I$(BUILD) -c -o $@ $<

$(BUILD)/sanitizer.o: tests/sanitizer.c Makefile | $(BUILD)/unit
	$(COMPILE) -c -o $@ $<

$(BUILD)/http/page.o: $(BUILD)/style.h $(BUILD)/logstyle.h

# The style sheets as bytes, and their hashes for Content-Security-Policy.
$(BUILD)/style.h: CSS = page_css PAGE_CSS_HASH
$(BUILD)/logstyle.h: CSS = page_log_css PAGE_LOG_CSS_HASH
$(BUILD)/style.h: src/http/style.css
$(BUILD)/logstyle.h: $(BUILD)/log.css
$(BUILD)/style.h $(BUILD)/logstyle.h: Makefile | $(BUILD)/unit
	sheet=$(filter %.css,$^); \
	hash=$$(sha256sum <$$sheet | cut -c1-64 | tr a-f A-F | \
	    basenc --base16 -d | base64); \
	{ echo 'static const char $(firstword $(CSS))[] = {'; \
	  od -An -v -td1 $$sheet | sed 's/[0-9][0-9]*/&,/g'; echo '};'; \
	  echo "#define $(lastword $(CSS)) \"$$hash\""; } >$@

$(BUILD)/log.css: src/serve/log.css src/serve/colours.awk Makefile | $(BUILD)/unit
	{ cat src/serve/log.css; awk -f src/serve/colours.awk; } >$@

# The tests' own code takes long to optimize, to no use.
$(BUILD)/unit/%.o: tests/unit/%.c Makefile | $(BUILD)/unit
	$(COMPILE:-O2=-O1) -Isrc -c -o $@ $<

$(BUILD)/unit/%: $(BUILD)/unit/%.o $(CORE)
	$(LINK) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/unit:
	mkdir -p $@

$(BUILD)/fuzz/%.o: tests/fuzz/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -Isrc -Itests/unit -c -o $@ $<

# libFuzzer's main, or one that runs the files it is given.
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/fuzz_%.o $(BUILD)/fuzz/replay.o $(CORE)
ifeq ($(SAN),fuzzer)
	$(LINK) -fsanitize=fuzzer -o $@ $(filter-out %/replay.o,$^) $(LIBS)
else
	$(LINK) -o $@ $^ $(LIBS)
endif

# What scripts/bench measures with.
$(BUILD)/bench/%.o: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -Isrc -Itests/unit -c -o $@ $<

$(BUILD)/bench/bare $(BUILD)/bench/paced: $(BUILD)/bench/%: $(BUILD)/bench/%.o
	$(LINK) -o $@ $^

# Of a function that is there twice the first one counts: canned's own.
$(BUILD)/bench/canned: $(BUILD)/bench/canned.o $(CORE)
	$(LINK) -Wl,-z,muldefs -o $@ $^ $(LIBS)

$(BUILD)/bench/micro: $(BUILD)/bench/micro.o $(CORE)
	$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/bench/allocs.so: tests/bench/allocs.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CSTD) -O2 -fPIC -shared -o $@ $<

bench-tools: $(BENCH)

fuzzers: $(FUZZ)

unit: $(UNIT) fuzzers

# An emulator, say.  The sanitizers' shadow memory and a kernel that spreads
# addresses widely get into each other's way, now and then.
RUN ?= $(if $(SAN),$(shell setarch -R true 2>&1 && echo setarch -R))

# ThreadSanitizer is for programs that can start a thread: few can.
ifeq ($(SAN),thread)
THREADED := | while read -r t of; do nm -D $$t | grep -q 'U pthread_create' && \
    echo "$$t $$of"; done
endif

# All processors at work, the longest test (zipdir) among the first, each test's
# lines together, and behind them how what failed is repeated alone.
check: unit
	@{ printf '%s\n' $(UNIT) | sort -r; \
	    for t in $(FUZZ); do \
	        echo "$$t testdata/fuzz/$${t##*/fuzz_}/*"; done; } $(THREADED) | \
	xargs -P "$$(nproc)" -I{} sh -c 'out=$$($(strip $(RUN) {}) 2>&1); s=$$?; \
	    [ $$s = 0 ] || out=$$(echo "$$out"; echo "$$out" | \
	        awk -v "run=$(strip $(RUN) {})" -f tests/unit/again.awk); \
	    flock $(BUILD) printf "%s\n" "$$out"; exit $$s'

# What is found stays in build/fuzzer.
SECONDS ?= 60
fuzz:
	$(MAKE) SAN=fuzzer fuzzers
	@set -e; for t in $(notdir $(FUZZ)); do \
	    mkdir -p build/fuzzer/corpus/$$t; \
	    build/fuzzer/fuzz/$$t -max_total_time=$(SECONDS) \
	        -artifact_prefix=build/fuzzer/$$t- \
	        build/fuzzer/corpus/$$t testdata/fuzz/$${t#fuzz_}; done

coverage:
	$(MAKE) -s SAN=coverage all unit
	$(MAKE) -s static
	scripts/coverage $(E2E)

# For hosts without the libraries: all of them linked in but libzip, of which
# Debian has no static form; members that need it are answered with 501.
static:
	$(MAKE) BUILD=build/static STATIC=1 build/static/wwz

# The handbook, as pages.
docs: $(BUILD)/wwz
	scripts/handbook $(BUILD)/wwz-handbook.wwz

# What is installed beside the binary, each file as SOURCE:TARGET.
PAGES    := $(wildcard deploy/man/*.[1-8])
UNITS    := $(wildcard deploy/systemd/wwz.*)
EXAMPLES := $(shell cd deploy && find . -type f \
    -not -regex '\./\(completion\|debian\|man\|systemd\)/.*' -printf '%P\n')
INSTALLED = \
    $(foreach p,$(PAGES),$p:$(MANDIR)/man$(subst .,,$(suffix $p))/$(notdir $p)) \
    $(foreach u,$(UNITS),$u:$(UNITDIR)/$(notdir $u)) \
    deploy/completion/wwz.bash:$(COMPDIR)/wwz \
    deploy/completion/_wwz:$(ZSHDIR)/_wwz \
    deploy/completion/wwz.fish:$(FISHDIR)/wwz.fish \
    $(foreach e,$(EXAMPLES),deploy/$e:$(DOCDIR)/examples/$e) \
    $(foreach d,README.md SECURITY.md $(wildcard docs/*.md),$d:$(DOCDIR)/$d)

# Units and examples name the binary where it is, and the handbook the examples.
install: $(BUILD)/wwz
	install -D -m 755 $(BUILD)/wwz $(DESTDIR)$(PREFIX)/bin/wwz
	@set -e; for file in $(INSTALLED); do \
	    source=$${file%%:*} target=$(DESTDIR)$${file#*:} mode=644; \
	    if [ -x $$source ]; then mode=755; fi; \
	    install -D -m $$mode $$source $$target; \
	    sed -i -e 's,/usr/local/\(bin\|share/doc\)/wwz,$(PREFIX)/\1/wwz,' \
	        -e 's,](\(\.\./\)\?deploy/,](\1examples/,' $$target; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/wwz
	rm -f $(foreach f,$(INSTALLED),$(DESTDIR)$(lastword $(subst :, ,$f)))
	-find $(DESTDIR)$(DOCDIR) -depth -type d -empty -delete

CODE := $(wildcard src/*.[ch] src/*/*.[ch] src/*/*/*.[ch] tests/*/*.[ch])

format:
	clang-format -i $(CODE)

# Newer versions of cppcheck do not see that a struct is held by one of its
# members, nor that an address is not used any more.  Leaks are for clang's
# analyzer and for AddressSanitizer.  In build/cppcheck lies what it found in files,
# for as long as they do not change.
lint: $(BUILD)/style.h $(BUILD)/logstyle.h
	scripts/lint-includes
	scripts/lint-names
	@case "$$(clang-format --version)" in \
	*"version 14."*) clang-format --dry-run -Werror \
	    $(CODE) ;; \
	*) echo "the format is not checked: it is clang-format 14's" ;; esac
	mkdir -p $(BUILD)/cppcheck
	cppcheck --quiet --std=c11 --enable=warning,portability \
	    -j "$$(nproc)" --cppcheck-build-dir=$(BUILD)/cppcheck \
	    --suppress=uninitvar --suppress=ctuuninitvar --error-exitcode=1 \
	    --suppress=normalCheckLevelMaxBranches \
	    --suppress=memleak '--suppress=autoVariables:*chunk.c' \
	    -D_GNU_SOURCE -DWWZ_VERSION='""' -Isrc -I$(BUILD) src
	printf '%s\n' $(SRC) | xargs -P "$$(nproc)" -I{} \
	    clang-tidy --quiet {} -- $(CSTD) -Isrc -I$(BUILD)

# gcc 12 takes an object for lost when only the address of its first member is
# given out, as these do: a search as struct cached, a copier, a decoder, a zip file and
# a log view as struct source, a block as the end of a list.  LeakSanitizer looks for
# their leaks in each test.  Later releases of gcc find other things, so for them
# nothing is said.
LENT := $(addprefix src/,archive/reader.c archive/stored.c archive/wide.c \
    base/arena.c http/subzip.c serve/logjump.c serve/logview.c)
ANALYZE = gcc $(CSTD) -Isrc -I$(BUILD) -O1 -fanalyzer -Werror

analyze: $(BUILD)/style.h $(BUILD)/logstyle.h
	@case "$$(gcc -dumpversion)" in \
	12*) ;; *) echo "not analyzed: it is gcc 12's"; exit 0 ;; esac; \
	set -ex; printf '%s\n' $(filter-out $(LENT),$(SRC)) | \
	    xargs -P "$$(nproc)" -I{} $(ANALYZE) -c -o /dev/null {}; \
	printf '%s\n' $(LENT) | xargs -P "$$(nproc)" -I{} \
	    $(ANALYZE) -Wno-analyzer-malloc-leak -c -o /dev/null {}
	@case "$$(clang -dumpversion)" in \
	14*) ;; *) echo "not analyzed: it is clang 14's"; exit 0 ;; esac; \
	set -x; printf '%s\n' $(SRC) | xargs -P "$$(nproc)" -I{} \
	    clang $(CSTD) -Isrc -I$(BUILD) --analyze --analyzer-output text \
	    -Xanalyzer -analyzer-werror {}

# How each file is compiled, as clangd, clang-tidy and others want to know it.
COMPILED := $(SRC) $(wildcard tests/unit/*.c tests/fuzz/*.c)
comma    := ,
define compiled
{"directory": "$(CURDIR)", "file": "$1", "command": "$(subst ",\",$(filter-out \
    -MMD -MP,$(COMPILE))) -Isrc -I$(BUILD) -Itests/unit -c $1"}
endef

compile_commands.json: $(BUILD)/style.h $(BUILD)/logstyle.h
	$(file >$@,[$(subst } {,}$(comma) {,$(foreach f,$(COMPILED),$(call compiled,$f)))])
	@echo $@: $(words $(COMPILED)) files

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build compile_commands.json

.PHONY: all unit check bench-tools fuzz fuzzers coverage static docs \
    install uninstall format lint analyze compile_commands.json help clean
.SECONDARY:

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/unit/*.d $(BUILD)/fuzz/*.d \
    $(BUILD)/bench/*.d)
