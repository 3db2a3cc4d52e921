"""redis-server in its three forms: alone, watched by Sentinels, as a cluster. On free ports of this machine, each in a
directory of its own, and none outlives us."""
import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import resp
from fleet import PATIENCE, Program, Trouble, free_ports, until

MASTER = "rollcall"  # what the Sentinels call it
NODE_TIMEOUT = 1000  # milliseconds until a node counts as failed; 15 s is Redis' default, operators take less


class Server:
    """A redis-server that can be killed, frozen and started again on its port. Nothing of it is kept on disk but what
    a cluster's node knows of itself."""

    def __init__(self, *flags, port=None):
        self.port = port or free_ports(1)[0]
        self.flags = flags
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-chaos-"))
        self.process = None
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def command(self):
        return ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.directory, "--save", "",
                "--appendonly", "no", "--logfile", self.directory / "log", *self.flags]

    def start(self):
        self.process = Program(*map(str, self.command()))
        try:
            until(lambda: not self.process.lives() or resp.answers(self.port), "redis-server answers")
            if not self.process.lives():
                raise Trouble(f"redis-server does not start on port {self.port}")
        except BaseException:
            self.process.end()
            raise

    def ask(self, *words):
        return resp.ask(self.port, *words)

    def kill(self):
        self.process.child.kill()
        self.process.child.wait()
        self.process.end()

    def freeze(self):
        self.process.child.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.child.send_signal(signal.SIGCONT)

    def lives(self):
        return self.process.lives()

    def end(self):
        if self.lives():
            self.thaw()
        self.process.end()
        shutil.rmtree(self.directory, ignore_errors=True)


class Sentinel(Server):
    def __init__(self, master_port):
        self.master_port = master_port
        super().__init__()

    def command(self):
        settings = self.directory / "sentinel.conf"
        settings.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {self.directory}\nlogfile {self.directory}/log\n"
                            f"sentinel monitor {MASTER} 127.0.0.1 {self.master_port} 2\n"
                            f"sentinel down-after-milliseconds {MASTER} {NODE_TIMEOUT}\n"
                            f"sentinel failover-timeout {MASTER} 10000\n")
        return ["redis-server", settings, "--sentinel"]

    def master(self):
        """The port of whom it names."""
        with contextlib.suppress(OSError, resp.Refused):
            return int(self.ask("SENTINEL", "get-master-addr-by-name", MASTER)[1])


class Group:
    """Servers that belong together."""

    def __init__(self):
        self.servers = []
        try:
            self.set_up()
        except BaseException:
            self.end()
            raise

    def start(self, server):
        self.servers.append(server)
        return server

    def end(self):
        for each in reversed(self.servers):
            each.end()


class Watched(Group):
    """A master and two replicas, and three Sentinels that agree by two."""

    def set_up(self):
        master = self.start(Server())
        following = ("--replicaof", f"127.0.0.1 {master.port}", "--repl-diskless-sync-delay", "0")
        self.data = [master, *(self.start(Server(*following)) for _ in range(2))]
        until(lambda: all(each.ask("ROLE")[3] == b"connected" for each in self.data[1:]), "replicas are in step")
        self.sentinels = [self.start(Sentinel(master.port)) for _ in range(3)]
        self.url = "redis+sentinel://" + ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels) + f"/{MASTER}"
        until(self.acquainted, "the Sentinels know each other and the replicas", 0.1)

    def acquainted(self):
        for each in self.sentinels:
            words = each.ask("SENTINEL", "master", MASTER)
            said = dict(zip(words[::2], words[1::2]))
            if (said[b"num-other-sentinels"], said[b"num-slaves"], said[b"flags"]) != (b"2", b"2", b"master"):
                return False
        return True

    def master(self):
        """The one that most Sentinels name, once it is one."""
        named = [each.master() for each in self.sentinels]
        for server in self.data:
            if named.count(server.port) >= 2 and server.lives():
                with contextlib.suppress(OSError, resp.Refused):
                    return server if server.ask("ROLE")[0] == b"master" else None
        return None

    def await_master_other_than(self, before):
        until(lambda: self.master() not in (None, before), "another one is the master", 0.05)


class Cluster(Group):
    """Three masters with a replica each."""

    def set_up(self):
        for port, bus in zip(*[iter(free_ports(12))] * 2):
            self.start(Server("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port",
                              str(bus), "--cluster-node-timeout", str(NODE_TIMEOUT), "--repl-diskless-sync-delay", "0",
                              port=port))
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{each.port}" for each in self.servers)
        made = subprocess.run(["redis-cli", "--cluster", "create", *(f"127.0.0.1:{each.port}" for each in self.servers),
                               "--cluster-replicas", "1", "--cluster-yes"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        if made.returncode:
            raise Trouble(f"redis-cli --cluster create: {(made.stdout + made.stderr).strip()[-300:]}")
        until(lambda: self.sound() and self.replicas_in_step() == 3, "the cluster is up", 0.1)

    def replicas_in_step(self):
        roles = [each.ask("ROLE") for each in self.servers]
        return sum(role[0] == b"slave" and role[3] == b"connected" for role in roles)

    def alive(self):
        return [each for each in self.servers if each.lives()]

    def masters(self):
        return [each for each in self.alive() if each.ask("ROLE")[0] == b"master"]

    def sound(self):
        """All slots are served, as every node that lives sees it."""
        try:
            return all(b"cluster_state:ok" in each.ask("CLUSTER", "INFO") for each in self.alive())
        except (OSError, resp.Refused):
            return False

    def await_three_masters(self):
        until(lambda: len(self.masters()) == 3 and self.sound(), "a replica was promoted", 0.05)

    @staticmethod
    def name_of(server):
        return server.ask("CLUSTER", "MYID")

    def slots_in_use(self, server, most):
        """Of its slots, the ones that hold most keys."""
        there = []
        for first, last, master, *_ in server.ask("CLUSTER", "SLOTS"):
            if master[1] == server.port:
                there += [(server.ask("CLUSTER", "COUNTKEYSINSLOT", slot), slot) for slot in range(first, last + 1, 16)]
        return [slot for keys, slot in sorted(there, reverse=True)[:most] if keys]

    def migrate(self, slot, source, target, pause):
        """As redis-cli --cluster reshard does it, key by key, and slowly."""
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", self.name_of(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", self.name_of(target))
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1):
            source.ask("MIGRATE", "127.0.0.1", target.port, keys[0], 0, 1000, "REPLACE")
            time.sleep(pause)
        time.sleep(pause)
        name = self.name_of(target)
        for each in (target, source, *(one for one in self.masters() if one not in (target, source))):
            each.ask("CLUSTER", "SETSLOT", slot, "NODE", name)
