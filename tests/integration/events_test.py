#!/usr/bin/python3
"""POST /events: the platform's callbacks drop what they say has changed, and reach the bot unchanged."""

import gzip
import itertools
import json
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from fleet_processes import FleetTest, List, Reply, ScriptedServer, ask, lists_of
from processes import until

MINE, OTHER = "1@chatroom", "2@chatroom"
MESSAGE = "80001"  # in a room; says nothing about its members by itself
ids = itertools.count(1)


def callback(kind, wid="w1", room=MINE, count=None, message=None, **more):
    """With an id of its own unless it is given one."""
    data = {"wId": wid, "fromUser": "wxid_a", "fromGroup": room, "newMsgId": message or next(ids), **more}
    if count is not None:
        data["msgSource"] = f"<msgsource>\n<silence>1</silence><membercount>{count}</membercount>\n</msgsource>\n"
    return {"account": "a", "wcId": "wxid_me", "messageType": kind, "data": data}


class EventTest(FleetTest):
    def tell(self, gateway, body, path="/events", method="POST"):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return gateway.ask(method, path, text, {"Content-Type": "application/json"}, port=gateway.admin_port)

    def taken(self, gateway, body, **said):
        """It is taken, and this is all that is said about it."""
        answer = self.tell(gateway, body)
        self.assertEqual((answer.status, answer.json()), (202, said), body)

    def events(self, gateway, *names):
        return [gateway.metric(f"rollcall_events_{name}total") for name in names]


class Drops(EventTest):
    """Two gateways that share a Redis; the platform talks to the first."""

    def setUp(self):
        super().setUp()
        self.redis, (self.first, self.second) = self.fleet()
        self.both = [self.first, self.second]
        self.mine, self.elsewhere, self.others = List(MINE), List(OTHER), lists_of(["w2"], [MINE, OTHER])
        self.fill(self.both, [self.mine, self.elsewhere, *self.others])

    def assert_told(self, lists):
        """These are new everywhere, and everybody has them again."""
        self.assert_new(self.first, lists)
        self.assert_soon_new(self.second, lists)

    def test_somebody_joined(self):
        for kind in (85008, "85008", 85009, "85009"):
            with self.subTest(kind):
                self.instance.change()
                self.taken(self.first, callback(kind), purged=1)
                self.assert_told([self.mine])
        self.assert_kept(self.both, [self.elsewhere, *self.others], 0)
        self.assertEqual(self.events(self.first, "", "dropped_", "repeated_", "malformed_"), [4, 4, 0, 0])

    def test_the_account_went_offline(self):
        for kind in (4, "4"):
            with self.subTest(kind):
                self.instance.change()
                self.taken(self.first, callback(kind, room=""), purged=2)
                self.assert_told([self.mine, self.elsewhere])
        self.assert_kept(self.both, self.others, 0)

    def test_what_changes_nothing_drops_nothing(self):
        self.instance.change()
        for kind in (MESSAGE, 9, 14, "80018", "85010", -4, 40):
            self.taken(self.first, callback(kind))
        for odd in (callback("85008", room=""), callback("85008", room=None), callback("85008", wid=""),
                    callback(4, wid=7), {"messageType": "85008"}, {"messageType": 4, "data": None},
                    {"messageType": 4, "data": []}):
            self.taken(self.first, odd)
        self.assert_kept(self.both, [self.mine, self.elsewhere, *self.others], 0)
        self.assertEqual(self.first.metric("rollcall_purges_total"), 0)

    def test_another_number_of_members(self):
        for kind, count in ((MESSAGE, 4), (9, 5), ("80002", 1)):
            with self.subTest(count=count):
                self.taken(self.first, callback(kind, count=self.instance.members))
                self.instance.members = count
                self.instance.change()
                self.taken(self.first, callback(kind, count=count), purged=1)
                self.assert_told([self.mine])
                self.taken(self.first, callback(kind, count=count))
        self.assert_kept(self.both, [self.elsewhere, *self.others], 0)
        self.assertEqual(self.first.metric("rollcall_purges_total"), 3)

    def test_a_list_that_another_gateway_has_fetched(self):
        far = List("3@chatroom", token="token-a", field="chatRoomId")
        self.fill([self.second], [far])
        until(lambda: any(b":3@chatroom}" in key for key in self.redis.values()), "Redis has it")
        self.taken(self.first, callback(MESSAGE, room=far.room, count=3))
        self.instance.change()
        self.taken(self.first, callback(MESSAGE, room=far.room, count=4), purged=1)
        self.assert_soon_new(self.second, [far])
        self.taken(self.first, callback(MESSAGE, room="nobody-asked@chatroom", count=4))

    def test_a_count_that_stays_different_is_not_followed_for_ever(self):
        self.taken(self.first, callback(MESSAGE, count=4), purged=1)
        self.fill([self.first], [self.mine])  # three, still
        for _ in range(3):
            self.taken(self.first, callback(MESSAGE, count=4))
        self.assert_kept([self.first], [self.mine], 0)
        self.taken(self.first, callback(MESSAGE, count=5), purged=1)
        self.instance.members = 5
        self.instance.change()
        self.assert_told([self.mine])
        self.taken(self.first, callback(MESSAGE, count=5))
        self.taken(self.first, callback(MESSAGE, count=4), purged=1)

    def test_a_repeated_callback_does_nothing(self):
        self.taken(self.first, callback("85008", message=77), purged=1)
        self.fill(self.both, [self.mine])
        self.instance.change()
        for message in (77, "77"):
            self.taken(self.first, callback("85008", message=message))
        self.assert_kept(self.both, [self.mine, *self.others], 0)
        self.assertEqual(self.events(self.first, "", "repeated_"), [3, 2])
        self.taken(self.first, callback("85008", wid="w2", message=77), purged=1)
        self.assert_told([List(MINE, "w2")])
        self.assert_kept(self.both, [self.mine, List(OTHER, "w2")], 0)

    def test_what_cannot_be_read_drops_nothing(self):
        self.instance.change()
        good = json.dumps(callback("85008"))
        for body in (b"", b"nonsense", good[:-1].encode(), good.encode() + b"{}", f"[{good}]".encode(), b"4", b"null",
                     b"{}", callback(None), callback(""), callback(4.5), callback(True), callback([4]),
                     good.encode("utf-16")):
            with self.subTest(body):
                self.assert_envelope(self.tell(self.first, body), 400)
        for method in ("GET", "PUT"):
            refused = self.tell(self.first, callback("85008"), method=method)
            self.assert_envelope(refused, 405)
            self.assertEqual(refused.headers["Allow"], "POST")
        self.assert_kept(self.both, [self.mine, self.elsewhere, *self.others], 0)
        self.assertEqual(self.events(self.first, "", "malformed_"), [0, 14])

    def test_with_redis_away(self):
        self.redis.kill()
        self.instance.change()
        self.taken(self.first, callback("85008"), purged=1, redis="pending")
        self.assert_new(self.first, [self.mine])
        self.redis.start()
        self.await_carried_out(self.first)
        self.assert_soon_new(self.second, [self.mine])


