"""The handbook: the commands of the tutorial and of the recipes do what they show,
links lead somewhere, and its archive is good to serve."""

import os
import re
import shutil
import subprocess
import zipfile

import pytest

import fronts
import harness

pytestmark = harness.only_root("has a machine of its own")

# Another machine's files, users and ports are this one's.
SSH = """\
#!/bin/bash
# Stands in for ssh: runs the command here.
sftp=
while [[ ${1-} == -* ]]; do
	case $1 in
	-s) sftp=/usr/lib/openssh/sftp-server ;;
	-[ilo]) shift ;;
	esac
	shift
done
shift
exec ${sftp:-sh -c "$*"}
"""
# As a Debian with nginx would be, and nothing that the commands change is this
# machine's.  /etc is small, so it is copied.
MACHINE = """\
set -eu
ip link set lo up
mount --bind "$1/ssh" /usr/bin/ssh
mount -t tmpfs tmpfs "$1/etc"
cp -a /etc/. "$1/etc"
mount --bind "$1/etc" /etc
for place in /srv /run /root /var/log; do mount -t tmpfs tmpfs $place; done
export SSH_KEY=/root/key SSH_KNOWN_HOSTS=/root/known_hosts
touch $SSH_KEY $SSH_KNOWN_HOSTS
mkdir /var/log/nginx
printf '127.0.0.1 localhost\\n::1 localhost\\n' >/etc/hosts
rm -f /etc/nginx/sites-enabled/*
ln -s ../sites-available/default /etc/nginx/sites-enabled
# A reload is done when the workers of before are gone; the recipes wait a second.
service() {
	local pid before=
	[ ! -s /run/nginx.pid ] ||
		before=$(cat "/proc/$(cat /run/nginx.pid)/task/"*/children)
	command service "$@"
	for pid in $before; do
		while [ -e "/proc/$pid" ]; do sleep 0.01; done
	done
}
exec 2>&1
"""
MARK = "-- next --"


def steps(page):
    """(commands, what they write, as a pattern) of the page's blocks.  A block of
    YAML is a job for GitLab, whose items are commands."""
    text = (harness.TOP / page).read_text()
    blocks = re.findall(
        r"(?ms)^```(sh|yaml)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", text)
    assert blocks, page
    for language, commands, wanted in blocks:
        if language == "yaml":
            commands = "".join(re.findall(r"(?m)^ +- (.*\n)", commands))
        wanted = re.escape(wanted).replace(r"\.\.\.", "(?s:.*)")
        yield commands, wanted


def without_installing(commands):
    """What needs no bare Debian; scripts/test-readme runs the rest, too."""
    return re.sub(r"(?m)^(apt-get|make|scripts/)(.*\\\n)*.*\n", "", commands)


@pytest.mark.parametrize("pages", [
    ["README.md"], ["docs/tutorial.md", "docs/recipes.md"]])
def test_commands(tmp, pages):
    (tmp / "ssh").write_text(SSH)
    (tmp / "ssh").chmod(0o755)
    (tmp / "etc").mkdir()
    (tmp / "bin").mkdir()
    shutil.copytree(harness.TOP / "deploy", tmp / "source/deploy")
    fronts.put_program(tmp / "bin")
    wanted = [step for page in pages for step in steps(page)]
    script = MACHINE + "".join(
        f"echo '{MARK}'\n{without_installing(commands)}" for commands, _ in wanted)
    got = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork",
         "--kill-child", "bash", "-c", script, "bash", tmp],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp / "source",
        timeout=harness.PATIENCE,
        env={**os.environ, "PATH": f"{tmp}/bin:{os.environ['PATH']}"})
    if got.stderr.startswith("unshare:"):
        pytest.skip(f"no namespaces here: {got.stderr}")
    outputs = got.stdout.split(f"{MARK}\n")[1:]
    assert got.returncode == 0, f"{wanted[len(outputs) - 1][0]}\n{outputs[-1]}"
    for (commands, output), written in zip(wanted, outputs, strict=True):
        assert not output or re.fullmatch(output, written), (
            f"{commands}\n{written}\nis not\n{output}")


@pytest.fixture(scope="module")
def handbook(module_tmp):
    path = module_tmp / "wwz-handbook.wwz"
    subprocess.run([harness.TOP / "scripts/handbook", path], check=True,
                   env={**os.environ, "WWZ": str(harness.WWZ)})
    return path


def test_links(handbook):
    """Each page of the sources is there, and each link leads to a member."""
    got = subprocess.run([harness.WWZ, "check", "--strict", handbook],
                         stdout=subprocess.PIPE, text=True)
    assert got.returncode == 0, got.stdout
    names = zipfile.ZipFile(handbook).namelist()
    for name in ("index.html", "SECURITY.html", "docs/index.html",
                 "docs/recipes.html", "deploy/index.html", "deploy/man/wwz.1.html",
                 "deploy/nginx/wwz.conf"):
        assert name in names, names
    assert not [name for name in names if name.endswith(".md")]
