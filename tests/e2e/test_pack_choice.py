"""Which files `wwz pack` packs: patterns, against git's own reading of them; lists;
and where the archive goes when that is standard output."""

import io
import itertools
import os
import random
import re
import subprocess
import zipfile

import pytest

import harness
from test_pack import leftovers, pack, packed, plant

TREE = """a.o b.o a.c Makefile #a !a a\\b trail\x20 a[1] x/a.o x/b.o x/a.c x/y/a.o
x/y/z/a.c x/y/z/b.o x/#a build/a.c build/x/a.o sub/build/b.c sub/x/y/a.c doc/a.txt
doc/b/a.txt doc/b/c/a.txt foo/bar/a foo/a/bar foo/a/b/bar \xe9.txt .hidden x/.hidden
a*b star""".replace("trail\x20", "trail_").split()

CASES = [
    "*.o", "*.o\n!a.o", "/a.o", "x/", "/x/", "x/a.o", "/x/a.o", "x/*", "x/**",
    "**/a.o", "**/x/", "x/**/a.c", "x/**/z", "**", "*", "*\n!*.c", "*\n!*/\n!*.c",
    "/*\n!/x", "build", "build/", "/build", "sub/build", "**/build/**", "foo/**/bar",
    "foo/*/bar", "foo/bar", "bar", "a.[oc]", "a.[!o]", "a.[^o]", "a.[a-d]", "?.o",
    "a?c", "\\#a", "#a", "\\!a", "!a", "a\\\\b", "a\\[1\\]", "a\\*b", "a*b",
    "Makefile   ", "trail\\ ", "trail_ \\ ", "\n\n  \na.o\r\n*.c\r\n", "\ufeffa.o",
    "*.o\n!x/a.o", "x/\n!x/a.c", "x/*\n!x/y\nx/y/*\n!x/y/z", "[[:upper:]]*",
    "*/a.o", "*/*/a.o", "**/*/a.o", "x/**/**/a.o", "**/**/a.c", "x/y**", "x**y/z",
    "doc/*.txt", "doc/**/*.txt", "doc/b/**", "doc/b/**/", "/", "//", "x//a.o", "./a.o",
    "x/./a.o", ".*", "*hidden", "\xe9*", "??.txt", "x/\\a.o", "x\\/a.o", "a.o/", "*/",
    "!*", "foo/**/a/**/bar", "**/b/**/a.txt", "doc/b/c/a.txt/", "/**/a.o", "/**",
    "***/a.o", "x/***", "x/****/a.c",
]


@pytest.fixture(scope="module")
def tree(module_tmp):
    """The tree, and what git does not ignore of it by a file of patterns."""
    top = plant(module_tmp / "tree", {name: b"x" for name in TREE})
    git = ["git", f"--git-dir={module_tmp}/git", f"--work-tree={top}"]
    subprocess.run([*git, "init", "-q"], check=True, capture_output=True)

    def by_git(patterns):
        got = subprocess.run(
            [*git, "ls-files", "-oz", f"--exclude-from={patterns}"], cwd=top,
            capture_output=True, timeout=harness.PATIENCE)
        assert (got.returncode, got.stderr) == (0, b""), got
        return sorted(got.stdout.split(b"\0")[:-1])

    return top, by_git


def names(*arguments, **options):
    """What would be packed, as bytes."""
    lines = packed("-n", *arguments, **options).encode().splitlines()
    return sorted(re.sub(rb"\\x(..)", lambda at: bytes([int(at[1], 16)]), line)
                  for line in lines)


@pytest.fixture
def compare(tmp, tree):
    top, by_git = tree

    def compare(patterns):
        (tmp / "patterns").write_bytes(patterns.encode())
        got = names("--exclude-from", tmp / "patterns", top, "x.wwz")
        wanted = by_git(tmp / "patterns")
        return "" if got == wanted else f"{patterns!r}: {got}, not {wanted}"

    return compare


def test_as_git(compare):
    wrong = list(filter(None, map(compare, CASES)))
    assert not wrong, "\n".join(wrong)


def test_as_git_at_random(compare):
    """Patterns that nobody thought of."""
    source = random.Random(17)
    parts = ["x", "y", "z", "a", "b", "*", "**", "?", "/", "/", "/", ".o", ".c", "foo",
             "bar", "build", "doc", "[ab]", "[!b]", ".txt", "\\a", "**/", "/**"]
    wrong = []
    for _ in range(100):
        lines = ["!" * source.choice([0, 0, 1])
                 + "".join(source.choices(parts, k=source.randrange(1, 7)))
                 for _ in range(source.randrange(1, 4))]
        # git compares what stands before an asterisk first, and then takes
        # a**/ for **/.
        lines = [re.sub(r"(?<=[^/!*])\*\*+", "*", line) for line in lines]
        wrong.append(compare("\n".join(lines)))
    wrong = list(filter(None, wrong))
    assert not wrong, "\n".join(wrong)


