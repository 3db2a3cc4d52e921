"""What bench/compare asks for, and how far behind the bare server and ahead of the best peer Rollcall shall be."""
import gzip
import http.client
import json
import time
from dataclasses import dataclass

from contenders import ask
from fleet import Trouble

WID = "0000016e-6343-089e-0001-e2ef939176f6"
ROOM = "23321854894@chatroom"  # as long as the documentation's, which has four members whatever one asks for

UNUSED = 10**9  # a number that the load generator does not reach


@dataclass(frozen=True)
class Question:
    path: str
    body: str
    encodings: str = ""

    @property
    def fields(self):
        return {"Content-Type": "application/json"} | ({"Accept-Encoding": self.encodings} if self.encodings else {})

    def numbered(self, number):
        return Question(self.path, self.body.replace("@N@", str(number)), self.encodings)


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    contenders: tuple  # by name
    kind: str = "hit"  # or pass, or fill
    members: int = 4
    memory: bool = True
    gzip: bool = False
    open: bool = False  # at a fixed rate, half of what the best peer can do; its p99.9 is compared, not its CPU time
    to_bare: float = 0  # at most; 0: nothing is promised
    to_peer: float = 0
    rivals: tuple = ()  # the peers that this is compared with; none named: all

    def question(self, names):
        """`names`: of the members of the room."""
        encodings = "gzip" if self.gzip else ""
        if self.kind == "pass":
            about = {"wId": WID, "chatRoomId": ROOM, "userList": ",".join(names)}
            return Question("/getChatRoomMemberInfo", compact(about), encodings)
        room = "@N@@chatroom" if self.kind == "fill" else ROOM
        return Question("/getChatRoomMember", compact({"wId": WID, "wcId": room}), encodings)


def compact(value):
    return json.dumps(value, separators=(",", ":"))


ALL = ("bare", "rollcall", "nginx", "nginx-lua", "varnish")
WITH_REDIS = ("bare", "rollcall", "nginx-lua")
ROWS = (
    Row("memory-4", "memory hit, 4 members", ALL, to_bare=1.20, to_peer=0.70),
    Row("memory-100", "memory hit, 100 members", ALL, members=100, to_bare=1.15, to_peer=0.85),
    Row("memory-500-gzip", "memory hit, 500 members, client accepts gzip", ALL, members=500, gzip=True, to_bare=0.5,
        to_peer=0.5),
    Row("redis-4", "Redis hit, 4 members (memory off)", WITH_REDIS, memory=False, to_peer=0.55),
    Row("redis-100-gzip", "Redis hit, 100 members, client accepts gzip", WITH_REDIS, members=100, memory=False,
        gzip=True, to_peer=0.35),
    Row("redis-100", "Redis hit, 100 members, client does not", WITH_REDIS, members=100, memory=False, to_peer=1.0),
    Row("pass-2k", "pass-through, 2 KB answer", ("bare", "rollcall", "nginx", "varnish"), kind="pass", to_peer=0.9),
    Row("fill-100", "fill: miss, 100 members", ALL, kind="fill", members=100, to_peer=0.8, rivals=("nginx-lua",)),
    Row("latency-4", "p99.9 latency, 4 members, half of a peer's saturation", ALL, open=True, to_peer=0.5),
)


class Instance:
    """Asks the stand-in itself."""

    def __init__(self, port):
        self.port = port

    def control(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def reset(self):
        self.control("POST", "/__reset")

    def calls(self):
        return json.loads(self.control("GET", "/__stats"))["total"]

    def calls_at_rest(self):
        """When those have come that were on their way when the load generator left."""
        calls = self.calls()
        while True:
            time.sleep(0.05)
            if (now := self.calls()) == calls:
                return now
            calls = now

    def member_names(self):
        list_ = json.loads(ask(self.port, Question("/getChatRoomMember", compact({"wId": WID, "wcId": ROOM})))[2])
        return [member["userName"] for member in list_["data"]]


def opened(fields, body):
    return gzip.decompress(body) if fields.get("Content-Encoding") == "gzip" else body


def source(fields):
    """Where the server says that its answer comes from."""
    return fields.get("Cache-Status") or fields.get("X-Cache") or ""


def check(row, contender, instance, question):
    """Raises Trouble unless the server answers rightly, and does the work that is to be measured."""
    def refuse(what):
        raise Trouble(f"{row.name}: {contender.label} {what}; not measured")

    for number in range(3):
        asked = question.numbered(UNUSED + number)
        expected = ask(instance.port, asked)[2]
        before = instance.calls()
        for _ in range(1 if row.kind == "pass" else 3):
            status, fields, body = ask(contender.port, asked)
            if status != 200 or opened(fields, body) != expected:
                refuse(f"does not answer as the instance does (status {status}, {len(body)} bytes)")
        if contender.name == "rollcall" and row.gzip and fields.get("Content-Encoding") != "gzip":
            refuse("does not compress")
        calls = instance.calls() - before
        needed = 0 if contender.name == "bare" else 1 if row.kind in ("pass", "fill") or number == 0 else 0
        if calls != needed:
            refuse(f"called the instance {calls} times where {needed} was to be expected")
        if row.kind == "hit" and contender.shares:
            wanted = "memory" if row.memory else "redis"
            if wanted not in source(fields).lower():
                refuse(f"does not answer from {wanted} but says {source(fields)!r}")
        if contender.name == "bare":
            return


def check_round(row, contender, instance, question, measured):
    """Raises Trouble unless all that was measured was the work that was meant."""
    requests, calls = measured["requests"], instance.calls_at_rest()
    if measured["errors"] or not requests:
        raise Trouble(f"{row.name}: {contender.label} gave {measured['errors']} errors for {requests} requests")
    busy = row.kind != "hit" and contender.name != "bare"
    # The load generator leaves without waiting for its last answers.
    if not (requests <= calls <= requests + 200 if busy else calls == 0):
        raise Trouble(f"{row.name}: {contender.label} called the instance {calls} times for {requests} requests")
    if row.kind == "fill" and busy:
        asked = question.numbered(requests // 2)
        _, fields, body = ask(contender.port, asked)
        if instance.calls() != calls:
            raise Trouble(f"{row.name}: {contender.label} did not keep what it fetched")
        if opened(fields, body) != ask(instance.port, asked)[2]:
            raise Trouble(f"{row.name}: {contender.label} kept another answer than it fetched")
        if contender.redis and not contender.redis.holds(requests // 2):
            raise Trouble(f"{row.name}: {contender.label} did not store in Redis what it fetched")
