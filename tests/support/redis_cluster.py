"""A real Redis Cluster on 127.0.0.1, for whoever drives the programs from Python."""

import contextlib
import re

from ports import free_port
from processes import until
from redis_processes import RedisServer

SLOTS = 16384
NODE_TIMEOUT = 1.0  # a dead master is replaced two or three seconds later


class ClusterNode(RedisServer):
    """On a port that it keeps. Forgets its data when it stops, but not the cluster."""

    def __init__(self, certificate=None):
        """With a certificate, its key and its authority, all of them files, the port and the bus speak TLS only."""
        self.port, self.bus_port = free_port(), free_port()
        door = ["--port", str(self.port)]
        if certificate:
            file, key, authority = map(str, certificate)
            door = ["--tls-port", str(self.port), "--tls-cert-file", file, "--tls-key-file", key, "--tls-ca-cert-file",
                    authority, "--tls-auth-clients", "no", "--tls-cluster", "yes", "--tls-replication", "yes"]
        super().__init__(*door, "--bind", "127.0.0.1", "--cluster-enabled", "yes",
                         "--cluster-port", str(self.bus_port), "--cluster-node-timeout", str(int(NODE_TIMEOUT * 1000)),
                         "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0")

    def end(self):
        if self.process:
            self.process.kill()  # an orderly end would wait for replicas, which end as well
        super().end()

    @property
    def id(self):
        return self.command("CLUSTER", "MYID").decode()

    @property
    def is_master(self):
        return b"myself,master" in self.command("CLUSTER", "NODES")

    def settled(self, count):
        """It thinks that the cluster of so many is at work, and has the data of its master."""
        info, replication = self.command("CLUSTER", "INFO"), self.command("INFO", "replication")
        return (b"cluster_state:ok" in info and b"cluster_known_nodes:%d\r" % count in info
                and (b"role:master" in replication or b"master_link_status:up" in replication))


class RedisCluster:
    """As many replicas as masters, unless told otherwise; slots are spread evenly."""

    def __init__(self, masters=3, replicas=True, authority=None):
        certificate = authority.certify("IP:127.0.0.1") if authority else None
        self.nodes = []
        with contextlib.ExitStack() as undo:
            undo.callback(self.end)
            for i in range(2 * masters if replicas else masters):
                self.nodes.append(ClusterNode(certificate and (*certificate, authority.file)))
                self.nodes[i].command("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            for i, node in enumerate(self.nodes[:masters]):
                node.command("CLUSTER", "ADDSLOTSRANGE", i * SLOTS // masters, (i + 1) * SLOTS // masters - 1)
            for node in self.nodes[1:]:
                self.nodes[0].command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus_port)
            known = b"cluster_known_nodes:%d\r" % len(self.nodes)
            until(lambda: all(known in n.command("CLUSTER", "INFO") for n in self.nodes), "the nodes have met")
            for i, node in enumerate(self.nodes[masters:]):
                until(lambda: self.replicate(node, self.nodes[i].id), "a master is known")
            self.settle()
            undo.pop_all()
        self.url = f"{'rediss' if authority else 'redis'}+cluster://" + ",".join(f"127.0.0.1:{n.port}" for n in self.nodes[:masters])

    @staticmethod
    def replicate(node, master):
        with contextlib.suppress(OSError):
            return node.command("CLUSTER", "REPLICATE", master) == b"OK"

    @property
    def living(self):
        return [n for n in self.nodes if n.process]

    def settle(self):
        """Until all nodes that live agree that the cluster is at work."""
        until(lambda: all(n.settled(len(self.nodes)) for n in self.living), "the cluster is at work")

    def masters(self):
        return [n for n in self.living if n.is_master]

    def slot_of(self, key):
        return self.living[0].command("CLUSTER", "KEYSLOT", key)

    def owner(self, key):
        """The master that has the slot of a key."""
        slot = self.slot_of(key)
        for first, last, master, *_ in self.living[0].command("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(n for n in self.nodes if n.port == master[1])
        raise AssertionError(f"nobody has slot {slot}")

    def keys(self, pattern=rb".*"):
        return sorted(key for n in self.masters() for key in n.keys(pattern))

    def values(self):
        """The keys of answers: neither leases nor the index sets."""
        return sorted(key for n in self.masters() for key in n.values())

    def begin_move(self, slot, source, target):
        """What the source has not got of the slot is at the target from now on."""
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)

    def finish_move(self, slot, source, target):
        while keys := source.command("CLUSTER", "GETKEYSINSLOT", slot, 100):
            for key in keys:
                source.command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
        for node in [target, *(m for m in self.masters() if m is not target)]:
            node.command("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        # Or the next move may get an epoch that is no later than this one's, and be undone.
        until(lambda: len({self.epoch(n) for n in self.living}) == 1, "the nodes know of the move")

    @staticmethod
    def epoch(node):
        return re.search(rb"cluster_current_epoch:(\d+)", node.command("CLUSTER", "INFO"))[1]

    def move(self, slot, source, target):
        self.begin_move(slot, source, target)
        self.finish_move(slot, source, target)

    def end(self):
        for node in self.nodes:
            node.end()
