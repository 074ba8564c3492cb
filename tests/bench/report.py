"""The figures as a page of Markdown tables that can be read as they stand."""

import os
import pathlib
import platform
import re
import statistics

import speed
from cases import TARGETS

FLOORS = """\
canned and bare send what wwz answered, prepared, to every request: canned out
of wwz's own connection code, bare out of a loop of recv and send."""


def number(value):
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def range_of(values):
    """Median, least and most."""
    return "{} ({} to {})".format(*map(number, speed.spread(values)))


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

    def target(self, what, wanted, measured, met):
        self.targets.append([what, wanted, measured,
                             "met" if met else "not met"])

    def speed(self, cases, rates, skipped):
        rows = []
        for case in cases:
            mine = rates.samples[case.name, "wwz"]
            for name in rates.can(case):
                rows.append(self._row(case, name, mine, rates))
            for name in case.servers:
                why = skipped.get(name.removesuffix(", gzip"))
                if why:
                    rows.append([case.name, name, "skipped: " + why, "", ""])
        head = ["case", "server", "requests/s", "wwz's over it",
                "CPU us/request"]
        says = "\n".join(f"- {case.name}: {case.says}" for case in cases)
        self.add("Requests per second",
                 f"{says}\n\n{FLOORS}\n\n{table(head, rows)}")
        for target in TARGETS:
            self._target(target, rates)

    @staticmethod
    def _row(case, name, mine, rates):
        samples = rates.samples[case.name, name]
        against = "1"
        if name.startswith("lighttpd ") and (case.name, "lighttpd") in (
                rates.samples):
            mine = rates.samples[case.name, "lighttpd"]
        if samples is not mine:
            against = range_of(speed.ratios(mine.rate, samples.rate))
        cpu = statistics.median(samples.cpu) if samples.cpu else None
        return [case.name, name, number(statistics.median(samples.rate)),
                against, number(cpu) if cpu else ""]

    def _target(self, target, rates):
        mine = rates.samples.get((target.case, target.mine))
        other = rates.samples.get((target.case, target.other))
        if mine is None or other is None:
            return
        kind = target.what
        values = speed.ratios(getattr(mine, kind), getattr(other, kind))
        if not values:
            return
        word = "at most" if kind == "cpu" else "at least"
        what = f"{target.case}: {target.mine} over {target.other}"
        self.target(what + (", CPU" if kind == "cpu" else ""),
                    f"{word} {target.wanted}", range_of(values),
                    target.is_met(statistics.median(values)))
