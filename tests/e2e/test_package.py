"""What is installed: by make install, and by the Debian package in a Debian
that has nothing else.  Once, with the plain build."""

import os
import re
import shutil
import subprocess

import pytest

import archives
import harness

VERSION = re.search(r"(?m)^VERSION := (\S+)$",
                    (harness.TOP / "Makefile").read_text())[1]
PLACES = ["PREFIX=/usr", "UNITDIR=/lib/systemd/system"]


def run(*command, **options):
    """The output of a command that must work."""
    got = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=5 * harness.PATIENCE, **options)
    assert got.returncode == 0, (
        f"{command}\n{got.stdout[-3000:]}\n{got.stderr[-3000:]}")
    return got.stdout


def files_below(top):
    return {str(path.relative_to(top)): path for path in top.rglob("*")
            if not path.is_dir()}


def test_version():
    """The version that is being made is the first in CHANGELOG.md."""
    text = (harness.TOP / "CHANGELOG.md").read_text()
    assert re.findall(r"(?m)^## ([^,\s]+)", text)[0] == VERSION


def make(*words):
    run("make", "-s", "-C", harness.TOP, *words)


def test_make_install(tmp):
    """All is there, names the binary where it is, and goes again."""
    make("install", f"DESTDIR={tmp}", *PLACES)
    files = files_below(tmp)
    for name in ("usr/bin/wwz", "usr/share/man/man1/wwz.1",
                 "usr/share/man/man8/wwz-serve.8",
                 "lib/systemd/system/wwz.socket",
                 "usr/share/bash-completion/completions/wwz",
                 "usr/share/zsh/site-functions/_wwz",
                 "usr/share/fish/vendor_completions.d/wwz.fish",
                 "usr/share/doc/wwz/examples/nginx/wwz.conf",
                 "usr/share/doc/wwz/examples/cluster/haproxy.cfg"):
        assert name in files, sorted(files)
    modes = {name: path.stat().st_mode & 0o777
             for name, path in files.items()}
    assert {name for name, mode in modes.items() if mode == 0o755} == {
        "usr/bin/wwz", "usr/share/doc/wwz/examples/cgi/wwz.cgi",
        "usr/share/doc/wwz/examples/spawn-fcgi/wwz"}
    assert set(modes.values()) == {0o644, 0o755}, modes
    unit = files["lib/systemd/system/wwz.service"].read_text()
    assert "ExecStart=/usr/bin/wwz serve " in unit, unit
    for name, path in files.items():
        if name != "usr/bin/wwz":
            assert "/usr/local/bin/wwz" not in path.read_text(), name
    links = {name: broken_links(path) for name, path in files.items()
             if name.endswith(".md") and name != "usr/share/doc/wwz/README.md"}
    assert "usr/share/doc/wwz/docs/recipes.md" in links, links
    assert not [(name, broken) for name, broken in links.items() if broken]
    make("uninstall", f"DESTDIR={tmp}", *PLACES)
    assert not files_below(tmp)


