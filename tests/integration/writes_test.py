#!/usr/bin/python3
"""Writes that bots send through the gateway: what they change is dropped, and not a byte of them is touched."""

import contextlib
import functools
import gzip
import http.client
import json
import socket
import struct
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from faulty_redis import FaultyRedis
from fleet_processes import DONE, REFUSED, FleetTest, List, Reply, lists_of
from processes import PATIENCE, Answer, until

MINE, OTHER = "1@chatroom", "2@chatroom"
PEOPLE = {"userList": "wxid_a,wxid_b"}
# Each call in the shapes of every generation; ROOM is replaced.
ROOM = object()
OF_A_ROOM = {
    "/addChatRoomMember": [{"chatroom": ROOM, "wcId": "wxid_a"}, {"chatRoomId": ROOM, **PEOPLE}],
    "/inviteChatRoomMember": [{"chatroom": ROOM, "wcId": "wxid_a"}, {"chatRoomId": ROOM, **PEOPLE}],
    "/deleteChatRoomMember": [{"chatRoomWcId": ROOM, "wcId": "wxid_a"}, {"chatRoomId": ROOM, **PEOPLE}],
    "/delGroupContact": [{"chatroom": ROOM}, {"wcId": ROOM}],
    "/quitChatRoom": [{"chatRoomId": ROOM}],
    "/updateIInChatRoomNickName": [{"chatRoomId": ROOM, "nickName": "Gun\U0001f991"}],
    "/operateChatRoom": [{"chatRoomId": ROOM, "wcId": "wxid_a", "type": 1}],
    "/agreeAddChatRoomMember": [{"chatRoomId": ROOM, "newMsgId": 1, "xml": "<x/>"}],
    "/addChatRoomMemberVerify": [{"chatRoomId": ROOM, **PEOPLE, "reason": "?"}],
}
OF_AN_ACCOUNT = {
    "/scanJoinRoom": {"url": "https://example.org/r"},
    "/acceptUrl": {"url": "https://example.org/a"},
    "/logout": {},
}
NOT_OF_MEMBERS = {
    "/sendText": {"wcId": ROOM, "content": "hi"},
    "/modifyGroupRemark": {"chatroom": ROOM, "topic": "t"},
    "/modifyGroupName": {"chatRoomId": ROOM, "content": "t"},
    "/createChatroom": PEOPLE,
    "/quitChatRoom/": {"chatRoomId": ROOM},
    "/x/quitChatRoom": {"chatRoomId": ROOM},
}
QUIT = ("/quitChatRoom", {"wId": "w1", "chatRoomId": MINE})


