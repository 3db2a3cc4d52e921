#!/usr/bin/python3
"""POST /purge: what is dropped and what stays, on every gateway, and with a Redis that is away when it comes."""

import contextlib
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from faulty_redis import FaultyRedis
from fleet_processes import FleetTest, List, ask, lists_of
from processes import PATIENCE, until

TOKENS = (None, "token-a", "token-b")
FIELDS = ("wcId", "chatRoomId")
# Room and wId of each scope, none of which any other scope covers. Ids are opaque: some hold what separates others.
CASES = [
    ("of an account", "room", List("1@chatroom", "a1"), {"wId": "a1", "wcId": "1@chatroom"}),
    ("of an account, spelt otherwise", "room", List("2@chatroom", "a2"), {"chatRoomId": "2@chatroom", "wId": "a2"}),
    ("account", "account", List("3@chatroom", "a3"), {"wId": "a3"}),
    ("room", "everybody's room", List("4@chatroom", "a4"), {"wcId": "4@chatroom"}),
    ("room, spelt otherwise", "everybody's room", List("5@chatroom", "a5"), {"chatRoomId": "5@chatroom"}),
    ("odd ids", "room", List("6:{*} %3A🦑@chatRoom", "a:6}\n\0%"),
     {"wId": "a:6}\n\0%", "wcId": "6:{*} %3A🦑@chatRoom"}),
    ("an odd account", "account", List("7@chatroom", "*"), {"wId": "*"}),
    ("an odd room", "everybody's room", List("a?[8]*", "a8"), {"wcId": "a?[8]*"}),
]


def split(what, target):
    """What a purge about `target` covers, and its neighbours, which it does not."""
    everything = lists_of([target.wid, target.wid + "1", ":" + target.wid],
                          [target.room, "1" + target.room, target.room + ":"], TOKENS, FIELDS)
    covered = {"room": lambda e: (e.wid, e.room) == (target.wid, target.room),
               "account": lambda e: e.wid == target.wid,
               "everybody's room": lambda e: e.room == target.room}[what]
    return [e for e in everything if covered(e)], [e for e in everything if not covered(e)]


