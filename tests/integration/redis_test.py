#!/usr/bin/python3
"""Gateways that share a real Redis: what one has fetched the others serve, and nobody is served what is not his."""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import request_body, until
from redis_processes import NO_MEMORY, PATIENT, RedisTest

STORED = "rollcall; fwd=miss; fwd-status=200; stored"
SECRET = "token-5eC4eT/+=5eC4eT"


class Shared(RedisTest):
    def setUp(self):
        super().setUp()
        self.redis = self.start_redis()

    def test_one_gateway_answers_what_another_has_fetched(self):
        first, second = self.gateway(self.redis), self.gateway(self.redis)
        answer = first.members("1@chatroom")
        self.assertEqual(answer.cache, STORED)
        self.await_keys(self.redis, 1)
        shared = second.members("1@chatroom")
        self.assert_from_redis(shared, answer.body)
        self.assertEqual(shared.headers["Content-Type"], answer.headers["Content-Type"])
        for gateway in (first, second, first):  # whose own store made its entry a suspect: Redis holds it still
            again = gateway.members("1@chatroom")
            self.assertEqual(again.body, answer.body)
            self.assertRegex(again.cache, r"^rollcall; hit; ttl=\d+; detail=memory$")
        self.assertEqual(self.instance.calls(), 1)

    def test_an_entry_in_memory_that_its_own_store_made_a_suspect_is_verified_once(self):
        gateway = self.gateway(self.redis)
        body = gateway.members("1@chatroom").body

        def verified():
            return gateway.metric("rollcall_redis_verifications_total", outcome="same")

        until(lambda: gateway.members("1@chatroom").body == body and verified(), "Redis is asked whether it holds it")
        commands = gateway.metric("rollcall_redis_commands_total")
        for _ in range(20):
            self.assertRegex(gateway.members("1@chatroom").cache, r"^rollcall; hit; ttl=\d+; detail=memory$")
        self.assertEqual(gateway.metric("rollcall_redis_commands_total"), commands)
        self.assertEqual((verified(), self.instance.calls()), (1, 1))

    def test_nobody_waits_for_a_renewal_of_what_memory_does_not_hold(self):
        gateway = self.gateway(self.redis, settings=PATIENT + '[cache]\nfresh = "500ms"\njitter = 0\nearly_refresh = 0\n'
                                                              'memory = "0"\n')
        body = gateway.members("1@chatroom").body
        self.await_keys(self.redis, 1)
        time.sleep(0.6)
        self.instance.post({"mode": "slow", "delay": "3s"}, target="/__fault")
        for _ in range(3):
            begin = time.monotonic()
            answer = gateway.members("1@chatroom")
            self.assertLess(time.monotonic() - begin, 2)
            self.assertEqual(answer.body, body)
            self.assertRegex(answer.cache, r"^rollcall; hit; ttl=-?\d+; detail=redis$")
            until(lambda: gateway.metric("rollcall_refreshes_total") == 1, "it is being renewed")

    def test_a_large_answer_is_shared_whole_and_with_its_gzip_variant(self):
        large = self.start_instance("--members", "500")
        own = large.members("1@chatroom").body
        first, second = (self.start_gateway(large, "--redis", self.redis.url, settings=PATIENT) for _ in range(2))
        for gateway in (first, second):
            self.await_connections(gateway)
        self.assertEqual(first.members("1@chatroom").body, own)
        self.await_keys(self.redis, 1)
        self.assertEqual(second.members("1@chatroom").body, own)
        packed = second.post(request_body("w1", "1@chatroom"), {"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(large.calls(), 2)

    def test_a_gateway_that_crashed_and_came_back_asks_nobody(self):
        first = self.gateway(self.redis)
        bodies = {room: first.members(room).body for room in (f"{i}@chatroom" for i in range(10))}
        self.await_keys(self.redis, 10)
        first.kill()
        again = self.gateway(self.redis)
        for room, body in bodies.items():
            self.assert_from_redis(again.members(room), body)
        self.assertEqual(self.instance.calls(), 10)

    def test_keys_are_named_after_the_namespace_and_identity_and_go_away_by_themselves(self):
        windows = '[cache]\nfresh = "10s"\nstale_while_revalidate = "20s"\nstale_if_error = "30s"\n'
        gateway = self.gateway(self.redis, settings=PATIENT + windows)
        gateway.members("1@chatroom")
        gateway.members("1@chatroom", wid="a:b{c}", token=SECRET, field="chatRoomId")
        keys = [key.decode() for key in self.await_keys(self.redis, 2)]
        self.assertRegex(keys[0] + "\n" + keys[1], r"rollcall:\{[^:{}]+:wcId:w1:1@chatroom\}")
        self.assertRegex(keys[0] + "\n" + keys[1], r"rollcall:\{[0-9a-f]{16,}:chatRoomId:a%3Ab%7Bc%7D:1@chatroom\}")
        for key in keys:
            left = self.redis.command("PTTL", key)
            self.assertTrue(0 < left <= 40_000, left)

    def test_what_a_purge_has_to_find_is_indexed_by_account_and_room_for_as_long_as_it_is_there(self):
        windows = '[cache]\nfresh = "10s"\nstale_while_revalidate = "20s"\nstale_if_error = "30s"\n'
        gateway = self.gateway(self.redis, settings=PATIENT + windows + '[upstream]\ntimeout = "5s"\n')
        asked = [("1@chatroom", "w1", None, "wcId"), ("1@chatroom", "w1", SECRET, "chatRoomId"),
                 ("1@chatroom", "a:b{c}", None, "wcId"), ("2@chatroom", "w1", None, "wcId")]
        for each in asked:
            self.assertEqual(gateway.members(*each).cache, STORED)
        values = self.await_keys(self.redis, len(asked))
        self.assertEqual(self.redis.keys(), sorted(values + self.redis.indexes()))  # no lease is left
        identities = [key.removeprefix(b"rollcall:{").removesuffix(b"}") for key in values]
        expected = {b"rollcall:w:w1": b":w1:", b"rollcall:w:a%3Ab%7Bc%7D": b":a%3Ab%7Bc%7D:",
                    b"rollcall:r:1@chatroom": b":1@chatroom", b"rollcall:r:2@chatroom": b":2@chatroom"}
        self.assertEqual(self.redis.indexes(), sorted(expected))
        for index, part in expected.items():
            self.assertEqual(sorted(self.redis.command("ZRANGE", index, 0, -1)),
                             [identity for identity in identities if part in identity + b":"])
            left = self.redis.command("PTTL", index)
            longest = max(self.redis.command("PTTL", b"rollcall:{%s}" % identity) for identity in identities)
            self.assertTrue(longest < left <= 40_000 + 5_000 + 60_000, (longest, left))

    def test_namespaces_share_nothing(self):
        first = self.gateway(self.redis)
        second = self.gateway(self.redis, settings=PATIENT + 'namespace = "elsewhere"\n')
        first.members("1@chatroom")
        self.await_keys(self.redis, 1)
        self.assertEqual(second.members("1@chatroom").cache, STORED)
        self.assertTrue(any(key.startswith(b"elsewhere:{") for key in self.await_keys(self.redis, 2)))
        self.assertEqual(self.instance.calls(), 2)

    def test_credentials_share_nothing(self):
        gateway = self.gateway(self.redis, settings=PATIENT + NO_MEMORY)
        tokens = [None, SECRET, SECRET.lower(), SECRET + "x", "-"]
        for count, token in enumerate(tokens, 1):
            self.assertEqual(gateway.members("1@chatroom", token=token).cache, STORED)
            self.await_keys(self.redis, count)
        for token in tokens:
            self.assert_from_redis(gateway.members("1@chatroom", token=token), self.own("1@chatroom"))
        rooms = self.instance.stats()["rooms"]
        self.assertEqual(rooms.pop("-|w1|1@chatroom"), 2 + len(tokens))  # no token, the token "-", and own() itself
        self.assertEqual(set(rooms.values()), {1})


class Secrets(RedisTest):
    def test_no_credential_is_stored_logged_or_shown(self):
        redis = self.start_redis(password="pa55word")
        gateway = self.gateway(redis, "--access-log", "--log-level", "debug", settings=PATIENT + NO_MEMORY)
        headers = {"Authorization": SECRET}
        gateway.members("1@chatroom", token=SECRET)
        (key,) = self.await_keys(redis, 1)
        value = redis.command("GET", key)
        indexes = redis.indexes()
        self.assertEqual(len(indexes), 2)
        listed = [identity for index in indexes for identity in redis.command("ZRANGE", index, 0, -1)]
        gateway.members("1@chatroom", token=SECRET)
        redis.command("SET", key, "garbage")
        gateway.members("1@chatroom", token=SECRET)
        gateway.post({"wId": "w1", "wcId": "1@chatroom", "more": 1}, headers)
        gateway.post({"wId": "w1"}, headers, target=f"/sendText?token={SECRET}")
        self.assertEqual(gateway.post(b"nonsense", headers).status, 400)
        self.assertEqual(gateway.ask("GET", "/", headers={"Host": "a b", **headers}).status, 400)
        self.instance.kill()
        self.assertEqual(gateway.members("2@chatroom", token=SECRET).status, 502)
        log, requests = gateway.logged(), gateway.said()
        self.assertIn("is unfit", log)
        self.assertRegex(requests, "POST /getChatRoomMember 200 .* redis ")
        self.assertIn("POST /sendText 200", requests)
        pages = [gateway.admin(page).body for page in ("/metrics", "/status")]
        for text in (key, value, *indexes, *listed, log.encode(), requests.encode(), *pages):
            self.assertNotIn(b"5eC4eT", text)
            self.assertNotIn(b"pa55word", text)


class Unfit(RedisTest):
    """What is in Redis is believed only when it is whole, and the answer to this very question."""

    def setUp(self):
        super().setUp()
        self.redis = self.start_redis()
        self.reader = self.gateway(self.redis, settings=PATIENT + NO_MEMORY)
        self.body = self.reader.members("1@chatroom").body
        (self.key,) = self.await_keys(self.redis, 1)
        self.value = self.redis.command("GET", self.key)

    def unfit(self):
        return self.reader.metric("rollcall_redis_lookups_total", outcome="unfit")

    def test_a_damaged_value_is_a_miss_and_is_replaced(self):
        self.assert_from_redis(self.reader.members("1@chatroom"), self.body)
        flipped = [self.value[:i] + bytes([self.value[i] ^ 1]) + self.value[i + 1:]
                   for i in {*range(0, 56, 4), *range(60, len(self.value), len(self.value) // 8), len(self.value) - 1}]
        damaged = [b"", b"garbage", b"RLCL", self.value[:-1], self.value + b"x", self.value[:56], self.value * 2,
                   b"\x00" * len(self.value), *flipped]
        for number, value in enumerate(damaged, 1):
            with self.subTest(value[:60]):
                calls = self.instance.calls()
                self.redis.command("SET", self.key, value)
                answer = self.reader.members("1@chatroom")
                self.assertEqual((answer.status, answer.cache, answer.body), (200, STORED, self.body))
                self.assertEqual(self.unfit(), number)
                self.assertEqual(self.instance.calls(), calls + 1)
                until(lambda: self.redis.command("GET", self.key) != value, "it is replaced")
                self.assert_from_redis(self.reader.members("1@chatroom"), self.body)

    def test_a_key_of_another_type_is_replaced(self):
        self.redis.command("DEL", self.key)
        self.redis.command("LPUSH", self.key, "x")
        answer = self.reader.members("1@chatroom")
        self.assertEqual((answer.status, answer.body), (200, self.body))
        until(lambda: self.redis.command("TYPE", self.key) == b"string", "it is replaced")
        self.assert_from_redis(self.reader.members("1@chatroom"), self.body)

    def test_a_value_under_the_key_of_another_identity_is_never_served(self):
        others = [("2@chatroom", "w1", None, "wcId"), ("1@chatroom", "w2", None, "wcId"),
                  ("1@chatroom", "w1", SECRET, "wcId"), ("1@chatroom", "w1", None, "chatRoomId")]
        for number, other in enumerate(others, 1):
            with self.subTest(other):
                room, wid, token, field = other
                self.reader.members(*other)
                (key,) = until(lambda: set(self.redis.values()) - {self.key}, "it is stored")
                self.redis.command("SET", key, self.value)
                answer = self.reader.members(*other)
                self.assertEqual((answer.status, answer.cache), (200, STORED))
                self.assertEqual(answer.body, self.instance.members(room, wid, token, field).body)
                self.assertEqual(self.unfit(), number)
                until(lambda: self.redis.command("GET", key) != self.value, "it is replaced")
                self.redis.command("DEL", key)

    def test_an_entry_that_outlived_its_time_is_not_served(self):
        short = self.gateway(self.redis, settings=PATIENT + '[cache]\nfresh = "100ms"\nstale_while_revalidate = "0ms"\n'
                                                            'stale_if_error = "0ms"\njitter = 0\nmemory = "0"\n')
        self.redis.command("DEL", self.key)
        short.members("1@chatroom")
        value = until(lambda: self.redis.command("GET", self.key), "it is stored")
        until(lambda: not self.redis.command("GET", self.key), "Redis drops it")
        self.redis.command("SET", self.key, value)  # as if Redis had not
        self.assertEqual(short.members("1@chatroom").cache, STORED)


if __name__ == "__main__":
    unittest.main()
