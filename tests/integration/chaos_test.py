#!/usr/bin/python3
"""bench/chaos, short and slow: faults are played, told, and held against their aims; and what it says of them.

ROLLCALL_BIN is the gateway; the other programs are beside it.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(BENCH), str(BENCH / "peers"),
                str(BENCH / "faults")]
import crowd
import recovery
import verdict
import watch
from processes import GATEWAY
from rows import NAMES, ROWS

PROGRAMS = Path(GATEWAY).resolve().parent
LIMIT = 100  # seconds


class Chaos(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-chaos-test-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def run_chaos(self, *flags, programs=PROGRAMS):
        return subprocess.run([BENCH / "chaos", "--bin", programs, *flags], capture_output=True, text=True,
                              timeout=LIMIT, check=False)

    def play(self, *flags, programs=PROGRAMS):
        """Its exit status, what it prints, and its report by the faults' names."""
        file = self.directory / "made.json"
        done = self.run_chaos("--quick", "--json", file, *flags, programs=programs)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout, {row["name"]: row for row in json.loads(file.read_text())["rows"]}

    def test_a_dead_redis_and_an_instance_that_hangs_cost_nobody_an_answer(self):
        table = self.directory / "table.md"
        code, said, rows = self.play("--only", "redis-killed,instance-hangs", "--markdown", table, "--samples", "--logs",
                                     self.directory)
        self.assertEqual((code, list(rows)), (0, ["redis-killed", "instance-hangs"]), said)
        self.assertIn("2 faults played", said)
        for row in rows.values():
            self.assertEqual((row["errors"], row["wrong"], row["missed"]), (0, 0, []))
            self.assertGreater(row["requests"], 1000)
            self.assertGreater(row["hits"]["memory"] + row["hits"]["stale"], 0.5 * row["requests"])
            self.assertGreater(row["calls"], 100)
            self.assertIn(row["title"], said)
            self.assertIn(f"| {row['requests']:,} | 0 (0) | 0 (0) | {row['worst_hit_ms']:.1f} ms (< ",
                          table.read_text())
        dead = [each["gateways"] for each in rows["redis-killed"]["samples"]
                if rows["redis-killed"]["began"] + 0.5 < each["t"] < rows["redis-killed"]["ended"]]
        self.assertTrue(dead and all(not gateway["tracked"] for each in dead for gateway in each), "Redis was not dead")
        self.assertIn("redis", (self.directory / "redis-killed/gateway-0.log").read_text())
        self.assertRegex(said, r"unknown rooms: \d+ times 504 in the envelope after 2\.\d\d to ")

    def test_a_gateway_that_serves_nothing_stale_is_found_out(self):
        directory = self.directory / "bin"
        directory.mkdir()
        for name in ("rollcall-upstream", "rollcall-bench", "rollcall-proxy"):
            (directory / name).symlink_to(PROGRAMS / name)
        wrapper = directory / "rollcall"
        change = r's/^fresh = "2000ms"/fresh = "500ms"\nstale_while_revalidate = "0ms"\nstale_if_error = "0ms"/'
        wrapper.write_text(f"#!/bin/sh\nfor each; do case $each in *.toml) sed -i '{change}' $each;; esac; done\n"
                           f"exec {GATEWAY} \"$@\"\n")
        wrapper.chmod(0o755)
        code, said, rows = self.play("--only", "instance-500", programs=directory)
        self.assertEqual((code, list(rows["instance-500"]["errors_by_kind"])), (1, ["502"]), said)
        self.assertIn("errors", rows["instance-500"]["missed"])
        self.assertRegex(said, r"errors +[\d,]+: 502 [\d,]+ \(0, missed\)")
        self.assertIn("missed an aim: instance-500", said)

    def test_what_cannot_be_played_is_told_and_is_no_success(self):
        directory = self.directory / "bin"
        directory.mkdir()
        for name in ("rollcall-upstream", "rollcall-bench", "rollcall-proxy"):
            (directory / name).symlink_to(PROGRAMS / name)
        (directory / "rollcall").symlink_to("/bin/false")
        done = self.run_chaos("--quick", "--only", "instance-500", programs=directory)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"could not be played: rollcall does not start(.|\n)*could not be played: inst")

    def test_it_tells_what_it_can_do_and_refuses_the_rest(self):
        listed = self.run_chaos("--list", programs="/none")
        self.assertEqual((listed.returncode, [line.split()[0] for line in listed.stdout.splitlines()]), (0, NAMES))
        taught = self.run_chaos("--help")
        for words in ("back to normal", "--only redis-frozen", "wrong answers"):
            self.assertIn(words, taught.stdout)
        for flags, words in ((("--only", "meteor"), "expected some of redis-killed,"), (("--rate", "1"), "from 50"),
                             (("--before", "x"), "from 1 to 60")):
            done = self.run_chaos(*flags)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


