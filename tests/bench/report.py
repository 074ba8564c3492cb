"""The figures as a page of Markdown tables that can be read as they stand."""

import os
import pathlib
import platform
import re
import statistics

from cases import TARGETS
from pairs import number, says

FLOORS = """\
canned and bare send what wwz answered, prepared, to every request: canned out
of wwz's own connection code, bare out of a loop of recv and send."""

# How figures are meant that pairs.says() gives.
SPREAD = """\
Two servers were measured by turns, and each turn of one was divided by the
other's beside it: the median (the interval that holds it in 95 % of cases,
and all from least to most)."""


def table(head, rows):
    """Columns as wide as what is in them, numbers to the right."""
    widths = [max(len(row[i]) for row in [head, *rows])
              for i in range(len(head))]

    def line(cells):
        first = cells[0].ljust(widths[0])
        rest = (c.rjust(w) for c, w in zip(cells[1:], widths[1:]))
        return "| " + " | ".join([first, *rest]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2)]
                          + ["-" * (w + 1) + ":" for w in widths[1:]]) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def met(fact):
    return "met" if fact else "not met"


def machine():
    cpu = re.search(r"model name\s*: (.*)",
                    pathlib.Path("/proc/cpuinfo").read_text())
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return (f"{os.cpu_count()} processors ({cpu.group(1) if cpu else '?'}), "
            f"{system}, Linux {platform.release()}")


class Page:
    def __init__(self, command, date):
        load, _, _ = os.getloadavg()
        self.parts = [f"`{command}` on {date}: {machine()}; load average "
                      f"before it {load:.1f}."]
        self.targets = []  # rows

    def add(self, title, text):
        self.parts.append(f"## {title}\n\n{text}")

    def took(self, seconds):
        if self.targets:
            self.add("Targets", table(
                ["what", "wanted", "measured", ""], self.targets))
        self.parts.append(f"It took {seconds:.0f} s.")

    def text(self):
        return "\n\n".join(self.parts) + "\n"

    def target(self, what, wanted, measured, verdict):
        self.targets.append([what, wanted, measured, verdict])

    def speed(self, cases, rates, skipped):
        rows = []
        for case in cases:
            for name in rates.can(case):
                rows.append(self._row(case, name, rates))
            for name in case.servers:
                why = skipped.get(name.removesuffix(", gzip"))
                if why:
                    rows.append([case.name, name, "skipped: " + why, "", ""])
        head = ["case", "server", "requests/s", "wwz's over it",
                "CPU us/request"]
        listed = "\n".join(f"- {case.name}: {case.says}" for case in cases)
        self.add("Requests per second",
                 f"{listed}\n\n{FLOORS}\n\n{SPREAD}\n\n{table(head, rows)}")
        for target in TARGETS:
            self._target(target, rates)

    @staticmethod
    def _row(case, name, rates):
        samples = rates.samples[case.name, name]
        ratios = rates.ratios.get((case.name, case.reference(name), name))
        cpu = statistics.median(samples.cpu) if samples.cpu else None
        return [case.name, name, number(statistics.median(samples.rate)),
                says(ratios.rate) if ratios else "1",
                number(cpu) if cpu else ""]

    def _target(self, target, rates):
        ratios = rates.ratios.get((target.case, target.mine, target.other))
        values = getattr(ratios, target.what, None)
        if not values:
            return
        word = "at most" if target.what == "cpu" else "at least"
        what = f"{target.case}: {target.mine} over {target.other}"
        self.target(what + (", CPU" if target.what == "cpu" else ""),
                    f"{word} {target.wanted}", says(values),
                    target.verdict(values))
