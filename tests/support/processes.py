"""The real programs for integration tests: on free ports, their output watched, each ended by its own id.

ROLLCALL_BIN and ROLLCALL_UPSTREAM_BIN are the programs; by default those of the dev build.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BUILT = Path(__file__).resolve().parents[2] / "build/dev/bin"
GATEWAY = os.environ.get("ROLLCALL_BIN") or str(BUILT / "rollcall")
INSTANCE = os.environ.get("ROLLCALL_UPSTREAM_BIN") or str(BUILT / "rollcall-upstream")
PATIENCE = 30  # seconds for what takes milliseconds on an idle machine

DOCUMENTED = {"wId": "0000016e-6343-089e-0001-e2ef939176f6", "wcId": "23321854893@chatroom"}
DOCUMENTED_SHA256 = "3a2e0c1c35507c28a00445bec258434e68a2ddbce9b7e0901dcfc5f71303918e"


def until(condition, what, limit=PATIENCE, pause=0.01):
    """The first true value of condition(); fails when there is none in time."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(pause)
    return value


class Process:
    """A child process, with its output in files so that no pipe fills up. It cannot outlive this interpreter."""

    unremarkable = r"$^"  # what it may say on standard error

    def __init__(self, arguments, descriptors=None, limits=()):
        self.output, self.errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        limits = [*limits, f"--nofile={descriptors}"] if descriptors else limits
        self.child = subprocess.Popen(["prlimit", *limits, "setpriv", "--pdeathsig", "KILL", *arguments],
                                      stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.errors)
        self.name = Path(arguments[0]).name
        self.expected_code = 0
        self.expected_errors = []  # patterns of further lines on standard error

    def said(self, stream=None):
        """Everything on standard output, or on `stream`, so far."""
        stream = stream or self.output
        return os.pread(stream.fileno(), os.fstat(stream.fileno()).st_size, 0).decode(errors="replace")

    def logged(self):
        return self.said(self.errors)

    def await_line(self, pattern):
        """The first group of a line on standard output. Ends the process when there is no such line."""
        def look():
            if self.child.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.child.returncode}: {self.logged()}")
            return re.search(pattern, self.said(), re.M)

        try:
            return until(look, f"{self.name} says {pattern}")[1]
        except AssertionError:
            self.kill()
            self.close()
            raise

    def limit_descriptors(self, most):
        """From now on."""
        subprocess.run(["prlimit", "--pid", str(self.child.pid), f"--nofile={most}:"], check=True)

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, limit=PATIENCE):
        return self.child.wait(limit)

    def kill(self):
        """As a crash would end it."""
        self.expected_code = -signal.SIGKILL
        self.child.kill()
        self.child.wait()

    def end(self):
        """Ends it if it still runs, and fails unless it ends well and has said nothing unexpected."""
        if self.child.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not end: {self.logged()}") from None
        expected = [self.unremarkable, *self.expected_errors]
        odd = [line for line in self.logged().splitlines() if not any(re.search(p, line) for p in expected)]
        said = "\n".join(odd)
        self.close()
        assert code == self.expected_code, f"{self.name} ended with {code}: {said}"
        assert not odd, f"{self.name} said: {said}"

    def close(self):
        self.output.close()
        self.errors.close()

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.cache = self.headers["Cache-Status"]

    def __repr__(self):
        return f"<{self.status} {self.cache} {self.body[:200]!r}>"

    def json(self):
        return json.loads(self.body)


def request_body(wid, room, field="wcId"):
    return json.dumps({"wId": wid, field: room}).encode()


class HttpServer(Process):
    port = None

    def connect(self, port=None):
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)

    def ask(self, method, target, body=None, headers=None, port=None):
        """One request on a connection of its own."""
        with contextlib.closing(self.connect(port)) as connection:
            connection.request(method, target, body, headers or {})
            return Answer(connection.getresponse())

    def post(self, body, headers=None, target="/getChatRoomMember"):
        return self.ask("POST", target, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)

    def members(self, room, wid="w1", token=None, field="wcId"):
        return self.post(request_body(wid, room, field), {"Authorization": token} if token else {})


class Instance(HttpServer):
    """The stand-in for the platform's instance."""

    def __init__(self, *flags, port=0):
        super().__init__([INSTANCE, "--listen", f"127.0.0.1:{port}", "--quiet", *flags])
        self.url = self.await_line(r"^listening on (http://127\.0\.0\.1:\d+)$")
        self.port = int(self.url.rpartition(":")[2])

    def stats(self):
        return self.ask("GET", "/__stats").json()

    def calls(self):
        return self.stats()["total"]


class Gateway(HttpServer):
    """`settings` is the text of a configuration file; flags win over it."""

    # This machine may allow few open files, of which no test but one is.
    unremarkable = r"^\S+ (trace|debug|info) |^\S+ warning server.max_connections = .* open files, and the limit is"

    def __init__(self, *flags, settings="", descriptors=None, limits=()):
        self.directory = tempfile.mkdtemp(prefix="rollcall-")
        file = Path(self.directory) / "rollcall.toml"
        file.write_text(settings)
        super().__init__([GATEWAY, "--config", str(file), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                          "--threads", "2", *flags], descriptors, limits)
        try:
            self.url = self.await_line(r"^rollcall: listening on (http://127\.0\.0\.1:\d+)$")
            self.port = int(self.url.rpartition(":")[2])
            self.admin_port = int(self.await_line(r"^rollcall: admin on http://127\.0\.0\.1:(\d+)$"))
        except AssertionError:
            shutil.rmtree(self.directory)
            raise

    def end(self):
        shutil.rmtree(self.directory)
        super().end()

    def admin(self, path, method="GET"):
        return self.ask(method, path, port=self.admin_port)

    def metric(self, name, **labels):
        """The sum of all series with this name that have these labels."""
        total = 0
        for line in self.admin("/metrics").body.decode().splitlines():
            series, _, value = line.rpartition(" ")
            if re.split(r"\{", series)[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total


class ProcessTest(unittest.TestCase):
    """Whatever a test starts ends with it, in reverse order, and has to end well."""

    maxDiff = 2000

    def started(self, process):
        self.addCleanup(process.end)
        return process

    def start_instance(self, *flags, **options):
        return self.started(Instance(*flags, **options))

    def start_gateway(self, instance, *flags, **options):
        """In front of an instance, or of a URL."""
        return self.started(Gateway("--upstream", getattr(instance, "url", instance), *flags, **options))

    def assert_envelope(self, answer, status):
        """An error in the documented shape."""
        self.assertEqual(answer.status, status, answer)
        self.assertIn(answer.headers["Content-Type"], ("application/json", "application/json;charset=UTF-8"))
        said = answer.json()
        self.assertEqual((sorted(said), said["code"], said["data"]), (["code", "data", "message"], "1001", None))
        self.assertTrue(said["message"])