class Recovery(unittest.TestCase):
    """Figures of ten seconds, with a fault from 3 to 5 s."""

    def setUp(self):
        self.moments = {"requests": [100] * 100, "errors": [0] * 100, "wrong": [0] * 100, "worst_us": [9_000] * 100,
                        "worst_hit_us": [1_000] * 100}
        self.samples = [{"t": t / 10 + 0.03, "calls": 20 * t,
                         "gateways": [{"connections": 3, "tracked": 1, "pending": 0, "shut_off": 0, "used": t}
                                     for _ in range(2)]}
                        for t in range(100)]

    def back(self, redis=True):
        normal = recovery.normal_of(self.moments, self.samples, 3.0)
        made = recovery.seconds_until_normal(self.moments, self.samples, 5.0, normal, redis)
        return made if made is None else round(made, 1)

    def test_nothing_happened(self):
        self.assertEqual(self.back(), 0.1)

    def test_what_went_wrong_during_the_fault_does_not_count(self):
        self.moments["errors"][31:50] = [5] * 19
        self.moments["worst_us"][31:50] = [900_000] * 19
        self.assertEqual(self.back(), 0.1)

    def test_each_thing_that_can_still_be_wrong(self):
        for name, value in (("errors", 1), ("wrong", 1), ("worst_us", 30_000), ("requests", 70)):
            with self.subTest(name):
                self.setUp()
                self.moments[name][62] = value
                self.moments[name][55] = value
                self.assertEqual(self.back(), 1.3)

    def test_what_was_late_before_the_fault_is_late_afterwards_all_the_same(self):
        self.moments["worst_us"][5] = 400_000
        self.moments["worst_us"][56] = 101_000
        self.assertEqual(self.back(), 0.7)
        self.moments["worst_us"][56] = 99_000
        self.assertEqual(self.back(), 0.1)

    def test_hits_count_from_the_beginning_of_the_fault(self):
        self.moments["worst_hit_us"][29] = 7_000
        self.assertEqual(recovery.worst_hit_since(self.moments, 3.0), 1_000)
        self.assertEqual(recovery.worst_hit_since(self.moments, 2.95), 7_000)

    def test_what_was_wrong_during_the_fault_can_be_told_from_the_rest(self):
        for at in (29, 30, 50, 51):
            self.moments["wrong"][at] = 1 + at % 2
        self.assertEqual(recovery.wrong_outside(self.moments, 3.0, 5.0), 2 + 2)

    def test_half_of_the_moments_would_do_for_no_second(self):
        for i in range(50, 100, 9):
            self.moments["errors"][i] = 1
        self.assertIsNone(self.back())

    def test_redis_counts_where_it_was_harmed(self):
        for name, value in (("connections", 2), ("tracked", 0), ("pending", 1), ("shut_off", 1)):
            with self.subTest(name):
                self.setUp()
                for each in self.samples[40:75]:
                    each["gateways"][1][name] = value
                self.assertEqual(self.back(), 2.5)
                self.assertEqual(self.back(redis=False), 0.1)

    def test_a_redis_that_is_connected_has_to_be_of_use(self):
        for each in self.samples[40:]:
            each["gateways"][0]["used"] = 40
        self.assertIsNone(self.back())

    def test_a_gateway_that_does_not_answer_is_not_normal(self):
        self.samples[55]["gateways"][0] = None
        self.assertEqual(self.back(), 0.6)

    def test_more_calls_than_before_are_not_normal_nor_are_none(self):
        for i in range(30, 80):
            self.samples[i]["calls"] = 20 * 30 + 60 * (i - 30)
        for i in range(80, 100):
            self.samples[i]["calls"] = 20 * 30 + 60 * 50 + 20 * (i - 80)
        self.assertGreater(self.back(), 2.2)
        for i in range(30, 100):
            self.samples[i]["calls"] = 600
        self.assertIsNone(self.back())

    def test_moments_of_two_loads_are_one(self):
        other = {"requests": [5], "errors": [1], "wrong": [0], "worst_us": [10_000], "worst_hit_us": [2]}
        made = recovery.put_together([self.moments, other])
        self.assertEqual((made["requests"][:2], made["errors"][:2], made["worst_us"][:2], made["worst_hit_us"][:2]),
                         ([105, 100], [1, 0], [10_000, 9_000], [1_000, 1_000]))