class WriteTest(FleetTest):
    def write(self, gateway, path, body, headers=None, method="POST"):
        """Returns when the whole answer is here. What the instance got is what was sent."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = gateway.ask(method, path, sent, headers)
        got = self.instance.written[-1]
        self.assertEqual((got.method, got.target, got.body), (method, path, sent))
        return answer


class Fleet(WriteTest):
    """Two gateways that share a Redis."""

    def setUp(self):
        super().setUp()
        self.redis, self.gateways = self.fleet()
        self.fresh_wid = 0

    def check(self, path, shape, covered, write=None):
        """A write drops the lists that are `covered`, and only these, on the gateway that it came through and on the
        other one. Returns its answer."""
        self.fresh_wid += 1
        wid = f"w{self.fresh_wid}"
        body = shape
        if isinstance(shape, dict):
            body = {"wId": wid} | {name: MINE if value is ROOM else value for name, value in shape.items()}
        lists = lists_of([wid, "not-" + wid], [MINE, OTHER])
        dropped = {None: [], "room": [List(MINE, wid)], "account": [List(MINE, wid), List(OTHER, wid)]}[covered]
        through, other = self.gateways[::1 if self.fresh_wid % 2 else -1]
        self.fill(self.gateways, lists)
        before = self.instance.revision
        self.instance.change()
        answer = (write or self.write)(through, path, body)
        self.assert_new(through, dropped)
        self.assert_soon_new(other, dropped)
        self.assert_kept(self.gateways, [each for each in lists if each not in dropped], before)
        return answer

    def count(self):
        return sum(gateway.metric("rollcall_writes_total") for gateway in self.gateways)

    def test_a_write_drops_its_room_or_all_rooms_of_its_account(self):
        cases = [(path, shape, "room") for path, shapes in OF_A_ROOM.items() for shape in shapes]
        cases += [(path, shape, "account") for path, shape in OF_AN_ACCOUNT.items()]
        cases += [("/quitChatRoom?token=1", {"chatRoomId": ROOM}, "room"),
                  ("/operateChatRoom", {"wcId": "wxid_not_a_room"}, "account"),
                  ("/addChatRoomMember", {"chatRoomId": "", "chatroom": ROOM, "wcId": OTHER}, "room")]
        for number, (path, shape, covered) in enumerate(cases, 1):
            with self.subTest(path, shape=shape):
                answer = self.check(path, shape, covered)
                self.assertEqual((answer.status, answer.body), (200, DONE))
                self.assertEqual(self.count(), number)

    def test_code_1000_as_a_number_is_done_as_well(self):
        for body in (b'{"code":1000,"msg":"ok","data":null}', b'{"data":{"x":[]},"code":"1000"}'):
            self.instance.reply = Reply(body)
            self.assertEqual(self.check("/quitChatRoom", {"chatRoomId": ROOM}, "room").body, body)

    def test_what_changes_no_list_of_members_drops_nothing(self):
        for path, shape in NOT_OF_MEMBERS.items():
            with self.subTest(path):
                self.assertEqual(self.check(path, shape, None).body, DONE)
        for method in ("GET", "PUT"):
            with self.subTest(method):
                write = functools.partial(self.write, method=method)
                self.assertEqual(self.check("/quitChatRoom", {"chatRoomId": ROOM}, None, write).status, 200)
        for body in (b"", b"nonsense", b"[]", b'{"wId":1}', {"wId": "", "chatRoomId": ROOM}):
            with self.subTest(body):
                self.check("/quitChatRoom", body, None)
        self.assertEqual(self.count(), 0)

    def test_a_refused_write_drops_nothing(self):
        for reply in (Reply(REFUSED), Reply(b'{"code":1001,"msg":"no","data":null}'), Reply(REFUSED, 400),
                      Reply(b"<html>not found", 404, "text/html"), Reply(b"", 429)):
            with self.subTest(reply):
                self.instance.reply = reply
                answer = self.check("/quitChatRoom", {"chatRoomId": ROOM}, None)
                self.assertEqual((answer.status, answer.body), (reply.status, reply.body))
        self.assertEqual(self.count(), 0)

    def test_a_write_that_may_have_been_carried_out_counts_as_one_that_was(self):
        packed = {"Content-Encoding": "gzip"}
        for reply in (Reply(b"<html>oops", 500, "text/html"), Reply(REFUSED, 503), Reply(b"oops"),
                      Reply(gzip.compress(DONE), headers=packed), Reply(gzip.compress(REFUSED), headers=packed),
                      Reply(REFUSED, headers={"Content-Encoding": "br"}),  # whatever it looks like
                      Reply(b" " * 70_000 + REFUSED)):
            with self.subTest(reply.body[:40]):
                self.instance.reply = reply
                answer = self.check("/quitChatRoom", {"chatRoomId": ROOM}, "room")
                self.assertEqual((answer.status, answer.body), (reply.status, reply.body))

    def test_so_does_one_whose_answer_is_lost(self):
        self.instance.reply = Reply(lost=True)
        self.assert_envelope(self.check("/quitChatRoom", {"chatRoomId": ROOM}, "room"), 502)

        def broken(*what):
            self.assertRaises(http.client.IncompleteRead, self.write, *what)

        self.instance.reply = Reply(REFUSED, missing=5)
        self.check("/quitChatRoom", {"chatRoomId": ROOM}, "room", broken)
        self.assertEqual(len(self.instance.written), 2)  # and none of them was sent again

    def test_and_one_whose_client_has_left(self):
        gone = threading.Event()

        def leave(gateway, path, body):
            text = json.dumps(body).encode()
            with socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
                client.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
                               % (path.encode(), len(text), text))
                until(lambda: self.instance.written, "the instance has it")
            gone.set()
            until(lambda: self.count() == 1, "the gateway has settled it")

        self.instance.reply = lambda asked: gone.wait(PATIENCE) and Reply()
        self.check("/quitChatRoom", {"chatRoomId": ROOM}, "room", leave)

    def chunked(self, size):
        """A write whose body travels in so many bytes at a time, in chunks."""
        def write(gateway, path, body):
            text = json.dumps(body).encode()
            with contextlib.closing(gateway.connect()) as connection:
                connection.request("POST", path, (text[i:i + size] for i in range(0, len(text), size)),
                                   {"Content-Type": "application/json"}, encode_chunked=True)
                answer = Answer(connection.getresponse())
            self.assertEqual(self.instance.written[-1].body, text)
            return answer
        return write

    def in_tiny_pieces(self, gateway, path, body):
        """A write whose every byte leaves alone."""
        text = json.dumps(body).encode()
        with contextlib.closing(gateway.connect()) as connection:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.putrequest("POST", path)
            connection.putheader("Content-Length", len(text))
            connection.endheaders()
            for at in range(len(text)):
                connection.send(text[at:at + 1])
                time.sleep(0.0005)
            answer = Answer(connection.getresponse())
        self.assertEqual(self.instance.written[-1].body, text)
        return answer

    def test_it_is_read_however_its_body_travels(self):
        for write in (self.chunked(1), self.chunked(7), self.chunked(10_000), self.in_tiny_pieces):
            answer = self.check("/quitChatRoom", {"chatRoomId": ROOM, "more": "x" * 200}, "room", write)
            self.assertEqual(answer.body, DONE)
        for size in (100, 10_000):
            self.check("/quitChatRoom", {"more": [1] * 9000}, "account", self.chunked(size))

    def test_one_too_large_to_be_read_passes_unharmed_and_drops_nothing(self):
        large = {"chatRoomId": ROOM, "more": "Gun\U0001f991" * 20_000}
        self.assertEqual(self.check("/quitChatRoom", large, None).body, DONE)
        self.assertEqual(self.check("/quitChatRoom", large, None, self.chunked(5000)).body, DONE)
        self.check("/quitChatRoom", {"chatRoomId": ROOM, "more": "x" * 65_000}, "room")

    def test_its_answer_arrives_unharmed_however_it_travels(self):
        fields = {"X-Odd": "a, b", "Set-Cookie": "c=d"}
        for body, piece in ((DONE, 1), (DONE, 5), (DONE, 10_000), (b" " * 5000 + DONE, 3),
                            (REFUSED + b" " * 200_000, 4096)):
            with self.subTest(piece):
                self.instance.reply = Reply(body, headers=fields, piece=piece)
                answer = self.check("/quitChatRoom", {"chatRoomId": ROOM}, "room")
                self.assertEqual((answer.status, answer.body), (200, body))
                self.assertEqual([answer.headers[name] for name in fields], list(fields.values()))
                self.assertEqual(answer.cache, "rollcall; fwd=bypass; fwd-status=200")
        self.instance.reply = Reply(REFUSED, piece=1)
        self.assertEqual(self.check("/quitChatRoom", {"chatRoomId": ROOM}, None).body, REFUSED)

    def test_who_has_read_the_answer_sees_the_change(self):
        self.check_at_once(60)

    def test_who_has_an_answer_without_a_body_sees_it_as_well(self):
        for status in (200, 204, 500):
            self.instance.reply = Reply(b"", status)
            self.check_at_once(30)

    def check_at_once(self, rounds):
        late = 0
        which = List(MINE)
        for number in range(rounds):
            through, other = self.gateways[::1 if number % 2 else -1]
            self.fill(self.gateways, [which])
            self.instance.change()
            self.write(through, *QUIT)
            if number % 4 < 2:
                self.assert_new(through, [which])
            late += self.assert_soon_new(other, [which])
        self.assertLess(late, rounds / 2)  # the other is told within a moment, which a busy machine makes longer


class Settings(WriteTest):
    def dropped_by(self, gateway, path):
        which = List(MINE)
        self.fill([gateway], [which])
        self.instance.change()
        self.assertEqual(self.write(gateway, path, QUIT[1]).body, DONE)
        new = self.served(gateway, which) == self.instance.revision
        self.purge(gateway, {"wId": "w1"})
        return new

    def test_other_paths_replace_the_defaults(self):
        gateway = self.lone_gateway(settings='[invalidate]\npaths = ["/v2/room/leave", "/sendText"]\n')
        for path, drops in (("/v2/room/leave", True), ("/sendText", True), ("/quitChatRoom", False)):
            self.assertEqual(self.dropped_by(gateway, path), drops, path)

    def test_none_turns_it_off(self):
        gateway = self.lone_gateway(settings="[invalidate]\npaths = []\n")
        for path in (*OF_A_ROOM, *OF_AN_ACCOUNT):
            self.assertFalse(self.dropped_by(gateway, path), path)

    def test_an_instance_that_never_answers(self):
        gateway = self.lone_gateway(settings='[upstream]\ntimeout = "300ms"\n')
        mine, others = List(MINE), [List(OTHER), List(MINE, "w2")]
        self.fill([gateway], [mine, *others])
        self.instance.change()
        done = self.instance.hold()
        self.instance.release()
        self.instance.reply = lambda asked: done.wait(PATIENCE) and Reply()
        self.assert_envelope(self.write(gateway, *QUIT), 504)
        self.assert_new(gateway, [mine])
        self.assert_kept([gateway], others, 0)
        done.set()

    def test_a_frozen_redis_delays_the_answer_by_its_timeout_at_most(self):
        redis, gateways = self.fleet(4, settings='[redis]\ntimeout = "50ms"\n')
        mine = List(MINE)
        self.fill(gateways, [mine])
        self.instance.change()
        redis.freeze()
        took = []
        for gateway in gateways:  # a second write would find the first one's purge waiting
            begin = time.monotonic()
            self.assertEqual(self.write(gateway, *QUIT).body, DONE)
            took.append(time.monotonic() - begin)
            self.assert_new(gateway, [mine])
        self.assertLess(min(took), 0.15)
        self.assertLess(max(took), 2)
        for gateway in gateways:
            until(lambda: self.pending(gateway) == 1, "it is kept for Redis")
        redis.thaw()
        for gateway in gateways:
            self.await_carried_out(gateway)
        for gateway in gateways:
            self.assert_soon_new(gateway, [mine])

    def test_a_slow_redis_shows_nobody_here_the_old_list(self):
        redis = self.start_redis()
        direct = self.gateway(redis)
        slow = self.gateway(self.started(FaultyRedis(redis, 0.15, late_after=FaultyRedis.PURGES)), settings='[redis]\ntimeout = "50ms"\n')
        for number in range(1, 4):
            mine = List(MINE, f"w{number}")
            self.fill([direct, slow], [mine])
            self.instance.change()
            self.write(slow, "/quitChatRoom", {"wId": mine.wid, "chatRoomId": MINE})
            self.assert_new(slow, [mine])
            until(lambda: slow.metric("rollcall_redis_purged_total") >= number, "Redis has carried it out")
            self.assert_soon_new(direct, [mine])
            self.assert_new(slow, [mine])
            self.await_carried_out(slow)


if __name__ == "__main__":
    unittest.main()
