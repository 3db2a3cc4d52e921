#!/usr/bin/python3
"""bench/scaling and bench/instructions with tiny numbers: they measure, they tell, and they refuse what is no hit.

ROLLCALL_BIN is the gateway; the other programs are beside it.
"""

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(BENCH), str(BENCH / "peers")]
import callgrind
import work
from fleet import Trouble
from processes import GATEWAY, ProcessTest


def load(name):
    """A script as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


instructions = load("instructions")
PROGRAMS = Path(GATEWAY).resolve().parent
LIMIT = 200  # seconds
TINY = ("--rounds", "1", "--seconds", "1")


class MeasurementTest(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-measurements-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def run_command(self, name, *arguments, before=(), programs=PROGRAMS):
        return subprocess.run([*before, BENCH / name, "--bin", programs, *arguments], capture_output=True, text=True,
                              timeout=LIMIT, check=False)

    def measure(self, name, *arguments):
        """What it prints, and what it writes with --json."""
        file = self.directory / "made.json"
        done = self.run_command(name, *arguments, "--json", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout, json.loads(file.read_text())

    def assert_refused(self, done, words):
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stderr, words)

    def gateway_with(self, change):
        """A directory of programs whose gateway has one thing in its configuration changed, with sed."""
        directory = self.directory / "bin"
        directory.mkdir()
        for name in ("rollcall-upstream", "rollcall-bench"):
            (directory / name).symlink_to(PROGRAMS / name)
        wrapper = directory / "rollcall"
        wrapper.write_text(f"#!/bin/sh\nfor each; do case $each in *.toml) sed -i '{change}' $each;; esac; done\n"
                           f"exec {GATEWAY} \"$@\"\n")
        wrapper.chmod(0o755)
        return directory


class Scaling(MeasurementTest):
    def test_every_group_is_measured_and_told(self):
        tables = self.directory / "tables.md"
        said, made = self.measure("scaling", *TINY, "--threads", "1,2", "--connections", "2,30", "--identities",
                                  "10,300", "--idle", "50", "--markdown", tables)
        groups = {group["name"]: group["rows"] for group in made["groups"]}
        self.assertEqual(list(groups), ["threads", "connections", "identities"])
        for name, counts in (("threads", [1, 1, 2]), ("connections", [2, 30]), ("identities", [10, 300])):
            rows = groups[name]
            self.assertEqual([row[name] for row in rows], counts)
            self.assertEqual(rows[0]["ratio"], 1)
            self.assertAlmostEqual(rows[1]["ratio"], rows[1]["cpu_us"] / rows[0]["cpu_us"])
            for row in rows:
                self.assertGreater(row["cpu_us"], 1)
                self.assertGreater(row["rss"], 1 << 20)
                self.assertIn(f"{row['cpu_us']:.2f}", said)
                self.assertIn(f"| {row['label']} | {row['cpu_us']:.2f} |", tables.read_text())
        self.check_threads(groups["threads"], said)
        few, many = groups["identities"]
        self.assertGreater(many["cache_bytes"], few["cache_bytes"] + 290 * 2000)
        idle = made["idle"]
        self.assertEqual((idle["connections"], idle["each"]), (50, (idle["after"] - idle["before"]) / 50))
        self.assertGreater(idle["before"], 1 << 20)

    def check_threads(self, rows, said):
        """Two threads are held against two processes of one, which had half of the connections each."""
        alone, apart, together = rows
        self.assertEqual([(row["label"], row["gateways"]) for row in rows], [("1", 1), ("2 x 1", 2), ("2", 1)])
        self.assertNotIn("to_processes", {**alone, **apart})
        self.assertAlmostEqual(together["to_processes"], together["cpu_us"] / apart["cpu_us"])
        self.assertIn(f"of 2 x 1: {together['to_processes']:.2f} (aim 1.10", said)
        for had in (each["requests"] for each in apart["rounds"]):
            self.assertEqual(len(had), 2)
            self.assertGreater(min(had), 0.05 * max(had), "one of them shares its core, but has work all the same")

    def test_only_what_was_asked_for(self):
        said, made = self.measure("scaling", *TINY, "--only", "threads", "--threads", "1")
        self.assertEqual(([group["name"] for group in made["groups"]], made["idle"]), (["threads"], None))
        self.assertNotIn("idle", said)

    def test_what_did_not_come_from_memory_is_not_measured(self):
        stale = self.gateway_with('s/fresh = "1h"/fresh = "50ms"/')
        done = self.run_command("scaling", *TINY, "--only", "threads", "--threads", "1", programs=stale)
        self.assert_refused(done, r"^bench/scaling: threads 1: not all were hits: .* [1-9][\d,]* calls of the instance")

    def test_lists_that_do_not_fit_into_the_memory_are_not_measured(self):
        small = self.gateway_with('s/memory = ".*"/memory = "1MiB"/')
        done = self.run_command("scaling", *TINY, "--only", "identities", "--identities", "2000", programs=small)
        self.assert_refused(done, r"^bench/scaling: the gateway does not hold 2,000 lists but ")

    def test_too_few_descriptors_are_explained_before_anything_starts(self):
        done = self.run_command("scaling", "--only", "idle", "--idle", "4000", before=("prlimit", "--nofile=3000:3000"))
        self.assert_refused(done, r"^bench/scaling: 4,000 connections take 4,100 descriptors, .* 3,000: .*prlimit")

    def test_mistakes_are_explained(self):
        for flags, words in ((("--identities", "15"), "multiples of 10"), (("--only", "x"), "expected some of threads"),
                             (("--threads", "1 2"), "from 1 to 64"), (("--rounds", "0"), "from 1 to 100")):
            with self.subTest(flags):
                self.assert_refused(self.run_command("scaling", *flags), words)


def sanitized():
    return any(name in Path(GATEWAY).read_bytes() for name in (b"__asan_init", b"__tsan_init"))


class Instructions(MeasurementTest):
    def setUp(self):
        super().setUp()
        if lacking := [name for name in (*callgrind.NEEDED, "redis-server") if not shutil.which(name)]:
            self.skipTest(f"no {', '.join(lacking)}: bench/setup installs it")
        if sanitized():
            self.skipTest("a sanitizer and valgrind do not go together")

    def test_hits_and_pass_throughs_are_counted_and_compared(self):
        rows = ("--rows", "memory-4,pass-2k", "--requests", "800")
        said, made = self.measure("instructions", *rows, "--top", "5")
        self.assertEqual([(row["name"], row["connections"]) for row in made["rows"]], [("memory-4", 1), ("pass-2k", 1)])
        hit, passed = made["rows"]
        self.assertGreater(hit["instructions"], 1000)
        self.assertGreater(passed["instructions"], hit["instructions"])
        self.assertLess(max(hit["spread"], passed["spread"]), 0.01)
        counts = [each["instructions"] for each in hit["functions"]]
        self.assertEqual((len(counts), counts), (5, sorted(counts, reverse=True)))
        self.assertLessEqual(sum(counts), hit["instructions"])
        self.assertIn(hit["functions"][0]["name"], said)
        shutil.copy(self.directory / "made.json", self.directory / "before.json")
        again, made = self.measure("instructions", "--rows", "memory-4", "--requests", "800", "--against",
                                   self.directory / "before.json")
        self.assertLess(abs(made["rows"][0]["instructions"] / hit["instructions"] - 1), 0.01)
        self.assertRegex(again, r"memory hit, 4 members .*(0\.99|1\.00)\d\n")
        self.check_a_crowd(hit["instructions"])

    def check_a_crowd(self, alone):
        said, made = self.measure("instructions", "--rows", "memory-4", "--connections", "64")
        hit = made["rows"][0]
        self.assertEqual(hit["connections"], 64)
        self.assertLess(hit["instructions"], 0.97 * alone, "they come together, and share what it takes to wake up")
        self.assertIn(f"{hit['instructions']:,.0f}", said)
        self.assert_refused(self.run_command("instructions", "--against", self.directory / "made.json"),
                            "made.json is of other --connections")
        self.assert_refused(self.run_command("instructions", "--connections", "2", "--rows", "fill-100"),
                            "fill-100: only with one connection")

    def test_a_file_that_is_no_report_is_refused(self):
        done = self.run_command("instructions", "--against", Path(__file__))
        self.assert_refused(done, "measurements_test.py is nothing that --json wrote")


class Uncounted:
    """A gateway that nobody counts the instructions of."""

    def __init__(self, port):
        self.port = port

    def asleep(self):
        return True

    def count(self, work):
        work()
        return "counted"


class Asked(ProcessTest):
    """What bench/instructions asks is the work that was meant, or it is refused."""

    def asker(self, name, settings):
        instance = self.start_instance("--members", "4")
        gateway = self.start_gateway(instance, settings=settings)
        row = next(each for each in instructions.KINDS if each.name == name)
        names = work.Instance(instance.port).member_names() if row.kind == "pass" else []
        made = instructions.Asker(row, Uncounted(gateway.port), work.Instance(instance.port), row.question(names))
        self.addCleanup(made.link.close)
        return made

    def test_hits_fills_and_pass_throughs_that_are_what_they_should_be(self):
        for name in ("memory-4", "fill-100", "pass-2k"):
            asker = self.asker(name, '[cache]\nfresh = "1h"\n')
            if name == "memory-4":
                asker.link.ask(asker.same[0])
            self.assertEqual(asker.counted(5)[0], "counted", name)

    def test_answers_that_are_not_from_memory(self):
        asker = self.asker("memory-4", '[cache]\nmemory = "0"\n')
        self.assertRaisesRegex(Trouble, "^memory-4: not what was to be measured: .*fwd=", asker.counted, 2)

    def test_hits_that_make_calls(self):
        asker = self.asker("memory-4", '[cache]\nfresh = "1ms"\nfailure = "0ms"\n')
        asker.link.ask(asker.same[0])
        self.assertRaisesRegex(Trouble, r"^memory-4: [1-5] calls for 5 requests", asker.counted, 5)

    def test_another_answer_than_the_instances(self):
        asker = self.asker("memory-4", "")
        asker.same = (asker.same[0], asker.same[1] + b" ")
        self.assertRaisesRegex(Trouble, "^memory-4: an answer is not the instance's", asker.counted, 1)


class CallgrindFile(MeasurementTest):
    TEXT = """\
