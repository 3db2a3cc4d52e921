#!/usr/bin/python3
"""A master that Sentinels watch: found, followed when it changes, and nothing purged comes back with the new one."""

import contextlib
import re
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority
from processes import until
from redis_processes import NO_MEMORY
from sentinel_processes import SentinelTest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from redis_trouble_test import Traffic

QUICK = 3  # seconds for what is to take no longer than that, after the failover


class Discovery(SentinelTest):
    def test_the_master_is_found_and_used(self):
        watched = self.watched()
        one = self.gateway_at(watched.url)
        two = self.gateway_at(watched.url)
        self.assertEqual(self.master_of(one), watched.master.url)
        body = self.own("1@chatroom")
        one.members("1@chatroom")
        self.await_keys(watched.master, 1)
        self.assert_from_redis(two.members("1@chatroom"), body)
        self.assertEqual(one.metric("rollcall_sentinels_connected"), 3)
        self.assertEqual(one.metric("rollcall_redis_master_switches_total"), 0)

    def test_one_sentinel_is_enough_to_find_the_others(self):
        watched = self.watched()
        gateway = self.gateway_at(watched.url_of(watched.sentinels[:1]))
        until(lambda: gateway.metric("rollcall_sentinels_connected") == 3, "it has learned of the others")
        self.assertEqual(gateway.metric("rollcall_sentinels"), 3)

    def test_a_sentinel_that_is_gone_delays_nothing(self):
        watched = self.watched()
        watched.sentinels[0].kill()
        gateway = self.gateway_at(watched.url)
        self.assertEqual(self.master_of(gateway), watched.master.url)
        self.assertRegex(gateway.logged(), f"warning sentinel redis://127.0.0.1:{watched.sentinels[0].port}: cannot connect")

    def test_passwords_of_redis_and_of_the_sentinels(self):
        watched = self.watched(password="hunter2", sentinel_password="swordfish")
        gateway = self.gateway_at(watched.url)
        gateway.members("1@chatroom")
        self.await_keys(watched.master, 1)
        self.assertNotRegex(gateway.logged() + gateway.admin("/status").body.decode(), "hunter2|swordfish")

    def test_a_user_with_no_more_rights_than_documented(self):
        watched = self.watched()
        watched.master.command(
            "ACL", "SETUSER", "rollcall", "on", ">hunter2", "resetchannels", "&__redis__:invalidate", "~rollcall:*",
            *("+get +getrange +set +del +pttl +pexpire +zadd +zscore +zscan +zremrangebyscore +eval +evalsha "
              "+client|id +client|tracking +subscribe +hello").split())
        gateway = self.gateway_at(watched.url.replace("://", "://rollcall:hunter2@"))
        gateway.members("1@chatroom")
        self.await_keys(watched.master, 1)
        self.assertNotIn("NOPERM", gateway.logged())

    def test_master_and_sentinels_over_tls(self):
        authority = self.started(Authority())
        watched = self.watched(authority=authority, password="hunter2", sentinel_password="swordfish")
        gateway = self.gateway_at(watched.url, settings=f'[redis]\ntimeout = "5s"\nca = "{authority.file}"\n')
        gateway.members("1@chatroom")
        self.await_keys(watched.master, 1)
        self.assertEqual(self.master_of(gateway), watched.master.url)
        watched.sentinels[0].command("SENTINEL", "FAILOVER", "main")
        self.await_master(gateway, watched.replica)

    def test_a_name_that_no_sentinel_knows_is_told_once(self):
        watched = self.watched()
        gateway = self.gateway_at(watched.url + "x", connected=False)
        until(lambda: gateway.metric("rollcall_sentinel_questions_total") >= 3, "they are asked")
        self.assertEqual(gateway.members("1@chatroom").status, 200)
        until(lambda: gateway.logged().count("it knows no master by the name of mainx") == 3, "all say so")
        until(lambda: gateway.metric("rollcall_sentinel_questions_total") > 9, "and are asked again")
        self.assertEqual(gateway.logged().count("it knows no master by the name of mainx"), 3)
        self.assertIsNone(self.master_of(gateway))

    def test_one_that_is_no_sentinel_is_told_once(self):
        watched = self.watched()
        gateway = self.gateway_at(watched.master.url.replace("redis://", "redis+sentinel://") + "/main", connected=False)
        until(lambda: gateway.metric("rollcall_sentinel_questions_total") > 3, "it is asked, and again")
        self.assertEqual(gateway.members("1@chatroom").status, 200)
        told = re.findall(r"warning sentinel \S+: it does not tell where the master is: SENTINEL .*", gateway.logged())
        self.assertEqual(len(told), 1, gateway.logged())