def broken_links(page):
    """Links of a Markdown file to files that are not there."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    return [link for link in links if not re.match(r"\w+:", link)
            and not (page.parent / link).exists()]


def test_make_install_elsewhere(tmp):
    """MANDIR and UNITDIR; the rest is below PREFIX."""
    make("install", f"PREFIX={tmp}/p", f"MANDIR={tmp}/m", f"UNITDIR={tmp}/u")
    files = files_below(tmp)
    for name in ("p/bin/wwz", "m/man1/wwz.1", "u/wwz.service"):
        assert name in files, sorted(files)
    assert not [n for n in files if n[:2] not in ("p/", "m/", "u/")]


# The packages that debian/tests/control names.
SERVERS = "curl nginx zip"


def sources():
    """Where this machine has its Debian from, as lines of sources.list."""
    release = dict(
        line.split("=", 1)
        for line in open("/etc/os-release").read().splitlines())
    name = release["VERSION_CODENAME"]
    lines = run(
        "apt-get", "indextargets", "Identifier: Packages", "Origin: Debian",
        f"Codename: {name}",
        "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)").splitlines()
    assert lines, "apt has no index of Debian: apt-get update"
    return name, sorted(set(lines))


def make_package(top, to, umask, **environment):
    """The files of the package of the sources in top."""
    run(top / "scripts/deb", to, umask=umask,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **environment})
    return files_below(to)


@pytest.fixture(scope="module")
def package(module_tmp):
    make_package(harness.TOP, module_tmp / "made", 0o022)
    (path,) = module_tmp.glob(f"made/wwz_{VERSION}_*.deb")
    return path


def test_same_bytes_again(package, tmp):
    """By somebody else, elsewhere, with other settings."""
    top = tmp / "of somebody else"
    top.mkdir()
    for name in ("CHANGELOG.md", "Makefile", "README.md", "SECURITY.md", "deploy",
                 "docs", "scripts", "src"):
        subprocess.run(["cp", "-r", harness.TOP / name, top], check=True,
                       umask=0o077)
    # xz's blocks would depend on the number of processors.
    again = make_package(top, tmp / "made", 0o077, TZ="Pacific/Auckland",
                         LC_ALL="C.UTF-8", DEB_BUILD_OPTIONS="parallel=1")
    made = files_below(package.parent)
    assert sorted(again) == sorted(made)
    kept = [name for name in made
            if name.endswith((".deb", ".dsc", ".tar.xz"))]
    assert len(kept) >= 3, kept
    for name in kept:
        assert again[name].read_bytes() == made[name].read_bytes(), name


@pytest.fixture(scope="module")
def tree(package):
    """A Debian with what is essential, apt, the package, what it depends on,
    and what its own test wants."""
    path = package.parent.parent / "tree"
    path.mkdir()
    name, lines = sources()
    # A proxy, for one, is apt's setting.
    settings = package.parent.parent / "apt.conf"
    settings.write_text("".join(
        line + "\n" for line in run("apt-config", "dump").splitlines()
        if line.startswith("Acquire::")))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no Debian of its own without mount: {mounted.stderr}")
    try:
        run("mmdebstrap", "--mode=root", "--variant=apt",
            f"--aptopt={settings}",
            f"--customize-hook=copy-in {package} /tmp",
            '--customize-hook=chroot "$1" apt-get install --yes'
            f" --no-install-recommends /tmp/{package.name} {SERVERS}",
            name, path, *lines)
        yield path
    finally:
        run("umount", path)


def test_lintian(package):
    """Of the source and of what is made of it."""
    (changes,) = package.parent.glob("*.changes")
    said = run("lintian", "--allow-root", "--pedantic", "--fail-on=none",
               changes)
    assert said == "", said


def test_runs_in_a_clean_debian(tree):
    def inside(*command, **environment):
        return run("chroot", tree, "env", *(
            f"{name}={value}" for name, value in environment.items()),
            *command)

    assert inside("wwz", "--version") == f"wwz {VERSION}\n"
    (tree / "srv/www").mkdir()
    archives.write(tree / "srv/www/site.wwz", {"a.txt": "in a clean Debian"})
    answer = inside("wwz", REQUEST_METHOD="GET", DOCUMENT_ROOT="/srv/www",
                    REQUEST_URI="/site.wwz/a.txt")
    head, _, body = answer.partition("\n\n")
    assert "Content-Type: text/plain" in head, answer
    assert body == "in a clean Debian", answer


@pytest.mark.parametrize("section, page", [(1, "wwz"), (8, "wwz-serve")])
def test_manual_page_is_found(tree, section, page):
    path = run("mman", "-M", tree / "usr/share/man", "-w", str(section), page)
    assert path == f"{tree}/usr/share/man/man{section}/{page}.{section}.gz\n"


def test_nothing_is_started(tree):
    """The units are there, and no link makes systemd start one."""
    unit = (tree / "lib/systemd/system/wwz.service").read_text()
    assert "ExecStart=/usr/bin/wwz serve " in unit, unit
    assert (tree / "lib/systemd/system/wwz.socket").is_file()
    links = [path for path in (tree / "etc/systemd").rglob("*wwz*")]
    assert not links, links


def test_serves_behind_nginx(tree):
    """What autopkgtest runs, but for port 80, which is this machine's."""
    shutil.copy(harness.TOP / "deploy/debian/tests/nginx", tree / "root")
    said = run("unshare", "--net", "--pid", "--mount", "--fork", "--kill-child",
               "sh", "-ec", """
        ip link set lo up
        mount -t proc proc "$0/proc"
        exec chroot "$0" sh /root/nginx""", tree)
    assert "<p>in an archive" in said


@pytest.fixture
def asked(tree):
    """What the package's scripts ask of systemd, as long as a systemctl that only
    writes it down stands in the tree."""
    told = tree / "run/systemd/asked"
    systemctl = tree / "usr/bin/systemctl"
    (tree / "run/systemd/system").mkdir(parents=True)
    told.touch()
    systemctl.write_text('#!/bin/sh\necho "$@" >>/run/systemd/asked\n')
    systemctl.chmod(0o755)

    def read():
        lines = [line.replace("--system ", "").replace("--quiet ", "")
                 for line in told.read_text().splitlines()]
        told.write_text("")
        return lines

    yield read
    systemctl.unlink()
    shutil.rmtree(tree / "run/systemd")


def test_upgrade_restarts_only_the_service(tree, package, asked):
    """The new program is run, by systemd that has read the new unit.  The socket
    stays open, so requests wait there and none is lost."""
    shutil.copy(package, tree / "srv")
    run("chroot", tree, "dpkg", "--install", f"/srv/{package.name}")
    assert asked() == ["daemon-reload", "try-restart wwz.service"]


def test_goes_without_a_trace(tree, asked):
    """Last: the package is gone then, and its processes are."""
    run("chroot", tree, "dpkg", "--purge", "wwz")
    assert asked()[0] == "stop wwz.service wwz.socket"
    left = [path for path in tree.rglob("*wwz*")
            if not path.is_relative_to(tree / "srv")
            and not path.is_relative_to(tree / "proc")]
    assert not left, left
