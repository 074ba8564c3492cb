"""Two builds of wwz, side by side behind one nginx."""

import copy
import pathlib
import statistics
import subprocess

import cost
import direct
import harness
import speed
from material import TOP
from pairs import number, says, verdict
from report import SPREAD, table


def build(word):
    """The program that word names: its path, or the commit that it is built
    from, in build/compare."""
    if pathlib.Path(word).is_file():
        return pathlib.Path(word).resolve()
    commit = subprocess.run(
        ["git", "-C", TOP, "rev-parse", "--verify", f"{word}^{{commit}}"],
        check=True, capture_output=True, text=True).stdout.strip()
    tree = TOP / "build/compare" / commit
    if not tree.exists():
        subprocess.run(["git", "-C", TOP, "worktree", "prune"], check=True)
        subprocess.run(["git", "-C", TOP, "worktree", "add", "--detach",
                        tree, commit], check=True, capture_output=True)
    subprocess.run(["make", "-s", "-C", tree, "-j", "2", "all"], check=True)
    return tree / "build/wwz"


def rates(running, cases, arguments, page):
    load, rows = speed.Speed(running, arguments.seconds), []
    alone = []
    for case in cases:
        case = copy.copy(case)
        case.servers = ["wwz", "old"]
        load.check_all(case)
        alone.append(case)
    for number_of_round in range(arguments.rounds):
        for case in alone:
            load.run_round(case, number_of_round)
    for case in alone:
        ratios = load.ratios[case.name, "wwz", "old"]
        old = load.samples[case.name, "old"]
        rows.append([case.name, number(statistics.median(old.rate)),
                     says(ratios.rate),
                     verdict(ratios.rate, 1, ("slower", "faster")),
                     says(ratios.cpu),
                     verdict(ratios.cpu, 1, ("less", "more"))])
    new = running.socket, running.responder
    old = running.old_socket, running.by_name["old"].process
    taken = [[case.name, *direct.pair(load, case, 2 * arguments.rounds, new,
                                      old)] for case in alone]
    page.add("Rates, and CPU time of a request: new over old", SPREAD + "\n\n"
             + table(["case", "old requests/s", "rate", "", "CPU", ""], rows))
    direct.add(page, taken, ["new", "old"])


def counts(running, builds, page):
    """What no other program disturbs."""
    rows = {kind[0]: [kind[0]] for kind in cost.KINDS}
    for binary in builds:
        harness.WWZ = binary
        allocated = cost.allocations(running, cost.KINDS)
        for kind, allocations in zip(cost.KINDS, allocated):
            rows[kind[0]] += [f"{cost.instructions(running, *kind[1:]):,.0f}",
                              number(allocations)]
    page.add("A request on a kept connection", table(
        ["what", "old: instructions", "allocations", "new: instructions",
         "allocations"], list(rows.values())))
