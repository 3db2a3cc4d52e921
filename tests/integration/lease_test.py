#!/usr/bin/python3
"""One call for the whole fleet, whatever becomes of the gateway that makes it."""

import re
import socket
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from fleet_processes import FleetTest, List, ask, lists_of
from processes import PATIENCE, request_body, until

WHICH = List("1@chatroom")
LEASE = 2  # seconds


class LeaseTest(FleetTest):
    def setUp(self):
        super().setUp()
        self.pool = ThreadPoolExecutor(32)
        self.addCleanup(self.pool.shutdown)

    def ask_all(self, gateways, bots=1, which=WHICH):
        """So many bots ask each gateway: their answers to come."""
        return [self.pool.submit(ask, gateway, which) for gateway in gateways for _ in range(bots)]

    def leader_of(self, gateways):
        """The one gateway that calls the instance."""
        until(lambda: self.instance.total() > 0, "the instance is asked")
        (leader,) = [g for g in gateways if g.metric("rollcall_upstream_calls_total") > 0]
        return leader

    def await_waiting(self, gateways):
        for gateway in gateways:
            until(lambda: gateway.metric("rollcall_lease_waits_total") and gateway.metric("rollcall_lease_waiting"),
                  "it waits for another gateway's call")

    def revisions(self, answers, which=WHICH):
        return {self.revision_in(which, answer.result(PATIENCE)) for answer in answers}

    def assert_leases_over(self, redis):
        until(lambda: not redis.keys(rb".*:lease"), "no lease is left")


class Crash(LeaseTest):
    def test_the_fetch_of_a_gateway_that_crashes_is_taken_over(self):
        self.instance.latency = 1.5
        redis, gateways = self.fleet(4)
        asked = dict(zip(gateways, self.ask_all(gateways)))
        leader = self.leader_of(gateways)
        others = [gateway for gateway in gateways if gateway is not leader]
        self.await_waiting(others)
        self.instance.change()  # who asks anew must be answered anew
        leader.kill()
        begin = time.monotonic()
        self.assertEqual(self.revisions([asked[gateway] for gateway in others]), {1})
        took = time.monotonic() - begin
        print(f"a crashed gateway's fetch was taken over and done within {took:.2f} s", file=sys.stderr)
        self.assertLess(took, 15)
        self.assertGreaterEqual(took, self.instance.latency)
        self.assertIsNotNone(asked[leader].exception(PATIENCE))
        self.assertEqual(self.instance.total(), 2)
        self.assert_leases_over(redis)
        self.assert_kept(others, [WHICH], 1)


class Slow(LeaseTest):
    def test_a_call_of_many_leases_length_is_not_doubled(self):
        self.instance.latency = 3 * LEASE
        redis, gateways = self.fleet()
        asked = self.ask_all(gateways, bots=4)
        leader = self.leader_of(gateways)
        late = self.ask_all(gateways)
        self.assertEqual(self.revisions([*asked, *late]), {0})
        self.assertEqual(self.instance.total(), 1)
        self.assertEqual(leader.metric("rollcall_redis_stores_total"), 1)
        self.assert_leases_over(redis)

    def test_a_client_that_leaves_takes_nothing_with_it(self):
        redis, (first, second) = self.fleet()
        held = self.instance.hold()
        with socket.create_connection(("127.0.0.1", first.port), PATIENCE) as client:
            body = request_body(WHICH.wid, WHICH.room)
            client.sendall(b"POST /getChatRoomMember HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
                           % (len(body), body))
            self.assertIs(self.leader_of([first, second]), first)
            followers = self.ask_all([first, second], bots=3)
            until(lambda: first.metric("rollcall_waiting") == 4 and second.metric("rollcall_waiting") == 3, "all wait")
        held.set()
        begin = time.monotonic()
        self.assertEqual(self.revisions(followers), {0})
        self.assertLess(time.monotonic() - begin, LEASE / 2)  # they were told, and did not look now and then
        self.assert_kept([first, second], [WHICH], 0)
        self.assertEqual(self.instance.total(), 1)
        self.assert_leases_over(redis)

    def test_a_call_that_fails_lets_the_next_one_try(self):
        redis, (first, second) = self.fleet(settings='[upstream]\ntimeout = "700ms"\n[redis]\ntimeout = "300ms"\n')
        self.instance.hold()
        asked = self.ask_all([first])
        self.assertIs(self.leader_of([first]), first)
        waiting = self.ask_all([second])
        self.await_waiting([second])
        self.instance.release()
        self.instance.change()
        self.assert_envelope(asked[0].result(PATIENCE), 504)
        self.assertEqual(self.revisions(waiting), {1})
        self.assertEqual(self.instance.total(), 2)


