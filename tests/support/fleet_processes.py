"""Gateways that share a Redis, in front of a scripted instance whose rooms all change at a word."""

import contextlib
import http.server
import json
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from processes import PATIENCE, request_body, until
from redis_processes import PATIENT, RedisTest

JSON = "application/json;charset=UTF-8"
DONE = '{"message":"成功","code":"1000","data":null}'.encode()
REFUSED = '{"message":"失败","code":"1001","data":null}'.encode()
MOMENT = 5  # seconds for what takes a round trip to Redis on an idle machine


class Asked(NamedTuple):
    """One request, as it arrived."""
    method: str
    target: str
    headers: object
    body: bytes


@dataclass
class Reply:
    """What a scripted server says."""
    body: bytes = DONE
    status: int = 200
    type: str = JSON
    headers: dict = field(default_factory=dict)
    piece: int = 0  # other than 0: chunked, in pieces of so many bytes
    lost: bool = False  # nothing is said, and the connection is closed
    missing: int = 0  # bytes that are announced and never come


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()

    def whole_body(self):
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self):
        reply = self.server.answer(Asked(self.command, self.path, self.headers, self.whole_body()))
        if reply.lost:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.type, **reply.headers}.items():
            self.send_header(name, value)
        if reply.piece:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(reply.body), reply.piece):
                piece = reply.body[at:at + reply.piece]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(reply.body) + reply.missing))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
        self.close_connection = self.close_connection or reply.missing > 0

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


class ScriptedServer(http.server.ThreadingHTTPServer):
    """Says to each request what answer(asked) returns, which may take its time. Each connection has a thread."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, answer=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.answer = answer or self.answer
        self.lock = threading.Lock()
        self.open = set()
        self.accepting = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.accepting.start()

    def process_request(self, request, client_address):
        with self.lock:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        print(f"scripted server: {sys.exc_info()[1]!r}", file=sys.stderr)

    def end(self):
        """Ends every connection, and waits for their threads."""
        self.shutdown()
        self.accepting.join()
        with self.lock:
            for request in self.open:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
        self.server_close()


class List(NamedTuple):
    """One list of members, as the cache tells them apart."""
    room: str
    wid: str = "w1"
    token: str | None = None
    field: str = "wcId"


def lists_of(wids, rooms, tokens=(None,), fields=("wcId",)):
    return [List(r, w, t, f) for w in wids for r in rooms for t in tokens for f in fields]


class ScriptedInstance(ScriptedServer):
    """Every list tells its own identity and `revision`; change() changes them all. An answer is decided when its
    request arrives, and given when `gate`, as it was then, is open and `latency` is over."""

    def __init__(self):
        self.revision = 0
        self.members = 3
        self.latency = 0.0
        self.calls = Counter()  # by list
        self.written = []  # every other request
        self.reply = Reply()  # to those
        self.gate = threading.Event()
        self.gate.set()
        self.gates = []
        super().__init__()

    def change(self):
        self.revision += 1
        return self.revision

    def hold(self):
        """Whatever is asked for from now on is not answered before the event that this returns is set."""
        self.gate = threading.Event()
        self.gates.append(self.gate)
        return self.gate

    def release(self):
        """Whatever is asked for from now on is answered; who was held still waits."""
        self.gate = threading.Event()
        self.gate.set()

    def end(self):
        for gate in self.gates:
            gate.set()
        super().end()

    def total(self):
        return self.calls.total()

    def said_of(self, asked):
        others = [{"userName": f"wxid_{i}", "nickName": "Gun🦑", "displayName": None} for i in range(1, self.members)]
        first = {"userName": "wxid_0", "nickName": f"revision {self.revision}", "asked": list(asked)}
        said = {"message": "成功", "code": "1000", "data": [first, *others]}
        return json.dumps(said, ensure_ascii=False).encode()

    def answer(self, asked):
        if asked.target != "/getChatRoomMember":
            with self.lock:
                self.written.append(asked)
                reply = self.reply
            return reply(asked) if callable(reply) else reply
        said = json.loads(asked.body)
        name = "wcId" if "wcId" in said else "chatRoomId"
        which = List(said[name], said["wId"], asked.headers["Authorization"], name)
        with self.lock:
            self.calls[which] += 1
            gate, latency, body = self.gate, self.latency, self.said_of(which)
        gate.wait(PATIENCE)
        time.sleep(latency)
        return Reply(body)


def ask(gateway, which, headers=None):
    credential = {"Authorization": which.token} if which.token else {}
    return gateway.post(request_body(which.wid, which.room, which.field), {**credential, **(headers or {})})


class FleetTest(RedisTest):
    """Gateways in front of self.instance, a scripted one."""

    def setUp(self):
        self.instance = self.started(ScriptedInstance())

    def start_redis(self, *flags, **options):
        """At the end of the test nothing is in it that would stay for ever."""
        redis = super().start_redis(*flags, **options)
        self.addCleanup(self.assert_all_expire, redis)
        return redis

    def assert_all_expire(self, redis):
        if not redis.process:
            return
        redis.thaw()
        lives = {key: redis.command("PTTL", key) for key in redis.keys()}
        self.assertEqual({key: life for key, life in lives.items() if life == -1}, {})

    def fleet(self, count=2, *flags, settings=PATIENT):
        """A Redis, and so many gateways that share it."""
        redis = self.start_redis()
        return redis, [self.gateway(redis, *flags, settings=settings) for _ in range(count)]

    def lone_gateway(self, *flags, settings=""):
        return self.start_gateway(self.instance, *flags, settings=settings)

    def revision_in(self, which, answer):
        """The revision of a list, which has to be the right one."""
        self.assertEqual(answer.status, 200, answer)
        first = answer.json()["data"][0]
        self.assertEqual(List(*first["asked"]), which)
        return int(first["nickName"].removeprefix("revision "))

    def served(self, gateway, which):
        return self.revision_in(which, ask(gateway, which))

    def fill(self, gateways, lists):
        """All gateways have all lists as they are now, and so has the Redis that they share, if they do."""
        for gateway in gateways:
            for which in lists:
                self.assertEqual(self.served(gateway, which), self.instance.revision)

    def assert_new(self, gateway, lists):
        """At once."""
        for which in lists:
            self.assertEqual(self.served(gateway, which), self.instance.revision, which)

    def assert_soon_new(self, gateway, lists):
        """Within a moment, and never old again. Of how many an old one was served before."""
        late = set()
        for which in lists:
            end = time.monotonic() + MOMENT
            while self.served(gateway, which) != self.instance.revision:
                late.add(which)
                self.assertLess(time.monotonic(), end, f"{which} does not change")
            self.assert_new(gateway, [which])
        return len(late)

    def assert_kept(self, gateways, lists, revision):
        """As they were then, without a call to the instance."""
        calls = self.instance.total()
        for gateway in gateways:
            for which in lists:
                answer = ask(gateway, which)
                self.assertEqual(self.revision_in(which, answer), revision, which)
                self.assertRegex(answer.cache, r"^rollcall; hit; ttl=\d+; detail=(memory|redis)$")
        self.assertEqual(self.instance.total(), calls)

    def purge(self, gateway, body):
        """The answer of the admin port."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return gateway.ask("POST", "/purge", text, port=gateway.admin_port)

    def pending(self, gateway):
        """The purges that Redis has not been told of, as both pages show them."""
        count = gateway.metric("rollcall_purges_pending")
        return count if count == gateway.admin("/status").json()["redis"]["purges_pending"] else None

    def await_carried_out(self, gateway):
        until(lambda: self.pending(gateway) == 0, "Redis has been told of all purges")