class SentinelsGone(SentinelTest):
    def test_the_master_is_used_without_them_and_found_when_they_come(self):
        watched = self.watched()
        one = self.gateway_at(watched.url, settings=NO_MEMORY + '[redis]\ntimeout = "5s"\n')
        one.members("1@chatroom")
        self.await_keys(watched.master, 1)
        for sentinel in watched.sentinels:
            sentinel.kill()
        until(lambda: one.metric("rollcall_sentinels_connected") == 0, "they are missed")
        self.assert_from_redis(one.members("1@chatroom"), self.own("1@chatroom"))
        late = self.gateway_at(watched.url, connected=False, settings=NO_MEMORY + '[redis]\ntimeout = "5s"\n')
        self.assertEqual(late.members("1@chatroom").status, 200)
        self.assertEqual(late.metric("rollcall_redis_connections"), 0)
        for sentinel in watched.sentinels:
            sentinel.start()
        self.await_master(late, watched.master)
        self.assert_from_redis(late.members("1@chatroom"), self.own("1@chatroom"))
        for line in ("lost", "cannot connect"):
            self.assertLessEqual(one.logged().count(f"sentinel redis://127.0.0.1:{watched.sentinels[0].port}: {line}"), 1)


class Failover(SentinelTest):
    def setUp(self):
        super().setUp()
        self.expected = {f"{i}@chatroom": self.own(f"{i}@chatroom") for i in range(8)}

    @contextlib.contextmanager
    def traffic(self, *gateways):
        with contextlib.ExitStack() as all_of_them:
            bots = [all_of_them.enter_context(Traffic(g, self.expected)) for g in gateways]
            for each in bots:
                each.go_on()
            yield
            for each in bots:
                each.go_on()
        for each in bots:
            self.assertEqual(each.wrong, [])
            self.assertLess(each.slowest, 1)

    def hits(self, gateway):
        return gateway.metric("rollcall_redis_lookups_total", outcome="hit")

    def await_use(self, gateway):
        before = self.hits(gateway)
        until(lambda: self.hits(gateway) > before + 20, "Redis answers")

    def clients_of(self, server):
        """Connections that are not of replicas or Sentinels."""
        return [line for line in server.command("CLIENT", "LIST").decode().splitlines()
                if b"sentinel" not in line.encode() and "flags=S" not in line and "flags=M" not in line
                and "cmd=client|list" not in line]

    def test_a_master_that_is_killed(self):
        watched = self.watched()
        gateways = [self.gateway_at(watched.url, settings=NO_MEMORY) for _ in range(2)]
        with self.traffic(*gateways):
            for gateway in gateways:
                self.await_use(gateway)
            watched.master.kill()
            until(watched.promoted, "there is a new master")
            begin = time.monotonic()
            for gateway in gateways:
                self.await_master(gateway, watched.replica)
                self.await_use(gateway)
            took = time.monotonic() - begin
            print(f"after a kill the new master was used within {took:.2f} s of its promotion", file=sys.stderr)
            self.assertLess(took, QUICK + 2)  # the first announcement comes a second later
        for gateway in gateways:
            self.assertEqual(gateway.metric("rollcall_redis_master_switches_total"), 1)
            self.assertEqual(gateway.logged().count(f"the master is {watched.replica.url}; it was"), 1)

    def test_a_planned_failover_is_followed_although_the_old_master_still_takes_writes(self):
        watched = self.watched()
        gateways = [self.gateway_at(watched.url, settings=NO_MEMORY) for _ in range(2)]
        with self.traffic(*gateways):
            for gateway in gateways:
                self.await_use(gateway)
            watched.sentinels[0].command("SENTINEL", "FAILOVER", "main")
            until(watched.promoted, "there is a new master")
            begin = time.monotonic()
            for gateway in gateways:
                self.await_master(gateway, watched.replica, QUICK)
            old = [line for line in self.clients_of(watched.master) if "sentinel" not in line]
            took = time.monotonic() - begin
            print(f"after a planned failover the new master was followed within {took:.2f} s", file=sys.stderr)
            self.assertLess(took, QUICK)
            for gateway in gateways:
                self.await_use(gateway)
            self.assertEqual(old, [], "nobody is left at the old master")
        for gateway in gateways:
            self.assertEqual(gateway.metric("rollcall_redis_master_switches_total"), 1)

    def test_what_was_purged_does_not_come_back_with_a_replica_that_never_heard_of_it(self):
        watched = self.watched()
        one, two = (self.gateway_at(watched.url) for _ in range(2))
        one.members("1@chatroom")
        self.await_keys(watched.master, 1)
        until(lambda: len(watched.replica.values()) == 1, "the replica has it too")
        two.members("1@chatroom")
        calls = self.instance.calls()
        watched.replica.freeze()
        watched.master.command("CLIENT", "KILL", "TYPE", "replica")  # or the thawed replica would still read of it
        purged = one.ask("POST", "/purge", b'{"wcId": "1@chatroom"}', port=one.admin_port)
        self.assertEqual((purged.status, purged.json()), (200, {"purged": 1}))
        watched.master.kill()
        watched.replica.thaw()
        until(watched.promoted, "there is a new master")
        for gateway in (one, two):
            self.await_master(gateway, watched.replica)
            answer = gateway.members("1@chatroom")
            self.assertEqual(answer.status, 200)
        # Whichever came first had to ask the instance, and what the replica had held is gone.
        self.assertGreater(self.instance.calls(), calls)
        self.assertNotRegex(answer.cache, "hit; ttl=-")
        self.assertGreaterEqual(one.metric("rollcall_purges_repeated_total"), 1)
        self.assertGreaterEqual(two.metric("rollcall_purges_repeated_total"), 1)
        for gateway in (one, two):
            until(lambda: gateway.metric("rollcall_purges_pending") == 0, "it is done")

    def test_a_new_master_is_told_of_the_latest_purges_first(self):
        watched = self.watched()
        gateway = self.gateway_at(watched.url)
        for i in range(30):
            purged = gateway.ask("POST", "/purge", b'{"wcId": "%d@chatroom"}' % i, port=gateway.admin_port)
            self.assertEqual((purged.status, purged.json()), (200, {"purged": 0}))
        for name, value in (("slowlog-max-len", 1000), ("slowlog-log-slower-than", 0)):
            watched.replica.command("CONFIG", "SET", name, value)
        watched.sentinels[0].command("SENTINEL", "FAILOVER", "main")
        self.await_master(gateway, watched.replica)
        until(lambda: gateway.metric("rollcall_purges_repeated_total") == 30, "they are repeated")
        until(lambda: gateway.metric("rollcall_purges_pending") == 0, "it is done")
        told = [words[3] for *_, words, _, _ in reversed(watched.replica.command("SLOWLOG", "GET", 1000))
                if words[0].startswith(b"EVAL") and b":purge:" in words[3]]
        signals = list(dict.fromkeys(told))  # the first one was sent twice, as the script was not known
        self.assertEqual(signals, [b"rollcall:purge:r:%d@chatroom" % i for i in reversed(range(30))])


if __name__ == "__main__":
    unittest.main()