class RedisAway(LeaseTest):
    """Others wait for a call that is under way. Nobody waits for a Redis that will not tell."""

    def setUp(self):
        super().setUp()
        self.redis, gateways = self.fleet(3, settings='[redis]\ntimeout = "300ms"\n')
        self.held = self.instance.hold()
        self.asked = dict(zip(gateways, self.ask_all(gateways)))
        self.leader = self.leader_of(gateways)
        self.others = [gateway for gateway in gateways if gateway is not self.leader]
        self.await_waiting(self.others)
        self.instance.release()
        self.instance.change()

    def others_took(self):
        begin = time.monotonic()
        self.assertEqual(self.revisions([self.asked[gateway] for gateway in self.others]), {1})
        return time.monotonic() - begin

    def assert_the_rest_is_well(self):
        self.assertEqual(self.instance.total(), 3)
        self.held.set()
        self.assertEqual(self.revisions([self.asked[self.leader]]), {0})

    def test_frozen_while_others_ask(self):
        """Their commands run out of time, and that wakes those who wait, long before the lease is over."""
        self.redis.freeze()
        further = [asked for i in range(16) for asked in self.ask_all(self.others, which=List(f"further{i}@chatroom"))]
        self.assertLess(self.others_took(), LEASE / 2)
        for gateway in self.others:
            self.assertGreaterEqual(gateway.metric("rollcall_redis_breaker_openings_total"), 1)
        for each in further:
            self.assertEqual(each.result(PATIENCE).status, 200)
        self.redis.thaw()
        self.held.set()
        self.assertEqual(self.revisions([self.asked[self.leader]]), {0})

    def test_stopped(self):
        self.redis.kill()
        self.assertLess(self.others_took(), LEASE / 2)
        self.assert_the_rest_is_well()

    def test_frozen(self):
        self.redis.freeze()
        self.assertLess(self.others_took(), LEASE + 2)
        self.assert_the_rest_is_well()
        self.redis.thaw()
        for gateway in self.asked:
            self.await_connections(gateway)
        self.assert_leases_over(self.redis)


class Scripts(LeaseTest):
    def test_a_redis_that_forgets_its_scripts_changes_nothing(self):
        redis, (first, second) = self.fleet()
        both, others = [first, second], lists_of(["w2"], ["1@chatroom", "2@chatroom"])

        def forget():
            redis.command("SCRIPT", "FLUSH")

        held = self.instance.hold()
        forget()
        asked = self.ask_all(both)
        leader = self.leader_of(both)
        self.await_waiting([gateway for gateway in both if gateway is not leader])
        forget()
        time.sleep(LEASE)  # in which the lease is renewed
        forget()
        held.set()
        self.assertEqual(self.revisions(asked), {0})
        for which in others:
            for gateway in both:
                forget()
                self.assertEqual(self.served(gateway, which), 0)
        self.assertEqual(self.instance.total(), 3)
        for gateway, other in (both, both[::-1]):
            self.instance.change()
            forget()
            answer = self.purge(gateway, {"wId": "w1"})
            self.assertEqual((answer.status, answer.json()), (200, {"purged": 1}))
            forget()
            self.assert_new(gateway, [WHICH])
            self.assert_soon_new(other, [WHICH])
        self.assert_kept(both, others, 0)
        self.assertEqual(self.instance.total(), 5)
        self.assertGreater(sum(g.metric("rollcall_redis_script_reloads_total") for g in both), 5)
        for gateway in both:
            self.assertEqual(gateway.metric("rollcall_redis_store_failures_total"), 0)
            self.assertNotIn("warning", gateway.logged())


class Expiry(LeaseTest):
    def test_nothing_stays_in_redis_for_ever(self):
        redis, (first, second) = self.fleet()
        for number, which in enumerate(lists_of(["w1", "w2"], [f"{i}@chatroom" for i in range(4)], (None, "t"))):
            self.fill([first, second], [which])
            self.purge(first, [{"wId": which.wid}, {"wcId": which.room}][number % 2])
            if number % 3:
                self.fill([second], [which])
        held = self.instance.hold()
        which = List("held@chatroom")
        asked = self.ask_all([first, second], which=which)
        until(lambda: redis.keys(rb".*:lease"), "a lease is held")
        lives = {key: redis.command("PTTL", key) for key in redis.keys()}
        for kind, longest in ((rb".*:lease", 2_000), (rb"rollcall:\{[^}]*\}", 3_660_000),
                              (rb"rollcall:[wr]:.*", 3_730_000)):
            found = {key: life for key, life in lives.items() if re.fullmatch(kind, key)}
            self.assertTrue(found, kind)
            self.assertEqual({key: life for key, life in found.items() if not 0 <= life <= longest}, {})
            for key in found:
                del lives[key]
        self.assertEqual(lives, {})  # and there is nothing else
        held.set()
        self.assertEqual(self.revisions(asked, which), {0})


if __name__ == "__main__":
    unittest.main()