summary: 160
ob=(1) /usr/bin/it
fl=(1) ???
fn=(1) main
0 10
cob=(2) /usr/lib/libc.so
cfn=(2) rollcall::net::(anonymous namespace)::read<int>(std::vector<int>&)
calls=3 0
+4 100

ob=(2)
fn=(2)
12 60
-3 40

fn=(3) 0x00000000000d4490
* 50
cfn=(2)
calls=0 0
-442 999

fn=(4) rollcall::net::(anonymous namespace)::read<char>(char)
1 7
"""

    def functions(self, inclusive):
        dump = self.directory / "dump"
        dump.write_text(self.TEXT)
        self.assertEqual(callgrind.total_of(dump), 160)
        return callgrind.functions_of(dump, inclusive)

    def test_what_is_called_is_not_the_callers_own(self):
        self.assertEqual(self.functions(False), [("net::read", 107), ("in libc.so", 50), ("main", 10)])

    def test_but_is_in_what_the_caller_takes_in_all(self):
        self.assertEqual(self.functions(True), [("in libc.so", 1049), ("main", 110), ("net::read", 100)])

    def test_names_are_shortened_to_what_tells_them_apart(self):
        for name, short in (
                ("char* fmt::v9::detail::format<char, 3>(char*, int)", "fmt::v9::format"),
                ("rollcall::gateway::hit(std::pair<int, std::less<>> const&) const", "gateway::hit"),
                ("std::ostream& std::operator<< <char>(std::ostream&, char const*)", "operator<<"),
                ("a<b>::operator->() const", "a::operator->"),
                ("f(int)::{lambda(auto:1&&)#1}::operator()(int) const [clone .resume]", "f::{lambda#1}::operator()"),
                ("(below main)", "?"),
                ("operator delete[](void*)", "operator delete[]"),
                ("pthread_mutex_lock@@GLIBC_2.2.5", "pthread_mutex_lock")):
            self.assertEqual(callgrind.shortened(name), short)


if __name__ == "__main__":
    unittest.main()