class Forward(EventTest):
    def setUp(self):
        super().setUp()
        self.calls = []
        self.reply = Reply(b"got it", 201, "text/plain")
        self.bot = self.started(ScriptedServer(self.heard))

    def heard(self, asked):
        """What the bot does: it asks for the list in the middle of its callback."""
        self.calls.append((asked, self.served(self.gateway, List(MINE))))
        return self.reply

    def start(self, url, settings=""):
        self.gateway = self.lone_gateway(settings=f'[events]\nforward = "{url}"\n{settings}')
        self.fill([self.gateway], [List(MINE)])

    def test_the_bot_gets_every_byte_and_its_answer_comes_back(self):
        self.start(self.bot.url + "/wechat/callback?token=a%20b")
        sound = json.dumps(callback("85008"), ensure_ascii=False).encode()
        bodies = [sound, b" \n" + sound + b"\t",
                  b'{"messageType":4, "messageType" : 5,"x":1.50e3,"y":"\\ud83e\\u0041"}',
                  b"not json", b"\x00\xff\xfe", b'{"messageType":',
                  json.dumps({"messageType": 9, "x": "y" * 500_000}).encode()]
        for body in bodies:
            with self.subTest(body[:60]):
                answer = self.tell(self.gateway, body)
                self.assertEqual((answer.status, answer.body), (201, b"got it"))
                self.assertEqual(answer.headers["Content-Type"], "text/plain")
                asked, _ = self.calls[-1]
                self.assertEqual((asked.method, asked.target), ("POST", "/wechat/callback?token=a%20b"))
                self.assertEqual(asked.body, body)
        self.assertEqual(len(self.calls), len(bodies))
        self.assertEqual(self.events(self.gateway, "", "malformed_", "forwarded_", "forward_failures_"), [4, 3, 7, 0])

    def test_whatever_it_answers(self):
        self.start(self.bot.url)
        for reply in (Reply("好".encode()), Reply(b"<html>", 500, "text/html"), Reply(b"", 204),
                      Reply(b'{"a":1}', 404, "application/problem+json", piece=2),
                      Reply(gzip.compress(b"x"), headers={"Content-Encoding": "gzip"})):
            with self.subTest(reply):
                self.reply = reply
                answer = self.tell(self.gateway, callback(MESSAGE))
                self.assertEqual((answer.status, answer.body), (reply.status, reply.body))
                if reply.body:
                    self.assertEqual(answer.headers["Content-Type"], reply.type)
                self.assertEqual(answer.headers["Content-Encoding"], reply.headers.get("Content-Encoding"))

    def test_it_hears_of_a_change_when_its_list_is_dropped_already(self):
        self.start(self.bot.url)
        for kind in ("85008", "85009", 4):
            self.instance.change()
            self.tell(self.gateway, callback(kind))
            self.assertEqual(self.calls[-1][1], self.instance.revision)

    def test_it_hears_what_comes_twice_twice(self):
        self.start(self.bot.url)
        for _ in range(2):
            self.assertEqual(self.tell(self.gateway, callback("85008", message=5)).status, 201)
        self.assertEqual(len(self.calls), 2)
        self.assertEqual(self.events(self.gateway, "repeated_", "dropped_"), [1, 1])

    def assert_dropped_all_the_same(self, status):
        self.instance.change()
        self.assert_envelope(self.tell(self.gateway, callback("85008")), status)
        self.assert_new(self.gateway, [List(MINE)])
        self.assert_envelope(self.tell(self.gateway, b"nonsense"), status)
        self.assertEqual(self.events(self.gateway, "forwarded_", "forward_failures_"), [0, 2])

    def test_a_bot_that_is_down(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # and never listens
            self.start(f"http://127.0.0.1:{closed.getsockname()[1]}/")
            self.assert_dropped_all_the_same(502)

    def test_a_bot_that_hangs_up(self):
        self.start(self.bot.url)
        self.reply = Reply(lost=True)
        self.assert_dropped_all_the_same(502)

    def test_a_bot_that_is_silent(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.start(f"http://127.0.0.1:{silent.getsockname()[1]}/", '[upstream]\ntimeout = "300ms"\n')
            self.assert_dropped_all_the_same(504)


if __name__ == "__main__":
    unittest.main()
