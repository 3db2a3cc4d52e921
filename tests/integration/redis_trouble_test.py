#!/usr/bin/python3
"""A Redis that is gone, frozen or full, while bots ask without pause: they do not notice."""

import contextlib
import http.client
import itertools
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from faulty_redis import FaultyRedis
from processes import request_body, until
from redis_processes import NO_MEMORY, RedisTest


class Traffic:
    """Bots that never stop asking, each with a connection of its own. What they get is compared, and timed."""

    def __init__(self, gateway, expected, bots=4):
        self.gateway, self.expected = gateway, expected
        self.answered, self.slowest, self.wrong = 0, 0.0, []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.bots = [threading.Thread(target=self.ask, args=(i,)) for i in range(bots)]

    def ask(self, bot):
        rooms = itertools.cycle(list(self.expected)[bot:] + list(self.expected)[:bot])
        with contextlib.closing(self.gateway.connect()) as connection:
            while not self.over.wait(0.005):
                room = next(rooms)
                begin = time.monotonic()
                try:
                    connection.request("POST", "/getChatRoomMember", request_body("w1", room))
                    response = connection.getresponse()
                    right = (response.status, response.read()) == (200, self.expected[room])
                    problem = None if right else (room, response.status, response.headers["Cache-Status"])
                except (OSError, http.client.HTTPException) as error:
                    problem = (room, error)
                with self.lock:
                    self.answered += 1
                    self.slowest = max(self.slowest, time.monotonic() - begin)
                    if problem:
                        self.wrong.append(problem)

    def go_on(self, count=50):
        """Returns when so many more have been answered."""
        enough = self.answered + count
        until(lambda: self.answered >= enough, "the bots are answered")

    def __enter__(self):
        for bot in self.bots:
            bot.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for bot in self.bots:
            bot.join()


class Trouble(RedisTest):
    """Redis is optional at every instant: nobody notices but the instance."""

    def setUp(self):
        super().setUp()
        self.expected = {f"{i}@chatroom": self.own(f"{i}@chatroom") for i in range(8)}

    @contextlib.contextmanager
    def traffic(self, gateway):
        with Traffic(gateway, self.expected) as bots:
            bots.go_on()
            yield bots
        self.assertEqual(bots.wrong, [])
        self.assertLess(bots.slowest, 1)

    def hits(self, gateway):
        return gateway.metric("rollcall_redis_lookups_total", outcome="hit")

    def await_use(self, gateway):
        before = self.hits(gateway)
        until(lambda: self.hits(gateway) > before + 20, "Redis answers again")

    def test_absent_at_the_start(self):
        redis = self.start_redis(start=False)
        gateway = self.gateway(redis, settings=NO_MEMORY, connected=False)
        with self.traffic(gateway):
            self.assertEqual(gateway.metric("rollcall_redis_connections"), 0)
            redis.start()
            self.await_use(gateway)
        self.await_connections(gateway)
        self.assertRegex(gateway.logged(), r"warning redis .*cannot connect(.*\n)*.*info redis .*: connected")

    def test_killed_and_started_again(self):
        redis = self.start_redis()
        gateway = self.gateway(redis, settings=NO_MEMORY)
        with self.traffic(gateway) as bots:
            self.await_use(gateway)
            redis.kill()
            until(lambda: gateway.metric("rollcall_redis_connections") == 0, "the gateway notices")
            hits, calls = self.hits(gateway), self.instance.calls()
            bots.go_on()
            self.assertEqual(self.hits(gateway), hits)
            self.assertGreater(self.instance.calls(), calls + 10)
            redis.start()
            self.await_use(gateway)
        self.await_connections(gateway)

    def test_frozen_and_thawed(self):
        redis = self.start_redis()
        gateway = self.gateway(redis, settings=NO_MEMORY)
        with self.traffic(gateway) as bots:
            self.await_use(gateway)
            redis.freeze()
            until(lambda: gateway.metric("rollcall_redis_replaced_total") >= 1, "its connection is given up")
            bots.go_on()
            redis.thaw()
            self.await_use(gateway)
        self.assertGreater(gateway.metric("rollcall_redis_timeouts_total"), 0)

    def test_frozen_so_briefly_that_its_late_replies_still_come(self):
        redis = self.start_redis()
        gateway = self.gateway(redis, settings=NO_MEMORY)
        with self.traffic(gateway):
            for _ in range(5):
                before = gateway.metric("rollcall_redis_timeouts_total")
                redis.freeze()
                until(lambda: gateway.metric("rollcall_redis_timeouts_total") > before, "commands are given up")
                redis.thaw()
                self.await_use(gateway)

    def test_full(self):
        redis = self.start_redis("--maxmemory-policy", "noeviction")
        redis.command("SET", "filler", b"x" * 2_000_000)
        redis.command("CONFIG", "SET", "maxmemory", "1mb")
        gateway = self.gateway(redis, settings=NO_MEMORY)
        with self.traffic(gateway):
            until(lambda: gateway.metric("rollcall_redis_lookups_total", outcome="unavailable") > 20, "Redis refuses")
            self.assertEqual(self.hits(gateway), 0)
            self.assertEqual(redis.keys(), [b"filler"])
            redis.command("CONFIG", "SET", "maxmemory", "0")
            self.await_use(gateway)
        self.assertRegex(gateway.logged(), r"warning redis .*cannot write: OOM")

    def test_too_slow_to_be_asked_twice_while_the_instance_is_down(self):
        """Who learns from Redis that his list has been replaced has the new one with the same reply."""
        redis = self.start_redis()
        link = self.started(FaultyRedis(redis))
        brief = '[redis]\ntimeout = "1s"\n[cache]\nfresh = "300ms"\nstale_while_revalidate = "1m"\n'
        others, gateway = self.gateway(redis, settings=brief), self.gateway(link, settings=brief)
        room, body = next(iter(self.expected.items()))
        self.assertEqual(gateway.members(room).body, body)
        stored = self.await_keys(redis, 1)[0]
        before, heard = redis.command("GET", stored), gateway.metric("rollcall_tracking_keys_total")
        until(lambda: others.members(room).body == body and redis.command("GET", stored) != before, "it is replaced")
        until(lambda: gateway.metric("rollcall_tracking_keys_total") > heard, "the gateway hears of that")
        self.instance.kill()
        link.delay = 0.6
        answer = gateway.members(room)
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertIn("detail=redis", answer.cache)


if __name__ == "__main__":
    unittest.main()