def test_order_of_options(tmp):
    """A later pattern outweighs those before, wherever it comes from."""
    top = plant(tmp / "tree", {"a.o": b"", "b.o": b"", ".gitignore": b"*.o\n",
                               ".git/HEAD": b"", "x/CVS/Root": b"", "x/a": b""})
    from_file = ["--exclude-from", top / ".gitignore"]
    keep = ["--exclude", "!a.o"]
    git, cvs = [b".git/HEAD", b".gitignore"], [b"x/CVS/Root"]
    for options, wanted in [
        ([*from_file, *keep], [*git, b"a.o", *cvs, b"x/a"]),
        ([*keep, *from_file], [*git, *cvs, b"x/a"]),
        (["--exclude-vcs"], [b"a.o", b"b.o", b"x/a"]),
        (["--exclude", "!.gitignore", "--exclude-vcs"],
         [b".gitignore", b"a.o", b"b.o", b"x/a"]),
        (["--exclude", "x", "--exclude", ".*"], [b"a.o", b"b.o"]),
    ]:
        assert names(*options, top, "-") == sorted(wanted), options


def test_left_out_is_not_looked_at(tmp):
    """What would be an error is none: links to nothing, sockets, odd names."""
    top = plant(tmp / "tree", {"a": b"a", "odd\n": b"", "-wwz-x": b""})
    os.symlink("/nothing", top / "broken")
    os.mkfifo(top / "fifo")
    os.mkdir(top / "hollow")
    assert pack(top, tmp / "x.wwz").returncode == 1
    options = itertools.chain.from_iterable(
        ["--exclude", name] for name in ("odd*", "-*", "broken", "fifo"))
    assert names(*options, top, tmp / "x.wwz") == [b"a", b"hollow/"]
    assert names("--files-from", "-", top, tmp / "x.wwz", input=b"a\n") == [b"a"]


def test_standard_input_in_place_of_a_directory(tmp):
    top = plant(tmp / "tree", {"a": b"a", "b": b"b", "-/c": b"c"})
    assert names("-", tmp / "x.wwz", input=b"b\n", cwd=top) == [b"b"]
    assert names("-", "-o", tmp / "x.wwz", input=b"a\0b\0", cwd=top) == [b"a", b"b"]
    assert names("./-", tmp / "x.wwz", cwd=top) == [b"c"]
    for words, why in [
            (["-"], "give FILE"),
            (["--files-from", tmp / "list", "-", tmp / "x.wwz"],
             "- in place of DIR is a list, too")]:
        got = pack(*words, cwd=top)
        assert got.returncode == 2, got
        assert why in got.stderr.decode(), got


