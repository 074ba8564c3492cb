"""Prometheus's alerts and Grafana's dashboard: that their expressions are right,
name what the status page has, and fire when they should."""

import json
import re
import subprocess

import pytest

import archives
import harness

RULES = harness.TOP / "deploy/prometheus/wwz.rules.yml"
BOARD = harness.TOP / "deploy/grafana/wwz.json"


def promtool(*words, **options):
    got = subprocess.run(["promtool", *words], capture_output=True, text=True,
                         timeout=harness.PATIENCE, **options)
    assert got.returncode == 0, got
    return got


@pytest.fixture(scope="module")
def board():
    """The expressions of the dashboard, for any instance."""
    panels = json.loads(BOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    found = [target["expr"].replace("$instance", ".*")
             for panel in panels for target in panel["targets"]]
    assert len(found) >= len(panels) > 5
    return found


def test_expressions(tmp, board):
    rules = {"groups": [{"name": "board", "rules": [
        {"record": f"board:{i}", "expr": expr}
        for i, expr in enumerate(board)]}]}
    # JSON is YAML.
    (tmp / "board.yml").write_text(json.dumps(rules))
    for path, count in ((RULES, 7), (tmp / "board.yml", len(board))):
        got = promtool("check", "rules", path)
        assert f"{count} rules found" in got.stdout, got


def test_names(root, serve, board):
    archives.write(root / "x.wwz", {"a": "a"})
    with serve("--status").client() as client:
        page = client.ask("/x.wwz/-wwz-status?format=prometheus").body.decode()
    has = set(re.findall(r"(?m)^((?:wwz|process)_\w+)", page))
    used = set(re.findall(r"\b(?:wwz|process)_\w+",
                          " ".join(board) + RULES.read_text()))
    assert used <= has, used - has


def series(name, values, **labels):
    labels = ",".join(f'{key}="{value}"' for key, value in
                      {"instance": "a", "job": "wwz", **labels}.items())
    return {"series": f"{name}{{{labels}}}", "values": values}


# What a responder counts in 60 minutes, and the alerts of the last one.
CASES = {
    "well": ([
        series("up", "1x60"), series("wwz_uptime_seconds", "0+60x60"),
        series("wwz_requests_total", "0+6000x60", **{"class": "2xx"}),
        series("wwz_requests_total", "0+6x60", **{"class": "5xx"}),
        series("wwz_first_byte_seconds_bucket", "0+6000x60", le="0.25"),
        series("wwz_first_byte_seconds_bucket", "0+6006x60", le="+Inf"),
        series("process_open_fds", "700x60"),
        series("process_max_fds", "1000x60"),
        series("wwz_storage_waiting", "3x60"),
        series("wwz_storage_waits_ended_total", "0+9x60"),
        series("wwz_archives_evicted_total", "0+1x60")], []),
    "gone": ([series("up", "1x10 0x50")], ["WwzDown"]),
    "errors": ([
        series("wwz_requests_total", "0+1000x60", **{"class": "2xx"}),
        series("wwz_requests_total", "0+20x60", **{"class": "5xx"})],
        ["WwzErrors"]),
    "slow": ([
        series("wwz_first_byte_seconds_bucket", "0+900x60", le="0.25"),
        series("wwz_first_byte_seconds_bucket", "0+1000x60", le="1"),
        series("wwz_first_byte_seconds_bucket", "0+1000x60", le="+Inf")],
        ["WwzSlow"]),
    "descriptors": ([series("process_open_fds", "950x60"),
                     series("process_max_fds", "1000x60")],
                    ["WwzDescriptors"]),
    "storage": ([series("wwz_storage_waiting", "3x60"),
                 series("wwz_storage_waits_ended_total", "0+9x20 180x39")],
                ["WwzStorage"]),
    "small": ([series("wwz_archives_evicted_total", "0+120x60")],
              ["WwzArchivesEvicted"]),
    "restarts": ([series("wwz_uptime_seconds", "0+60x10 0+60x10 0+60x10"
                         " 0+60x10 0+60x10 0+60x5")], ["WwzRestarts"]),
}


@pytest.mark.parametrize("case", CASES)
def test_alerts(tmp, case):
    counted, wanted = CASES[case]
    alerts = re.findall("alert: (\\w+)", RULES.read_text())
    test = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [{
        "interval": "1m", "input_series": counted,
        "promql_expr_test": [
            {"expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
             "eval_time": "55m",
             "exp_samples": [{"value": 1, "labels": "{}"}]
             if name in wanted else []}
            for name in alerts]}]}
    (tmp / "test.yml").write_text(json.dumps(test))
    promtool("test", "rules", tmp / "test.yml")


def archive_series(client, name):
    """A metric of archives, by the archive's name."""
    got = client.ask("/s.wwz/-wwz-status?format=prometheus")
    promtool("check", "metrics", input=got.body.decode())
    found = re.findall(rf'(?m)^{name}{{archive="[^"]*/(\w+)\.wwz"}} (\d+)$',
                       got.body.decode())
    return {archive: int(value) for archive, value in found}


def test_busiest_archives(root, serve):
    """The busiest 50 of all, whatever was used last; a new file's begin at 0."""
    requests = {"s": 4, **{f"a{i}": 3 for i in range(49)}, "b": 2, "c": 1}
    for name in requests:
        archives.write(root / f"{name}.wwz", {"a": b"12345"})
    with serve("--status").client() as client:
        for name, count in requests.items():
            for _ in range(count):
                assert client.ask(f"/{name}.wwz/a").body == b"12345"
        busiest = dict(list(requests.items())[:50])
        got = archive_series(client, "wwz_archive_requests_total")
        assert got == busiest
        sent = archive_series(client, "wwz_archive_sent_bytes_total")
        # One page was sent from s.wwz.
        assert sent.pop("s") > 4 * 5
        assert set(sent.values()) == {3 * 5}
        archives.write(root / "new", {"a": b"12345"})
        (root / "new").rename(root / "a0.wwz")
        for _ in range(2):
            assert client.ask("/a0.wwz/a").status == 200
        got = archive_series(client, "wwz_archive_requests_total")
        assert got["a0"] == 2 and got["a1"] == 3, got
