"""A real Redis for integration tests, and gateways that share it."""

import contextlib
import re
import shutil
import signal
import socket
import tempfile
from pathlib import Path

from processes import PATIENCE, Process, ProcessTest, until

PATIENT = '[redis]\ntimeout = "5s"\n'  # where it is Redis' answer that is asked for, however busy the machine
NO_MEMORY = '[cache]\nmemory = "0"\n'  # every request asks Redis


class RedisServer:
    """A real redis-server on a UNIX socket of its own, which stays the same from start to start."""

    def __init__(self, *flags, start=True, password=None):
        self.directory = tempfile.mkdtemp(prefix="rollcall-")
        self.socket = f"{self.directory}/r.sock"
        self.password = password
        self.url = f"unix://:{password}@{self.socket}" if password else f"unix://{self.socket}"
        self.flags = [*flags, "--requirepass", password] if password else flags
        self.process = None
        if start:
            self.start()

    def start(self):
        self.process = Process(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory,
                                "--save", "", "--appendonly", "no", "--daemonize", "no", *self.flags])
        until(self.answers, "redis-server answers")

    def answers(self):
        with contextlib.suppress(OSError):
            return self.command("PING") == b"PONG"

    def command(self, *arguments):
        """The reply: bytes, a number, None or a list of these. Errors are raised."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE)
            link.connect(self.socket)
            with link.makefile("rb") as replies:
                for words in ([("AUTH", self.password)] if self.password else []) + [arguments]:
                    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
                    link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
                    reply = self.read(replies)
                return reply

    def read(self, replies):
        line = replies.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.read(replies) for _ in range(int(rest))]
        raise OSError(f"redis-server said {line!r}")

    def keys(self, pattern=rb".*"):
        """The names of all keys that match as a whole."""
        return sorted(key for key in self.command("KEYS", "*") if re.fullmatch(pattern, key, re.S))

    def values(self):
        """The keys of answers: neither leases nor the index sets."""
        return self.keys(rb"[^{}]+:\{[^{}]*\}")

    def indexes(self):
        return self.keys(rb"[^{}]+:[wr]:.*")

    def freeze(self):
        """It keeps its connections, and does nothing any more."""
        self.process.signal(signal.SIGSTOP)
        until(lambda: ") T " in Path(f"/proc/{self.process.child.pid}/stat").read_text(), "redis-server is frozen")

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.stop()

    def stop(self):
        process, self.process = self.process, None
        process.signal(signal.SIGCONT)
        process.expected_errors = [""]
        process.end()

    def end(self):
        if self.process:
            self.stop()
        shutil.rmtree(self.directory)


class RedisTest(ProcessTest):
    """In front of one instance, self.instance."""

    def setUp(self):
        self.instance = self.start_instance("--members", "12")

    def start_redis(self, *flags, **options):
        return self.started(RedisServer(*flags, **options))

    def gateway(self, redis, *flags, settings=PATIENT, connected=True):
        gateway = self.start_gateway(self.instance, "--redis", redis.url, *flags, settings=settings)
        gateway.expected_errors.append(r"^\S+ warning redis ")
        if connected:
            self.await_connections(gateway)
        return gateway

    def await_connections(self, gateway):
        """Two threads have one each, and purges have one; and Redis tells the gateway what changes."""
        until(lambda: gateway.metric("rollcall_redis_connections") == 3 and gateway.metric("rollcall_tracking_up") == 1,
              "it is connected to Redis")

    def await_keys(self, redis, count):
        """The keys of so many answers."""
        return until(lambda: len(k := redis.values()) == count and k, f"Redis holds {count} answers")

    def own(self, room, wid="w1", token=None):
        """The instance's own answer."""
        return self.instance.members(room, wid, token).body

    def assert_from_redis(self, answer, body):
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertRegex(answer.cache or "", r"^rollcall; hit; ttl=-?\d+; detail=redis$")
        self.assertGreaterEqual(int(answer.headers["Age"]), 0)
