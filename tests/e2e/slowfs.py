"""A file system that is slow, hangs or fails as it is told: slowfs.c."""

import mmap
import os
import pathlib
import struct
import subprocess

import harness


def build(directory):
    """The program."""
    made = directory / "slowfs"
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "fuse3"], check=True,
        capture_output=True, text=True).stdout.split()
    source = pathlib.Path(__file__).with_name("slowfs.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", made,
                    source, *flags], check=True)
    return made


class SlowFs:
    """A directory below the root, shown by the program."""

    def __init__(self, program, tmp, root):
        self.source = tmp / "source"
        (self.source / "cold").mkdir(parents=True)
        self.control, self.counts = tmp / "rules", tmp / "counts"
        self.control.touch()
        self.counts.write_bytes(bytes(16))
        with open(self.counts, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.top = root / "slow"
        self.top.mkdir()
        self.program = program
        self.process = None

    def mount(self):
        self.process = subprocess.Popen(
            [self.program, self.source, self.control, self.counts, self.top],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: self.process.poll() is not None
                           or os.path.ismount(self.top), "it is mounted")
        assert self.process.poll() is None, "it has ended"

    def rule(self, *lines):
        new = self.control.with_name("new")
        new.write_text("".join(f"{line}\n" for line in lines))
        os.rename(new, self.control)

    def waiting(self):
        return struct.unpack_from("Q", self.map)[0]

    def done(self):
        return struct.unpack_from("Q", self.map, 8)[0]

    def close(self):
        self.rule()
        if self.process is not None:
            subprocess.run(["fusermount3", "-u", "-z", self.top], check=True)
            self.process.kill()
            self.process.wait()