class Scopes(FleetTest):
    def check(self, gateways):
        """Every kind of purge, on one gateway after the other."""
        for number, (name, what, target, body) in enumerate(CASES):
            with self.subTest(name):
                covered, others = split(what, target)
                by, *rest = gateways[number % len(gateways):] + gateways[:number % len(gateways)]
                self.fill(gateways, covered + others)
                before = self.instance.revision
                self.instance.change()
                answer = self.purge(by, body)
                self.assertEqual((answer.status, answer.json()), (200, {"purged": len(covered)}))
                calls = self.instance.total()
                self.assert_new(by, covered)
                for gateway in rest:
                    self.assert_soon_new(gateway, covered)
                self.assertEqual(self.instance.total(), calls + len(covered))
                self.assert_kept(gateways, others, before)

    def test_on_two_gateways(self):
        _, gateways = self.fleet()
        self.check(gateways)

    def test_on_one_without_redis(self):
        self.check([self.lone_gateway()])

    def test_what_memory_never_held_is_purged_in_redis(self):
        _, (first, second) = self.fleet(settings='[redis]\ntimeout = "5s"\n[cache]\nmemory = "0"\n')
        mine, other = List("1@chatroom"), List("2@chatroom")
        self.fill([first, second], [mine, other])
        self.instance.change()
        self.assertEqual(self.purge(second, {"wId": "w1", "wcId": mine.room}).json(), {"purged": 1})
        self.assert_new(first, [mine])
        self.assert_new(second, [mine])
        self.assert_kept([first, second], [other], 0)

    def test_what_redis_holds_again_is_not_served_by_who_purged_it(self):
        """As a master does that was promoted before it had heard of the purge."""
        redis, (first, _) = self.fleet(settings='[redis]\ntimeout = "5s"\n[cache]\nmemory = "0"\n')
        mine, other = List("1@chatroom"), List("2@chatroom")
        self.fill([first], [mine, other])
        before = {key: redis.command("GET", key) for key in self.await_keys(redis, 2)}
        self.instance.change()
        self.assertEqual(self.purge(first, {"wId": "w1", "wcId": mine.room}).json(), {"purged": 1})
        for key, value in before.items():
            redis.command("SET", key, value, "PX", 60_000)
        self.assert_new(first, [mine])
        self.assert_kept([first], [other], 0)

    def test_nothing_is_counted_twice_nor_where_there_is_nothing(self):
        _, (first, second) = self.fleet()
        self.assertEqual(self.purge(first, {"wId": "nobody"}).json(), {"purged": 0})
        self.fill([first, second], [List("1@chatroom")])
        self.assertEqual(self.purge(first, {"wId": "w1"}).json(), {"purged": 1})
        self.assertEqual(self.purge(first, {"wcId": "1@chatroom"}).json(), {"purged": 0})
        self.assertEqual(first.metric("rollcall_purges_total"), 3)
        self.assertEqual(first.admin("/status").json()["purges"], 3)

    def test_what_is_being_fetched_meanwhile_is_for_earlier_askers_only(self):
        _, (first, second) = self.fleet()
        which = List("1@chatroom")
        held = self.instance.hold()
        earlier = []
        asker = threading.Thread(target=lambda: earlier.append(ask(first, which)))
        asker.start()
        until(lambda: self.instance.total() == 1, "the instance is asked")
        self.instance.release()
        self.instance.change()
        self.assertEqual(self.purge(second, {"wId": "w1"}).status, 200)
        self.assert_new(second, [which])
        self.assert_new(first, [which])
        held.set()
        asker.join(PATIENCE)
        self.assertEqual(self.revision_in(which, earlier[0]), 0)
        self.assert_kept([first, second], [which], 1)
        self.assertEqual(self.instance.total(), 2)

    def test_a_purge_that_cannot_be_understood_drops_nothing(self):
        redis, (first, second) = self.fleet()
        lists = lists_of(["w1", "w2"], ["1@chatroom", "2@chatroom"])
        self.fill([first, second], lists)
        self.instance.change()
        bodies = [b"", b"w1", b'{"wId":"w1"', b'{"wId":"w1"}{}', b'{"wId":"\xff"}', b'["w1"]', b'"w1"', b"null",
                  {}, {"wId": ""}, {"wcId": ""}, {"wId": "w1", "wcId": ""}, {"wId": 1}, {"wId": None}, {"wcId": []},
                  {"wid": "w1"},
                  {"wId": "w1", "more": 1}, {"room": "1@chatroom"}, {"wId": "w1", "chatroom": "1@chatroom"},
                  {"wcId": "1@chatroom", "chatRoomId": "1@chatroom"}, b'{"wId":"w1","wId":"w2"}']
        for body in bodies:
            with self.subTest(body):
                self.assert_envelope(self.purge(first, body), 400)
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            refused = first.ask(method, "/purge", b'{"wId":"w1"}', port=first.admin_port)
            self.assertEqual((refused.status, refused.headers["Allow"]), (405, "POST"))
            if method != "HEAD":
                self.assert_envelope(refused, 405)
        self.assert_kept([first, second], lists, 0)
        self.assertEqual((first.metric("rollcall_purges_total"), self.instance.total()), (0, len(lists)))


