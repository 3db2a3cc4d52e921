"""Everything that a fault is played on: the instance, Redis, two gateways, and the load."""
import contextlib
import json
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import web
from fleet import PATIENCE, Gateway, Program, Trouble, free_ports, until
from servers import Cluster, Server, Watched

GATEWAYS = 2
FRESH = 2.0  # seconds: lists are renewed all the time
UPSTREAM_TIMEOUT = 2.0
CLIENT_TIMEOUT = "15s"  # longer than any answer may take

SETTINGS = """
[server]
threads = 2
head_timeout = "5s"
write_timeout = "5s"
[cache]
fresh = "{fresh}ms"
[redis]
url = "{redis}"
[upstream]
timeout = "{timeout}ms"
connect_timeout = "1s"
"""


class Instance:
    """The stand-in for the platform's instance. It can be killed, and started again on its port."""

    def __init__(self, built):
        self.built = built
        self.before = 0  # calls in its earlier lives
        self.address = "127.0.0.1:0"
        self.start()

    def start(self):
        self.process = Program(self.built / "rollcall-upstream", "--listen", self.address, "--quiet", "--latency",
                               "5ms")
        self.url = self.process.line_after("listening on ")
        self.address = self.url.removeprefix("http://")
        self.port = int(self.address.rpartition(":")[2])

    def kill(self):
        self.before = self.calls()
        self.process.child.kill()
        self.process.end()

    def ask(self, method, path, body=b""):
        status, said = web.ask(self.port, method, path, body)
        if status != 200:
            raise Trouble(f"the instance says {status} to {path}")
        return said

    def calls(self):
        """All that reached it so far."""
        return self.before + json.loads(self.ask("GET", "/__stats"))["total"]

    def fail(self, mode):
        self.ask("POST", "/__fault", json.dumps({"mode": mode}).encode())

    def end(self):
        self.process.end()


class Proxied:
    """A Redis behind a proxy that harms what it carries."""

    def __init__(self, built):
        self.server = Server()
        try:
            self.proxy = Program(built / "rollcall-proxy", "--to", f"127.0.0.1:{self.server.port}")
            self.url = f"redis://{self.proxy.line_after('listening on ')}"
        except BaseException:
            self.server.end()
            raise

    def harm(self, mode):
        self.proxy.tell(mode)
        self.proxy.line_after("mode: ")

    def end(self):
        self.proxy.end()
        self.server.end()


REDIS = {"none": lambda _: None, "single": lambda _: Server(), "proxied": Proxied, "sentinel": lambda _: Watched(),
         "cluster": lambda _: Cluster()}


class Load:
    """rollcall-bench, with a clock that reads 0 when its measured part begins."""

    def __init__(self, built, targets, directory, seconds, rate, *flags, number=0):
        self.result = directory / f"load-{number}.json"
        self.begun = directory / f"load-{number}.begun"
        self.seconds, self.rate = seconds, rate
        self.process = Program(built / "rollcall-bench", "run", "--quiet",
                               *(word for port in targets for word in ("--target", f"http://127.0.0.1:{port}")),
                               "--rate", str(rate), "--duration", f"{round(seconds * 1000)}ms", "--timeout",
                               CLIENT_TIMEOUT, "--json", self.result, "--at", f"0ms touch {self.begun}", *flags,
                               errors=(directory / f"load-{number}.log").open("w"))

    def await_begin(self):
        until(lambda: self.begun.exists() or not self.process.lives(), "the load begins")
        if not self.begun.exists():
            self.outcome()
        return self.begun.stat().st_mtime

    def outcome(self):
        """What it has written, once it has ended. Wrong answers are in there; Trouble when it could not begin."""
        until(lambda: not self.process.lives(), "the load ends", 0.05)
        if not self.result.exists():
            raise Trouble(self.result.with_suffix(".log").read_text().strip() or "rollcall-bench failed")
        return json.loads(self.result.read_text())

    def end(self):
        self.process.end()


