"""Gateways that share a Redis, for the measurements: each on free ports, and none outlives whoever started it."""
import contextlib
import json
import random
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

PATIENCE = 30  # seconds for what takes milliseconds on an idle machine


class Trouble(Exception):
    """What a user is told in one line."""


def until(condition, what, pause=0.01):
    """The first true value of condition(), which is tried again after each pause of so many seconds."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Trouble(f"not within {PATIENCE} s: {what}")
        time.sleep(pause)
    return value


def free_ports(count):
    """So many that nobody listens on now. Below those that the kernel gives to clients: one of these would be taken by
    the next connection that anybody makes, now and then before its server listens."""
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with contextlib.ExitStack() as taken:
        found = []
        while len(found) < count:
            port = random.randrange(min(15_000, first_of_clients - 1), first_of_clients)
            with contextlib.suppress(OSError):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
        return found


class Program:
    """A child process. Its errors are shown, or go to a file; its output is read line by line."""

    def __init__(self, *arguments, errors=None):
        self.name = Path(arguments[0]).name
        # A session of its own: Ctrl-C reaches only us, and we end what we started.
        self.child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *arguments], start_new_session=True, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def line_after(self, beginning):
        """The rest of its next line, which has to begin so."""
        line = self.child.stdout.readline()
        if not line.startswith(beginning):
            raise Trouble(f"{self.name} does not start" + (f": it says {line.strip()!r}" if line else ""))
        return line.removeprefix(beginning).strip()

    def tell(self, line):
        with contextlib.suppress(BrokenPipeError):  # whoever waits for its answer finds out
            self.child.stdin.write(line + "\n")
            self.child.stdin.flush()

    def lives(self):
        return self.child.poll() is None

    def end(self):
        """May be called again."""
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        self.child.terminate()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


class Redis:
    """A redis-server on a socket that nobody else knows, with nothing in it."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="rollcall-bench-")
        self.socket = f"{self.directory}/redis.sock"
        self.url = f"unix://{self.socket}"
        self.process = Program("redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory,
                               "--save", "", "--appendonly", "no", "--logfile", f"{self.directory}/log")

    def listens(self):
        if not self.process.lives():
            raise Trouble("redis-server does not start")
        return Path(self.socket).exists()

    def end(self):
        self.process.end()
        shutil.rmtree(self.directory, ignore_errors=True)


class Gateway:
    """In front of one instance. Configured by its defaults and further flags; `redis` may be None. `program` may be a
    command of several words."""

    def __init__(self, program, instance, redis, *flags, listen="127.0.0.1:0", admin="127.0.0.1:0", errors=None):
        command = program if isinstance(program, tuple) else (program,)
        self.process = Program(*command, "--listen", listen, "--admin", admin, "--log-level", "warn", "--upstream", instance,
                               *(["--redis", redis.url] if redis else []), *flags, errors=errors)
        try:
            self.port = int(self.process.line_after("rollcall: listening on http://127.0.0.1:"))
            self.admin = self.process.line_after("rollcall: admin on ")
        except BaseException:
            self.end()
            raise

    def status(self):
        with urllib.request.urlopen(f"{self.admin}/status", timeout=PATIENCE) as page:
            return json.load(page)

    def connected(self):
        """Whether all of its threads are connected to Redis, and Redis tells it what changes."""
        status = self.status()
        return status["redis"]["connections"] >= status["threads"] and status["redis"]["tracked"]

    def end(self):
        self.process.end()


@contextlib.contextmanager
def fleet(program, count, instance):
    """So many gateways in front of the instance, ready to serve."""
    with contextlib.ExitStack() as all_of_it:
        redis = Redis()
        all_of_it.callback(redis.end)
        until(redis.listens, "redis-server listens")
        gateways = []
        for _ in range(count):
            gateways.append(Gateway(program, instance, redis))
            all_of_it.callback(gateways[-1].end)
        for gateway in gateways:
            until(gateway.connected, "a gateway is connected to Redis")
        yield gateways