class RedisAway(FleetTest):
    """The purge is done here at once; Redis, and so the fleet, is told as soon as it is there."""

    mine, other = List("1@chatroom"), List("2@chatroom", "w2")

    def setUp(self):
        super().setUp()
        self.redis, (self.first, self.second) = self.fleet(settings='[redis]\ntimeout = "300ms"\n')
        self.fill([self.first, self.second], [self.mine, self.other])

    @contextlib.contextmanager
    def always_new(self, gateway):
        """Bots that never stop asking, who must not see anything older than what there is now."""
        over, seen = threading.Event(), []

        def go():
            while not over.wait(0.002):
                try:
                    seen.append(self.served(gateway, self.mine))
                except BaseException as error:
                    seen.append(error)

        bots = [threading.Thread(target=go) for _ in range(2)]
        for bot in bots:
            bot.start()
        try:
            yield
        finally:
            over.set()
            for bot in bots:
                bot.join()
        self.assertGreater(len(seen), 10)
        self.assertEqual(set(seen), {self.instance.revision})

    def purge_pending(self):
        """A purge that stays pending."""
        self.instance.change()
        answer = self.purge(self.first, {"wId": "w1"})
        self.assertEqual((answer.status, answer.json()), (202, {"purged": 1, "redis": "pending"}))
        self.assert_new(self.first, [self.mine])
        self.assertEqual(self.pending(self.first), 1)

    def assert_carried_out(self):
        """In the whole fleet, and for those who join it later. Nobody has lost anything else."""
        self.await_carried_out(self.first)
        self.assert_soon_new(self.second, [self.mine])
        third = self.gateway(self.redis)
        for gateway in (self.first, self.second, third):
            self.assert_new(gateway, [self.mine])
        self.assert_kept([self.first, self.second, third], [self.other], 0)
        self.assertRegex(self.first.logged(), r"warning redis .* could not be carried out there(.*\n)*"
                                              r".*info redis .*: all purges have been carried out")

    def test_stopped(self):
        self.redis.command("SAVE")
        self.redis.kill()
        self.purge_pending()
        with self.always_new(self.first):
            self.redis.start()  # with all that it held
            self.await_carried_out(self.first)
            self.await_connections(self.first)
        self.assert_carried_out()

    def test_frozen(self):
        self.redis.freeze()
        self.purge_pending()
        with self.always_new(self.first):
            self.redis.thaw()
            self.await_carried_out(self.first)
            self.await_connections(self.first)
        self.assert_carried_out()

    def test_back_but_not_told_yet(self):
        """All that Redis refuses is the purge: while it does, it is as good as absent."""
        (key,) = [key for key in self.redis.values() if b":w1:" in key]
        value = self.redis.command("GET", key)
        self.redis.command("ACL", "SETUSER", "default", "resetkeys", "~rollcall:{*", "~rollcall:w:*", "~rollcall:r:*")
        self.purge_pending()
        self.instance.change()
        calls = self.instance.total()
        self.assertEqual(self.purge(self.first, {"wcId": self.mine.room}).status, 202)
        self.assert_envelope(ask(self.first, self.mine, {"Cache-Control": "only-if-cached"}), 504)
        self.assertEqual(self.instance.total(), calls)
        self.assert_new(self.first, [self.mine])
        self.assertEqual(self.instance.total(), calls + 1)
        self.assertEqual(self.pending(self.first), 2)
        self.assertEqual(self.redis.command("GET", key), value)
        self.assert_kept([self.second], [self.mine], 0)  # nobody could tell it
        self.assertEqual(self.purge(self.first, {"wId": "w1"}).json()["redis"], "pending")
        self.assertEqual(self.pending(self.first), 2)  # the same once more is no more to be told
        self.redis.command("ACL", "SETUSER", "default", "allkeys")
        self.assert_carried_out()

    def test_back_without_what_it_held(self):
        self.redis.kill()
        self.purge_pending()
        self.redis.start()
        self.await_carried_out(self.first)
        self.assert_soon_new(self.second, [self.mine])
        self.assert_soon_new(self.gateway(self.redis), [self.mine])

    def test_asked_for_once_more_while_it_is_being_carried_out(self):
        """What changed since it was carried out the first time has to be dropped as well."""
        slow = self.started(FaultyRedis(self.redis, late_after=FaultyRedis.PURGES))
        self.first = self.gateway(slow)
        self.fill([self.first], [self.mine])
        self.redis.command("ACL", "SETUSER", "default", "resetkeys", "~rollcall:{*", "~rollcall:w:*", "~rollcall:r:*")
        self.purge_pending()
        (key,) = [key for key in self.redis.values() if b":w1:" in key]
        slow.delay = 0.2  # within which a purge has to be confirmed: almost
        self.redis.command("ACL", "SETUSER", "default", "allkeys")
        until(lambda: self.redis.command("GET", key).startswith(b"RLCT"), "Redis has carried it out")
        self.assert_soon_new(self.second, [self.mine])
        self.instance.change()
        self.assertLess(self.purge(self.first, {"wId": "w1"}).status, 300)
        slow.delay = 0
        self.await_carried_out(self.first)
        self.assert_soon_new(self.second, [self.mine])
        self.assert_new(self.first, [self.mine])

    def test_never_there(self):
        absent = self.start_redis(start=False)
        gateway = self.gateway(absent, settings="", connected=False)
        gateway.expected_errors.append(r"warning a purge was never carried out in Redis")
        self.fill([gateway], [self.mine, self.other])
        self.instance.change()
        answer = self.purge(gateway, {"wId": "w1"})
        self.assertEqual((answer.status, answer.json()), (202, {"purged": 1, "redis": "pending"}))
        self.assert_new(gateway, [self.mine])
        self.assert_kept([gateway], [self.other], 0)
        self.assertEqual(gateway.admin("/readyz").status, 200)


if __name__ == "__main__":
    unittest.main()
