#!/usr/bin/python3
"""Gateways that share a Redis Cluster: what a master's death, a moved slot and a purge in between look like to bots."""

import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority
from processes import until
from redis_cluster import RedisCluster
from redis_processes import NO_MEMORY, PATIENT, RedisTest


class Cluster(RedisTest):
    def await_connections(self, gateway):
        """Two threads and purges have one to each of three masters."""
        until(lambda: gateway.metric("rollcall_redis_connections") == 9 and gateway.metric("rollcall_tracking_up") == 1,
              "it is connected to the cluster")

    @staticmethod
    def purge(gateway, scope):
        return gateway.ask("POST", "/purge", json.dumps(scope).encode(), port=gateway.admin_port)

    def start_cluster(self, **options):
        return self.started(RedisCluster(**options))

    def test_gateways_share_what_is_spread_over_masters(self):
        cluster = self.start_cluster(replicas=False)
        first, second = self.gateway(cluster), self.gateway(cluster)
        rooms = [f"{n}@chatroom" for n in range(30)]
        bodies = {room: first.members(room).body for room in rooms}
        until(lambda: len(cluster.values()) == len(rooms), "the cluster holds all answers")
        self.assertTrue(all(master.values() for master in cluster.masters()))
        for room in rooms:
            self.assert_from_redis(second.members(room), bodies[room])
        self.assertEqual(self.instance.calls(), len(rooms))

        status = second.admin("/status").json()["redis"]
        self.assertEqual(status["url"], cluster.url)
        self.assertEqual(status["masters"], [{"server": f"redis://127.0.0.1:{n.port}", "tracked": True}
                                             for n in cluster.nodes])

        purged = self.purge(first, {"wId": "w1"})
        self.assertEqual((purged.status, purged.json()), (200, {"purged": len(rooms)}))
        until(lambda: "fwd=miss" in second.members(rooms[0]).cache, "the other gateway has heard of it")
        for room in rooms[1:]:
            self.assertIn("fwd=miss", second.members(room).cache)

    def test_nodes_that_speak_tls(self):
        ours = self.started(Authority())
        cluster = self.start_cluster(replicas=False, authority=ours)
        settings = f'{PATIENT}ca = "{ours.file}"\n{NO_MEMORY}'
        first, second = (self.gateway(cluster, settings=settings) for _ in range(2))
        rooms = [f"{n}@chatroom" for n in range(12)]
        bodies = {room: first.members(room).body for room in rooms}
        until(lambda: len(cluster.values()) == len(rooms), "the cluster holds all answers")
        for room in rooms:
            self.assert_from_redis(second.members(room), bodies[room])
        status = second.admin("/status").json()["redis"]
        self.assertEqual(status["masters"], [{"server": f"rediss://127.0.0.1:{n.port}", "tracked": True}
                                             for n in cluster.nodes])
        (key,) = (k for k in cluster.values() if b":5@chatroom}" in k)
        source = cluster.owner(key)
        target = next(n for n in cluster.masters() if n is not source)
        cluster.move(cluster.slot_of(key), source, target)
        self.assertIn(key, target.keys())
        self.assert_from_redis(first.members("5@chatroom"), bodies["5@chatroom"])

    def test_a_slot_moves_while_bots_ask(self):
        cluster = self.start_cluster(replicas=False)
        gateway, other = (self.gateway(cluster, settings=PATIENT + NO_MEMORY) for _ in range(2))
        body = gateway.members("1@chatroom").body
        (key,) = until(cluster.values, "the cluster holds the answer")
        source = cluster.owner(key)
        target = next(n for n in cluster.nodes if n is not source)
        slot = cluster.slot_of(key)
        for step in (cluster.begin_move, cluster.finish_move):
            step(slot, source, target)
            for each in (gateway, other):
                self.assert_from_redis(each.members("1@chatroom"), body)
        self.assertIn(key, target.values())
        self.assertEqual(self.instance.calls(), 1)

    def test_a_purge_is_carried_out_in_a_slot_that_is_on_its_way(self):
        cluster = self.start_cluster(replicas=False)
        gateway, other = self.gateway(cluster), self.gateway(cluster)
        gateway.members("1@chatroom")
        (key,) = until(cluster.values, "the cluster holds the answer")
        self.assert_from_redis(other.members("1@chatroom"), self.own("1@chatroom"))
        source = cluster.owner(key)
        target = next(n for n in cluster.nodes if n is not source)
        cluster.begin_move(cluster.slot_of(key), source, target)
        purged = self.purge(gateway, {"wId": "w1", "wcId": "1@chatroom"})
        self.assertEqual((purged.status, purged.json()), (200, {"purged": 1}))
        calls = self.instance.calls()
        until(lambda: "fwd=miss" in other.members("1@chatroom").cache, "the other gateway has heard of it")
        self.assertGreater(self.instance.calls(), calls)

    def test_a_master_dies_and_bots_do_not_notice(self):
        cluster = self.start_cluster()
        gateway, other = self.gateway(cluster, settings=NO_MEMORY), self.gateway(cluster, settings=NO_MEMORY)
        rooms = [f"{n}@chatroom" for n in range(20)]
        bodies = {room: gateway.members(room).body for room in rooms}
        until(lambda: len(cluster.values()) == len(rooms), "the cluster holds all answers")
        dead = cluster.nodes[0]
        dead.kill()
        slowest, end = 0.0, time.monotonic() + 20
        while time.monotonic() < end:
            for room in rooms:
                begin = time.monotonic()
                answer = other.members(room)
                slowest = max(slowest, time.monotonic() - begin)
                self.assertEqual((answer.status, answer.body), (200, bodies[room]))
            if len(cluster.masters()) == 3 and other.metric("rollcall_redis_connections") == 9:
                break
            time.sleep(0.02)
        self.assertLess(slowest, 2, "as long as a call, whatever Redis does")
        self.await_connections(other)
        until(lambda: all("hit" in other.members(room).cache for room in rooms), "all is served from the cluster again")
        dead.start()
        cluster.settle()
        until(lambda: all("hit" in gateway.members(room).cache for room in rooms), "and so by the other gateway")

    def test_a_purge_that_only_the_dead_master_knew_of_is_carried_out_on_its_successor(self):
        cluster = self.start_cluster()
        gateway, other = self.gateway(cluster), self.gateway(cluster)
        rooms = [f"{n}@chatroom" for n in range(12)]
        for room in rooms:
            gateway.members(room)
        until(lambda: len(cluster.values()) == len(rooms), "the cluster holds all answers")
        doomed = cluster.nodes[0]
        self.assertTrue(doomed.values())
        until(lambda: len(cluster.nodes[3].values()) == len(doomed.values()), "the replica has them as well")
        for command in (("ACL", "SETUSER", "default", "-psync", "-sync"), ("CLIENT", "KILL", "TYPE", "replica")):
            doomed.command(*command)

        time.sleep(2)  # so that what is older than the purge has another age
        purged = self.purge(gateway, {"wId": "w1"})
        self.assertEqual((purged.status, purged.json()), (200, {"purged": len(rooms)}))
        begin = time.monotonic()
        doomed.kill()
        until(lambda: cluster.nodes[3].is_master, "the replica is a master")
        self.assertTrue(cluster.nodes[3].values())
        for gateway in (gateway, other):
            self.await_connections(gateway)
            for room in rooms:
                answer = gateway.members(room)
                self.assertEqual(answer.status, 200)
                self.assertLessEqual(int(answer.headers["Age"] or 0), time.monotonic() - begin + 1, answer.cache)
        self.assertGreater(gateway.metric("rollcall_purges_repeated_total"), 0)

    def test_an_empty_address_book_is_no_hindrance(self):
        """The seeds are dead at first, and the gateway serves all the same."""
        cluster = self.start_cluster(replicas=False)
        for node in cluster.nodes:
            node.kill()
        gateway = self.gateway(cluster, connected=False)
        self.assertEqual(gateway.members("1@chatroom").status, 200)
        for node in cluster.nodes:
            node.start()
        cluster.settle()
        self.await_connections(gateway)
        self.assertIn("no node of the cluster tells", gateway.logged())


if __name__ == "__main__":
    unittest.main()
