"""Rollcall with everything in memory that it will be asked for, and what a hit costs it."""
import os
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import own
import report
from contenders import on_cores
from fleet import PATIENCE, Gateway, Program, Trouble, until
from limits import await_ports
from work import Instance

MEMBERS = 4
BOTS = 10  # so that there are several wIds and credentials
# Of an entry of four members, in the gateway's own reckoning and with all that the allocator needs: rounded up.
BYTES_EACH = 4096
WORTH_TELLING = 100_000  # so many take some ten seconds
A_SECOND = 2_000  # are filled at least, on the slowest machine


@dataclass(frozen=True)
class Case:
    group: str
    label: str
    threads: int = 1
    connections: int = 64
    identities: int = 1000


class StandIn:
    """The instance, with rooms of four."""

    def __init__(self, built, core):
        with on_cores(core):
            self.process = Program(built / "rollcall-upstream", "--listen", "127.0.0.1:0", "--members", str(MEMBERS),
                                   "--quiet")
        self.url = self.process.line_after("listening on ")
        self.asked = Instance(int(self.url.rpartition(":")[2]))

    def end(self):
        self.process.end()


class Stand:
    """A gateway without Redis, on cores of its own where there are enough, that keeps everything for an hour."""

    CONFIGURATION = """
[server]
max_connections = {connections}
idle_timeout = "10m"
[cache]
fresh = "1h"
jitter = 0
early_refresh = 0
memory = "{memory}MiB"
"""

    def __init__(self, built, instance, case):
        self.built, self.instance, self.case = built, instance, case
        cores = sorted(os.sched_getaffinity(0))
        self.client_core = cores[0]
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-scaling-"))
        memory = max(64, case.identities * BYTES_EACH >> 20)
        configuration = self.directory / "rollcall.toml"
        configuration.write_text(self.CONFIGURATION.format(connections=case.connections + 100, memory=memory))
        try:
            with on_cores(*cores[-case.threads:]):
                self.gateway = Gateway(built / "rollcall", instance.url, None, "--config", configuration, "--threads",
                                       str(case.threads))
        except BaseException:
            shutil.rmtree(self.directory)
            raise

    @property
    def pid(self):
        return self.gateway.process.child.pid

    @property
    def port(self):
        return self.gateway.port

    def run(self, seconds, *flags, patience=PATIENCE):
        return own.run(self.port, self.client_core, self.built, seconds, "--members", MEMBERS, "--bots", BOTS,
                       "--rooms", self.case.identities // BOTS, "--zipf", 0, *flags, patience=patience)

    def prime(self):
        """Has it ask the instance for every list, and looks at every answer."""
        count = self.case.identities
        if count >= WORTH_TELLING and not sys.stderr.isatty():
            print(f"filling a gateway with {count:,} lists", file=sys.stderr, flush=True)
        before, done = self.instance.asked.calls(), threading.Event()

        def tell():
            while not done.wait(1):
                report.progress(f"filling a gateway with {count:,} lists: "
                                f"{100 * (self.instance.asked.calls() - before) // count} %")

        telling = threading.Thread(target=tell, daemon=True)
        if sys.stderr.isatty():
            telling.start()
        try:
            self.run(1, "--prime", "--warmup", "0ms", patience=PATIENCE + count // A_SECOND)
        finally:
            done.set()
            if telling.ident:
                telling.join()
        memory = self.gateway.status()["memory"]
        if (memory["entries"], memory["evictions"]) != (count, 0):
            raise Trouble(f"the gateway does not hold {count:,} lists but {memory['entries']:,}, "
                          f"and has dropped {memory['evictions']:,}")
        return memory["bytes"]

    def round(self, seconds):
        """CPU us for a hit, hits a second, and the process's resident bytes."""
        await_ports(self.port, self.case.connections)
        before = self.instance.asked.calls()
        found = self.run(seconds, "--connections", self.case.connections, "--warmup", "500ms", "--pid", self.pid,
                         patience=PATIENCE + self.case.identities // A_SECOND)
        calls = self.instance.asked.calls() - before
        requests, hits = found["requests"], found["hits"]["memory"]
        if calls or not requests or hits != requests or own.errors_in(found):
            raise Trouble(f"{self.case.group} {self.case.label}: not all were hits: {requests:,} requests, "
                          f"{hits:,} hits, {calls:,} calls of the instance, {own.errors_in(found):,} errors")
        until(lambda: self.gateway.status()["connections"] == 0, "the gateway has seen all clients go")
        return {"cpu_us": found["cpu_us_per_request"], "rate": found["throughput"], "rss": found["rss_bytes"]}

    def end(self):
        self.gateway.end()
        shutil.rmtree(self.directory, ignore_errors=True)
