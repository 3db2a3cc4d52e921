"""A master, a replica and three Sentinels, all real, on free loopback ports."""

import contextlib
import socket
import ssl
from pathlib import Path

from ports import free_port
from processes import PATIENCE, Process, until
from redis_processes import RedisServer, RedisTest

NAME = "main"
DOWN_AFTER = 500  # ms without an answer until a Sentinel counts a server as down


class TcpServer(RedisServer):
    """redis-server, or redis-sentinel with a configuration file, on a port of its own that it keeps. With an `authority`
    it speaks TLS and nothing else."""

    def __init__(self, *flags, sentinel=None, password=None, authority=None):
        self.port, self.sentinel, self.tls = free_port(), sentinel, None
        self.options = {"bind": "127.0.0.1", "port": self.port}
        if authority:
            self.tls = ssl.create_default_context(cafile=authority.file)
            file, key = authority.certify("IP:127.0.0.1")
            self.options |= {"port": 0, "tls-port": self.port, "tls-cert-file": file, "tls-key-file": key,
                             "tls-ca-cert-file": authority.file, "tls-auth-clients": "no", "tls-replication": "yes"}
        super().__init__(*flags, start=False, password=password)
        self.url = f"redis{'s' if authority else ''}://127.0.0.1:{self.port}"
        if self.sentinel:
            self.file = Path(self.directory) / "sentinel.conf"
            own = "".join(f"{name} {value}\n" for name, value in self.options.items())
            self.file.write_text(f"{own}dir {self.directory}\n{sentinel}")
        self.start()

    def start(self):
        if self.sentinel:
            self.process = Process(["redis-server", str(self.file), "--sentinel"])
        else:
            own = [word for name, value in self.options.items() for word in (f"--{name}", str(value))]
            self.process = Process(["redis-server", *own, "--dir", self.directory, "--save", "", "--appendonly", "no",
                                    "--repl-diskless-sync-delay", "0", *self.flags])
        until(self.answers, "it answers")

    def command(self, *arguments):
        with contextlib.ExitStack() as open_files:
            link = open_files.enter_context(socket.create_connection(("127.0.0.1", self.port), PATIENCE))
            if self.tls:
                link = open_files.enter_context(self.tls.wrap_socket(link, server_hostname="127.0.0.1"))
            with link.makefile("rb") as replies:
                for words in ([("AUTH", self.password)] if self.password else []) + [arguments]:
                    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
                    link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
                    reply = self.read(replies)
                return reply

    def role(self):
        with contextlib.suppress(OSError):
            return self.command("ROLE")[0]


class Watched:
    """The master and its replica, and the Sentinels that watch them."""

    def __init__(self, password=None, sentinel_password=None, authority=None):
        self.password, self.sentinel_password, self.authority = password, sentinel_password, authority
        login = ["--masterauth", password] if password else []
        self.servers, self.sentinels = [], []
        try:
            self.servers.append(TcpServer(*login, password=password, authority=authority))
            self.replica = self.add_replica()
            for _ in range(3):
                self.add_sentinel()
            until(self.know_each_other, "the Sentinels know each other")
        except BaseException:
            self.end()
            raise

    def add_replica(self):
        login = ["--masterauth", self.password] if self.password else []
        replica = TcpServer("--replicaof", "127.0.0.1", str(self.servers[0].port), *login, password=self.password,
                            authority=self.authority)
        self.servers.append(replica)
        until(lambda: replica.command("ROLE")[3] == b"connected", "the replica has the master's data")
        return replica

    def add_sentinel(self):
        auth = f"sentinel auth-pass {NAME} {self.password}\n" if self.password else ""
        own = f"requirepass {self.sentinel_password}\n" if self.sentinel_password else ""
        self.sentinels.append(TcpServer(password=self.sentinel_password, authority=self.authority, sentinel=own + (
            f"sentinel monitor {NAME} 127.0.0.1 {self.servers[0].port} 2\n{auth}"
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER}\n"
            f"sentinel failover-timeout {NAME} 3000\nsentinel parallel-syncs {NAME} 1\n")))

    def know_each_other(self):
        def ready(sentinel):
            fields = sentinel.command("SENTINEL", "MASTER", NAME)
            known = dict(zip(fields[::2], fields[1::2]))
            return known[b"num-other-sentinels"] == b"2" and known[b"num-slaves"] == b"1" and known[b"flags"] == b"master"

        return all(ready(s) for s in self.sentinels)

    @property
    def url(self):
        return self.url_of(self.sentinels)

    def url_of(self, sentinels):
        login = f":{self.password}@" if self.password else ""
        own = f"?sentinel_password={self.sentinel_password}" if self.sentinel_password else ""
        return f"redis{'s' if self.authority else ''}+sentinel://{login}{','.join(f'127.0.0.1:{s.port}' for s in sentinels)}/{NAME}{own}"

    @property
    def master(self):
        return self.servers[0]

    def promoted(self):
        """The former replica is the master."""
        return self.replica.role() == b"master"

    def announced(self):
        """All Sentinels that live say so."""
        return all(s.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1] == b"%d" % self.replica.port
                   for s in self.sentinels if s.process)

    def end(self):
        for process in [*self.sentinels, *self.servers]:
            if process.process:
                process.process.expected_errors = [""]
            process.end()


class SentinelTest(RedisTest):
    def watched(self, **options):
        return self.started(Watched(**options))

    def gateway_at(self, url, connected=True, settings='[redis]\ntimeout = "5s"\n'):
        gateway = self.start_gateway(self.instance, "--redis", url, settings=settings)
        gateway.expected_errors.append(r"^\S+ warning (redis|sentinel) ")
        if connected:
            self.await_connections(gateway)
        return gateway

    def master_of(self, gateway):
        return gateway.admin("/status").json()["redis"]["master"]

    def await_master(self, gateway, server, limit=PATIENCE):
        until(lambda: self.master_of(gateway) == server.url, "it knows the master", limit)
        self.await_connections(gateway)
