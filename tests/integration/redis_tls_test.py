#!/usr/bin/python3
"""Redis over TLS: a server that proves its name is used, and no other."""

import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from certificates import Authority
from ports import free_port
from processes import GATEWAY, PATIENCE, until
from redis_processes import PATIENT, RedisServer, RedisTest


class TlsServer(RedisServer):
    """Besides its UNIX socket it listens on a port, with TLS and nothing else."""

    def __init__(self, authority, names, **options):
        self.port = free_port()
        file, key = authority.certify(names)
        super().__init__("--tls-port", str(self.port), "--tls-cert-file", str(file), "--tls-key-file", str(key),
                         "--tls-ca-cert-file", str(authority.file), "--tls-auth-clients", "no", **options)

    def tls_url(self, host="127.0.0.1"):
        login = f":{self.password}@" if self.password else ""
        return f"rediss://{login}{host}:{self.port}"


class Tls(RedisTest):
    def setUp(self):
        super().setUp()
        self.ours = self.started(Authority())

    def gateway_at(self, url, authority, connected=True):
        gateway = self.start_gateway(self.instance, "--redis", url, settings=f'{PATIENT}ca = "{authority.file}"\n')
        gateway.expected_errors.append(r"^\S+ warning redis ")
        if connected:
            self.await_connections(gateway)
        return gateway

    def test_a_server_that_proves_its_address_or_its_name(self):
        redis = self.started(TlsServer(self.ours, "IP:127.0.0.1,DNS:localhost", password="hunter2"))
        one = self.gateway_at(redis.tls_url(), self.ours)
        two = self.gateway_at(redis.tls_url("localhost"), self.ours)
        body = self.own("1@chatroom")
        one.members("1@chatroom")
        self.await_keys(redis, 1)
        self.assert_from_redis(two.members("1@chatroom"), body)
        self.assertNotIn("hunter2", one.logged())

    def test_large_values_both_ways(self):
        """Larger than a record of TLS."""
        redis = self.started(TlsServer(self.ours, "IP:127.0.0.1"))
        self.instance = self.start_instance("--members", "500")
        one, two = (self.gateway_at(redis.tls_url(), self.ours) for _ in range(2))
        body = self.own("1@chatroom")
        self.assertGreater(len(body), 50_000)
        one.members("1@chatroom")
        self.await_keys(redis, 1)
        self.assert_from_redis(two.members("1@chatroom"), body)

    def test_a_server_that_is_restarted_is_connected_to_again(self):
        redis = self.started(TlsServer(self.ours, "IP:127.0.0.1"))
        gateway = self.gateway_at(redis.tls_url(), self.ours)
        redis.kill()
        until(lambda: gateway.metric("rollcall_redis_connections") == 0, "the gateway notices")
        self.assertEqual(gateway.members("1@chatroom").status, 200)
        redis.start()
        self.await_connections(gateway)

    def assert_refused(self, gateway, why):
        until(lambda: gateway.metric("rollcall_redis_connect_failures_total") >= 6, "it goes on trying")
        self.assertEqual(gateway.metric("rollcall_redis_connections"), 0)
        self.assertEqual(gateway.members("1@chatroom").status, 200)
        lines = [line for line in gateway.logged().splitlines() if " warning " in line and ": tracking:" not in line]
        self.assertEqual(len(lines), 3, lines)  # one for each of two threads, and one for purges
        for line in lines:
            self.assertRegex(line, why)

    def test_a_server_with_another_name_is_refused(self):
        redis = self.started(TlsServer(self.ours, "DNS:elsewhere.example,IP:127.0.0.2"))
        self.assert_refused(self.gateway_at(redis.tls_url(), self.ours, connected=False),
                            "cannot connect: its certificate is not accepted: IP address mismatch")
        self.assert_refused(self.gateway_at(redis.tls_url("localhost"), self.ours, connected=False),
                            "cannot connect: its certificate is not accepted: hostname mismatch")

    def test_a_server_that_an_unknown_authority_vouches_for_is_refused(self):
        redis = self.started(TlsServer(self.started(Authority()), "IP:127.0.0.1"))
        self.assert_refused(self.gateway_at(redis.tls_url(), self.ours, connected=False),
                            "cannot connect: its certificate is not accepted: ")

    def test_a_server_without_tls_is_refused(self):
        port = free_port()
        self.start_redis("--port", str(port), "--bind", "127.0.0.1")
        self.assert_refused(self.gateway_at(f"rediss://127.0.0.1:{port}", self.ours, connected=False),
                            "cannot connect: (the TLS handshake failed|closed by Redis|timed out)")

    def test_authorities_that_cannot_be_read_stop_the_start(self):
        said = subprocess.run([GATEWAY, "--redis", "rediss://127.0.0.1:1", "--config", "/dev/stdin", "--check"],
                              input='[redis]\nca = "/nowhere/ca.pem"\n', capture_output=True, text=True, timeout=PATIENCE)
        self.assertNotEqual(said.returncode, 0)
        self.assertRegex(said.stderr, r"redis\.ca: cannot read .*/nowhere/ca\.pem")


if __name__ == "__main__":
    unittest.main()
