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
    threads: int = 1  # of each gateway
    gateways: int = 1  # which share the connections, and know nothing of each other
    connections: int = 64
    identities: int = 1000

    @property
    def serving(self):
        """Threads that answer, in all gateways."""
        return self.threads * self.gateways


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


def pin_threads(pid, cores):
    """Gives each thread that answers a core. They are those that have had most to do."""
    worked = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        worked[int(task.name)] = int((task / "schedstat").read_text().split()[0])
    for task, core in zip(sorted(sorted(worked, key=worked.get)[-len(cores):]), cores, strict=True):
        os.sched_setaffinity(task, {core})


class Stand:
    """Gateways without Redis, a core for each thread that answers, that keep everything for an hour."""

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
        cores = [cores[i % len(cores)] for i in range(-case.serving, 0)]
        self.cores = [cores[i:i + case.threads] for i in range(0, case.serving, case.threads)]  # of each gateway
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-scaling-"))
        memory = max(64, case.identities * BYTES_EACH >> 20)
        configuration = self.directory / "rollcall.toml"
        configuration.write_text(self.CONFIGURATION.format(connections=case.connections + 100, memory=memory))
        self.gateways = []
        try:
            for its in self.cores:
                with on_cores(*its):
                    self.gateways.append(Gateway(built / "rollcall", instance.url, None, "--config", configuration,
                                                 "--threads", str(case.threads)))
        except BaseException:
            self.end()
            raise

    @property
    def gateway(self):
        """The first."""
        return self.gateways[0]

    @property
    def pid(self):
        return self.gateway.process.child.pid

    @property
    def port(self):
        return self.gateway.port

    def run(self, gateways, seconds, *flags, patience=PATIENCE):
        return own.run([each.port for each in gateways], self.client_core, self.built, seconds, "--members", MEMBERS,
                       "--bots", BOTS, "--rooms", self.case.identities // BOTS, "--zipf", 0, *flags, patience=patience)

    def prime(self):
        """Has each ask the instance for every list, and looks at every answer. What that takes, in their reckoning."""
        taken = sum(map(self.fill, self.gateways))
        for gateway, cores in zip(self.gateways, self.cores, strict=True):
            pin_threads(gateway.process.child.pid, cores)
        return taken

    def fill(self, gateway):
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
            self.run([gateway], 1, "--prime", "--warmup", "0ms", patience=PATIENCE + count // A_SECOND)
        finally:
            done.set()
            if telling.ident:
                telling.join()
        memory = gateway.status()["memory"]
        if (memory["entries"], memory["evictions"]) != (count, 0):
            raise Trouble(f"the gateway does not hold {count:,} lists but {memory['entries']:,}, "
                          f"and has dropped {memory['evictions']:,}")
        return memory["bytes"]

    def round(self, seconds):
        """CPU us for a hit, hits a second, the processes' resident bytes, and how many requests each gateway had."""
        for gateway in self.gateways:
            await_ports(gateway.port, self.case.connections)
        before, had = self.instance.asked.calls(), self.requests()
        pids = [word for gateway in self.gateways for word in ("--pid", gateway.process.child.pid)]
        found = self.run(self.gateways, seconds, "--connections", self.case.connections, "--warmup", "500ms", *pids,
                         patience=PATIENCE + self.case.identities // A_SECOND)
        calls = self.instance.asked.calls() - before
        requests, hits = found["requests"], found["hits"]["memory"]
        if calls or not requests or hits != requests or own.errors_in(found):
            raise Trouble(f"{self.case.group} {self.case.label}: not all were hits: {requests:,} requests, "
                          f"{hits:,} hits, {calls:,} calls of the instance, {own.errors_in(found):,} errors")
        until(lambda: not any(gateway.status()["connections"] for gateway in self.gateways),
              "the gateways have seen all clients go")
        return {"cpu_us": found["cpu_us_per_request"], "rate": found["throughput"], "rss": found["rss_bytes"],
                "requests": [now - then for now, then in zip(self.requests(), had, strict=True)]}

    def requests(self):
        return [gateway.status()["requests"] for gateway in self.gateways]

    def end(self):
        for gateway in self.gateways:
            gateway.end()
        shutil.rmtree(self.directory, ignore_errors=True)
