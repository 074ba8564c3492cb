"""The processor time of a request without a front end: one client asks
responders by turns, so it counts neither what nginx does nor what wrk does."""

import random
import statistics

import harness
from pairs import number, says, verdict
from report import SPREAD, table
from speed import cpu_seconds

TURN = 200  # requests, or
TURN_BYTES = 40_000_000


def requests_of(load, case):
    """(path, fields) of each turn."""
    fields = load.fields(case, "wwz")
    times = max(1, min(TURN, TURN_BYTES // max(1, case.size)))
    if case.path.startswith("/"):
        return [(load.path(case, "wwz"), fields)] * times
    paths = load.file(case, "wwz").read_text().splitlines()
    return [(path, fields) for path in random.choices(paths, k=times)]


def turn(load, socket, process, requests):
    """Microseconds of the process for each request."""
    with harness.FastCgi(socket, load.material.www) as client:
        client.ask(requests[0][0], headers=requests[0][1])
        before = cpu_seconds(process.pid)
        for path, fields in requests:
            client.ask(path, headers=fields)
        return (cpu_seconds(process.pid) - before) * 1e6 / len(requests)


def pair(load, case, turns, mine, other):
    """What (socket, process) of mine and of other take: two lists.  The first
    turn of each, in which caches are filled, does not count."""
    took = {mine: [], other: []}
    requests = requests_of(load, case)
    for i in range(turns + 1):
        for server in [mine, other] if i % 2 else [other, mine]:
            took[server].append(turn(load, *server, requests))
    return took[mine][1:], took[other][1:]


def add(page, rows, names, wanted=1):
    """A table of rows: (case's name, times of mine, of other)."""
    cells = []
    for name, mine, other in rows:
        ratios = [a / b for a, b in zip(mine, other)]
        cells.append([name, number(statistics.median(mine)),
                      number(statistics.median(other)), says(ratios),
                      verdict(ratios, wanted, ("less", "more"))])
    page.add("Processor time of a request without a front end, us", SPREAD
             + "\n\n" + table(["case", *names, "ratio", ""], cells))