def test_packed_again(tmp):
    """What is left out now goes, and what stays is kept."""
    top = plant(tmp / "tree", {"a": b"a" * 99, "b": b"b" * 99, "c/d": b"d" * 99})
    assert "3 packed" in packed(top, tmp / "x.wwz")
    assert packed("-n", "--exclude", "b", top, tmp / "x.wwz") == "a\nc/d\n"
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        assert z.namelist() == ["a", "b", "c/d"]
    says = packed("--exclude", "b", top, tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        assert z.namelist() == ["a", "c/d"], says
    # A directory of which all is left out is left out.
    packed("--exclude", "d", "--fresh", top, tmp / "x.wwz")
    with zipfile.ZipFile(tmp / "x.wwz") as z:
        assert z.namelist() == ["a", "b"]


@pytest.mark.parametrize("listed, wanted", [
    (b"a\nx/b\n", [b"a", b"x/b"]), (b"a\0x/b\0", [b"a", b"x/b"]),
    (b"a", [b"a"]), (b"", []), (b"\n", []), (b".\n./a\n./x\n./x/b\n", [b"a", b"x/b"]),
    (b"x/\n", []), (b"new\nline\0", b"new\\x0aline"), (b"a\na\n", [b"a"]),
    (b"link/b\n", [b"link/b"]), (b"link\n", []), (b"x-y\n", [b"x-y"]),
    (b"x.o\n", []),  # left out by a pattern
    (b"none\n", b"none"), (b"x/none\n", b"x/none"), (b"a/none\n", b"a/none"),
    (b"../tree/a\n", b"../tree/a"), (b"/a\n", b"/a"), (b"x//b\n", b"x//b"),
], ids=repr)
def test_listed(tmp, listed, wanted):
    top = plant(tmp / "tree", {"a": b"a", "x/b": b"b", "x/c": b"c", "x-y": b"-",
                               "x.o": b"o"})
    os.symlink("x", top / "link")
    options = ["--exclude", "*.o", "--files-from", "-", top, tmp / "x.wwz"]
    got = pack("-n", *options, input=listed)
    if isinstance(wanted, bytes):
        assert (got.returncode, got.stdout) == (1, b""), got
        assert wanted in got.stderr and b"in the list" in got.stderr, got
    else:
        assert (got.returncode, got.stderr) == (0, b""), got
        assert got.stdout.splitlines() == wanted


def test_names_are_escaped(tmp):
    top = plant(tmp / "tree", {"a\\b": b"", "caf\u00e9": b""})
    plant(top, {os.fsdecode(b"\xff"): b""})
    assert packed("-n", top, "-") == "a\\x5Cb\ncaf\u00e9\n\\xFF\n"


def test_files_that_cannot_be_read(tmp):
    top = plant(tmp / "tree", {"a": b""})
    for option in ("--exclude-from", "--files-from"):
        got = pack(option, tmp / "none", top, tmp / "x.wwz")
        assert (got.returncode, got.stdout) == (1, b""), got
        assert b"none" in got.stderr and not (tmp / "x.wwz").exists(), got


def test_standard_output(tmp):
    """The bytes of a file, into a pipe; and nothing stays behind."""
    top = plant(tmp / "tree", {"a": b"a" * 9999, "x/b": os.urandom(99999)})
    packed(top, tmp / "x.wwz")
    environment = {**os.environ, "TMPDIR": str(tmp)}
    got = pack(top, "-", env=environment)
    assert got.returncode == 0 and b"-: 2 members" in got.stderr, got
    assert got.stdout == (tmp / "x.wwz").read_bytes()
    assert pack("--quiet", top, "-", env=environment).stderr == b""
    got = pack("--verbose", "--output", "-", top, env=environment)
    assert got.stdout == (tmp / "x.wwz").read_bytes()
    assert got.stderr.startswith(b"a: deflated to "), got
    assert leftovers(tmp) == []
    # A file in the tree is not in itself.
    with open(top / "self.wwz", "wb") as file:
        subprocess.run([harness.WWZ, "pack", "--quiet", top, "-"], stdout=file,
                       check=True, timeout=harness.PATIENCE)
    with zipfile.ZipFile(top / "self.wwz") as z:
        assert z.namelist() == ["a", "x/b"] and z.testzip() is None


def test_standard_output_that_fails(tmp):
    top = plant(tmp / "tree", {"a": b"a" * 9999})
    with open("/dev/full", "wb") as full:
        got = subprocess.run([harness.WWZ, "pack", top, "-"], stdout=full,
                             stderr=subprocess.PIPE, timeout=harness.PATIENCE,
                             env={**os.environ, "TMPDIR": str(tmp)})
    assert got.returncode == 1, got
    assert got.stderr.startswith(b"wwz: standard output: No space left"), got
    assert leftovers(tmp) == []
    got = pack(top, "-", env={**os.environ, "TMPDIR": f"{tmp}/none"})
    assert got.returncode == 1 and b"No such file" in got.stderr, got


def test_damaged_tree_sends_nothing(tmp):
    """Whoever reads the pipe gets a whole archive, or no byte."""
    top = plant(tmp / "tree", {"a": b"a" * 9999})
    os.symlink("/nothing", top / "broken")
    got = pack(top, "-")
    assert (got.returncode, got.stdout) == (1, b""), got


def test_not_to_a_terminal(tmp):
    top = plant(tmp / "tree", {"a": b""})
    leader, terminal = os.openpty()
    with open(leader, "rb", buffering=0), open(terminal, "wb") as out:
        got = subprocess.run([harness.WWZ, "pack", top, "-"], stdout=out,
                             stderr=subprocess.PIPE, timeout=harness.PATIENCE)
    assert got.returncode == 1 and b"a terminal" in got.stderr, got


def test_served(tmp, root, serve):
    """The archive out of a pipe is one to serve."""
    top = plant(tmp / "tree", {"index.html": b"<p>x", ".git/HEAD": b"ref\n"})
    got = pack("--exclude-vcs", top, "-")
    assert zipfile.ZipFile(io.BytesIO(got.stdout)).namelist() == ["index.html"]
    (root / "x.wwz").write_bytes(got.stdout)
    with serve().client() as client:
        assert client.ask("/x.wwz/").body == b"<p>x"
        assert client.ask("/x.wwz/-wwz-archive").body == got.stdout