class Verdict(unittest.TestCase):
    def judged(self, name="redis-killed", quick=False, **figures):
        row = next(each for each in ROWS if each.name == name)
        found = {"title": row.title, "requests": 1000, "errors": 0, "errors_by_kind": {}, "wrong": 0, "outdated": 0,
                 "worst_hit_ms": 12.34, "back": 1.0, "calls": 10, "calls_before": 5.0, "calls_during": None, "notes": [],
                 **figures}
        return verdict.judge(row, found, quick)

    def test_every_aim_can_be_missed(self):
        self.assertEqual(self.judged()["missed"], [])
        for figures, name in (({"errors": 1}, "errors"), ({"wrong": 1}, "wrong"), ({"worst_hit_ms": 100.0}, "worst_hit_ms"),
                              ({"back": 3.0}, "back"), ({"back": None}, "back"), ({"requests": 0}, "requests"),
                              ({"notes": [{"text": "x", "right": False}]}, "note")):
            self.assertEqual(self.judged(**figures)["missed"], [name])

    def test_quick_judges_no_times_but_that_it_recovered(self):
        self.assertEqual(self.judged(quick=True, worst_hit_ms=900.0, back=4.0)["missed"], [])
        self.assertEqual(self.judged(quick=True, back=None)["missed"], ["back"])

    def test_the_table_has_the_aim_beside_each_figure(self):
        found = self.judged(errors=3, errors_by_kind={"502": 3}, notes=[{"text": "n", "right": True}])
        self.assertEqual(verdict.as_markdown([found]).splitlines()[2],
                         "| Redis killed, started again 10 s later; n | 1,000 | 3: 502 3 (0, missed) | 0 (0) | "
                         "12.3 ms (< 100 ms) | 1.0 s (< 3 s) | 10 | 5, – |")
        self.assertIn("back to normal          never (< 3 s, missed)", verdict.as_text(self.judged(back=None)))


class Details(unittest.TestCase):
    def test_envelopes(self):
        self.assertTrue(crowd.is_envelope(b'{"message":"x","code":"1001","data":null}'))
        for other in (b"", b"[]", b"<html>", b'{"message":"","code":"1001","data":null}',
                      b'{"message":"x","code":"1000","data":null}', b'{"message":"x","code":"1001","data":null,"a":1}'):
            self.assertFalse(crowd.is_envelope(other))

    def test_metrics(self):
        self.assertEqual(watch.read_metrics('# HELP x y\nrollcall_redis_connections 3\nrollcall_tracking_up 1\n'
                                            'rollcall_redis_lookups_total{outcome="hit"} 5\n'
                                            'rollcall_redis_lookups_total{outcome="unavailable"} 100\n'
                                            'rollcall_redis_stores_total 2\nrollcall_redis_breakers_open 1\n'),
                         {"connections": 3, "tracked": 1, "pending": 0, "shut_off": 1, "used": 7})


if __name__ == "__main__":
    unittest.main()