class Stand:
    """Ready to be asked. `logs` is a directory for what the gateways say."""

    def __init__(self, chosen, redis, limit=None, logs=None):
        self.built = chosen.bin.resolve()
        self.limit = limit  # of open files, for each gateway
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-chaos-"))
        self.logs = logs or self.directory
        self.stack = contextlib.ExitStack()
        self.addresses = [f"127.0.0.1:{port}" for port in free_ports(2 * GATEWAYS)]
        self.gateways = [None] * GATEWAYS
        try:
            self.stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            self.instance = self.started(Instance(self.built))
            self.redis = REDIS[redis](self.built)
            if self.redis:
                self.started(self.redis)
            self.settings = self.directory / "rollcall.toml"
            self.configure()
            for number in range(GATEWAYS):
                self.start_gateway(number)
            for each in self.gateways:
                until(lambda each=each: self.ready(each), "a gateway is connected to Redis", 0.05)
        except BaseException:
            self.end()
            raise

    def started(self, thing):
        self.stack.callback(thing.end)
        return thing

    def configure(self, fresh=FRESH, more=""):
        """Replaced in one step, as an editor would."""
        made = self.settings.with_suffix(".new")
        made.write_text(SETTINGS.format(fresh=round(fresh * 1000), redis=self.redis.url if self.redis else "",
                                        timeout=round(UPSTREAM_TIMEOUT * 1000)) + more)
        made.replace(self.settings)

    def start_gateway(self, number, *flags):
        """On the ports of that number, which are the same each time."""
        command = (*(["prlimit", f"--nofile={self.limit}:{self.limit}"] if self.limit else []),
                   self.built / "rollcall")
        with (self.logs / f"gateway-{number}.log").open("a") as errors:
            try:
                made = Gateway(command, self.instance.url, None, "--config", self.settings, *flags, errors=errors,
                               listen=self.addresses[2 * number], admin=self.addresses[2 * number + 1])
            except Trouble as trouble:
                raise Trouble(f"{trouble}: {self.last_words()}") from None
        self.gateways[number] = self.started(made)
        return made

    def ready(self, gateway):
        if not gateway.process.lives():
            raise Trouble(f"a gateway ended: {self.last_words()}")
        return not self.redis or (lambda of: of["tracked"] and of["connections"])(gateway.status()["redis"])

    def told(self, *names):
        """What each gateway's /status says under these names."""
        def find(status):
            for name in names:
                status = status[name]
            return status

        if not all(each.process.lives() for each in self.gateways):
            raise Trouble(f"a gateway ended: {self.last_words()}")
        return [find(each.status()) for each in self.gateways]

    def can(self, flag):
        """Whether the gateway knows it."""
        said = subprocess.run([self.built / "rollcall", "--help"], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        return flag in said.stdout

    def take_over(self, number):
        """Starts another gateway with the addresses of that one, which then drains and ends."""
        return self.start_gateway(number, "--take-over")

    def last_words(self):
        lines = [line for file in sorted(self.logs.glob("gateway-*.log")) for line in file.read_text().splitlines()]
        return lines[-1] if lines else "it said nothing"

    def prime(self, *workload):
        """Every gateway is asked for every room, gently: what follows is about rooms that each of them knows."""
        for number, each in enumerate(self.gateways):
            asked = self.started(Load(self.built, [each.port], self.directory, 0.1, 100, "--prime", "--warmup", "0ms",
                                      "--connections", "8", *workload, number=f"prime-{number}"))
            if (found := asked.outcome())["wrong"] or found["errors"]["status"]:
                raise Trouble("not every room could be asked for before the fault")

    def load(self, seconds, rate, *flags, number=0):
        return self.started(Load(self.built, [each.port for each in self.gateways], self.directory, seconds, rate,
                                 *flags, number=number))

    def signal(self, number):
        for each in self.gateways:
            each.process.child.send_signal(number)

    def hang_up(self):
        self.signal(signal.SIGHUP)

    def end(self):
        self.stack.close()


def await_time(when):
    if (left := when - time.time()) > 0:
        time.sleep(left)
