#!/usr/bin/python3
"""The HTTP clients that bots are written with, against the real gateway: every one gets the documented answer byte for
byte, however it sends its request and keeps its connections."""

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import aiohttp
import httpx
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import DOCUMENTED, DOCUMENTED_SHA256, PATIENCE, Gateway, Instance, ProcessTest, request_body, until

BODY = json.dumps(DOCUMENTED)
LARGE_ROOM = request_body("w1", "777@chatroom").decode()
UPLOAD = bytes(range(256)) * 8192  # 2 MiB: above this much curl asks for permission by itself


class ClientTest(ProcessTest):
    """One gateway for each class, warm: the documented answer, and a large room that has its gzip variant."""

    @classmethod
    def setUpClass(cls):
        cls.instance = Instance("--members", "60")
        cls.addClassCleanup(cls.instance.end)
        cls.gateway = Gateway("--upstream", cls.instance.url)
        cls.addClassCleanup(cls.gateway.end)
        cls.url = cls.gateway.url + "/getChatRoomMember"
        cls.documented = cls.gateway.post(BODY.encode()).body
        cls.large = cls.gateway.post(LARGE_ROOM.encode()).body
        assert hashlib.sha256(cls.documented).hexdigest() == DOCUMENTED_SHA256
        assert len(cls.large) > 20_000

        def has_gzip():
            return cls.gateway.post(LARGE_ROOM.encode(), {"Accept-Encoding": "gzip"}).headers["Content-Encoding"]

        until(has_gzip, "the large room has a gzip variant")

    @contextlib.contextmanager
    def connections(self, least, most=None):
        """What happens inside opens so many connections to the gateway."""
        before = self.gateway.metric("rollcall_connections_accepted_total")
        yield
        opened = self.gateway.metric("rollcall_connections_accepted_total") - before
        self.assertTrue(least <= opened <= (most or least), f"{opened} connections")

    def assert_documented(self, *bodies):
        for body in bodies:
            self.assertEqual(body, self.documented)

    def run_client(self, *arguments, input=None):
        done = subprocess.run(arguments, input=input, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, (arguments, done.stdout[-500:], done.stderr[-2000:]))
        return done


class Curl(ClientTest):
    def curl(self, *arguments, input=None):
        return self.run_client("curl", "--silent", "--show-error", "--fail", *arguments, input=input)

    def test_one_shot_and_two_requests_on_one_connection(self):
        with self.connections(1):
            self.assert_documented(self.curl("-d", BODY, self.url).stdout)
        with self.connections(1):
            self.assertEqual(self.curl("-d", BODY, self.url, self.url).stdout, self.documented * 2)

    def test_a_connection_for_each_request(self):
        with self.connections(2):
            twice = self.curl("-H", "Connection: close", "-d", BODY, self.url, self.url)
        self.assertEqual(twice.stdout, self.documented * 2)

    def test_a_chunked_body(self):
        chunked = ("-H", "Transfer-Encoding: chunked", "--data-binary", "@-")
        self.assertEqual(self.curl(*chunked, self.url, self.url, input=BODY.encode()).stdout, self.documented * 2)

    def test_it_does_not_wait_for_permission_to_send_its_body(self):
        for framing in ("Content-Type: application/json", "Transfer-Encoding: chunked"):
            told = self.curl("-v", "--expect100-timeout", "20", "-H", "Expect: 100-continue", "-H", framing, "-d", BODY,
                             "-w", "%{stderr}took=%{time_total}", self.url)
            self.assert_documented(told.stdout)
            self.assertIn(b"< HTTP/1.1 100 Continue", told.stderr)
            self.assertLess(float(told.stderr.rpartition(b"took=")[2]), 10)

    def test_a_large_upload_for_which_it_asks_permission_unasked(self):
        told = self.curl("-v", "--expect100-timeout", "20", "--data-binary", "@-", self.gateway.url + "/echo",
                         input=UPLOAD)
        self.assertEqual(told.stdout, UPLOAD)
        self.assertIn(b"< HTTP/1.1 100 Continue", told.stderr)

    def test_gzip_only_when_asked_for(self):
        with tempfile.NamedTemporaryFile() as head:
            save = ("-D", head.name, "-d", LARGE_ROOM, self.url)
            self.assertEqual(self.curl(*save).stdout, self.large)
            self.assertNotIn("content-encoding", Path(head.name).read_text().lower())
            packed = self.curl("-H", "Accept-Encoding: gzip", *save).stdout
            self.assertEqual(gzip.decompress(packed), self.large)
            self.assertLess(len(packed), len(self.large) // 2)
            self.assertRegex(Path(head.name).read_text(), r"(?i)content-encoding: gzip\r?\n")
            self.assertRegex(Path(head.name).read_text(), r"(?i)vary: accept-encoding\r?\n")
            self.assertEqual(self.curl("--compressed", *save).stdout, self.large)
            self.assertEqual(self.curl("-H", "Accept-Encoding: gzip;q=0", *save).stdout, self.large)

    def test_an_offer_of_http2_is_answered_in_http1(self):
        told = self.curl("--http2", "-d", BODY, "-w", "%{stderr}version=%{http_version}", self.url)
        self.assert_documented(told.stdout)
        self.assertIn(b"version=1.1", told.stderr)

    def test_http_1_0(self):
        with self.connections(2):
            twice = self.curl("--http1.0", "-d", BODY, self.url, self.url)
        self.assertEqual(twice.stdout, self.documented * 2)


class Wget(ClientTest):
    def wget(self, *arguments, body=BODY):
        return self.run_client("wget", "-q", "-O", "-", "--tries=1", f"--post-data={body}", *arguments).stdout

    def test_keep_alive_and_one_connection_a_request(self):
        with self.connections(1):
            self.assertEqual(self.wget(self.url, self.url), self.documented * 2)
        with self.connections(2):
            self.assertEqual(self.wget("--no-http-keep-alive", self.url, self.url), self.documented * 2)

    def test_gzip_only_when_asked_for(self):
        self.assertEqual(self.wget(self.url, body=LARGE_ROOM), self.large)
        self.assertEqual(self.wget("--compression=gzip", self.url, body=LARGE_ROOM), self.large)


class ApacheBench(ClientTest):
    """The one client that still speaks HTTP/1.0."""

    def ab(self, *arguments):
        with tempfile.NamedTemporaryFile() as file:
            file.write(BODY.encode())
            file.flush()
            done = self.run_client("ab", "-q", "-n", "40", "-c", "4", "-p", file.name, *arguments, self.url)
        told = done.stdout.decode()
        self.assertRegex(told, r"Complete requests: +40\n")
        self.assertRegex(told, r"Failed requests: +0\n")
        self.assertNotIn("Non-2xx", told)
        self.assertRegex(told, rf"Document Length: +{len(self.documented)} bytes\n")
        return told

    def test_a_connection_for_each_request(self):
        with self.connections(40, 44):  # it opens its next ones before it notices that it is done
            self.assertIn(self.documented.decode(), self.ab("-v", "4"))

    def test_keep_alive(self):
        with self.connections(4):
            self.assertRegex(self.ab("-k"), r"Keep-Alive requests: +40\n")


class Requests(ClientTest):
    def test_a_session_keeps_its_connection(self):
        with self.connections(1), requests.Session() as session:
            self.assert_documented(*(session.post(self.url, json=DOCUMENTED).content for _ in range(10)))

    def test_without_a_session(self):
        with self.connections(3):
            self.assert_documented(*(requests.post(self.url, data=BODY).content for _ in range(3)))

    def test_chunked_bodies_and_expect(self):
        with self.connections(1), requests.Session() as session:
            self.assert_documented(session.post(self.url, data=(c.encode() for c in BODY)).content)
            self.assert_documented(session.post(self.url, data=BODY, headers={"Expect": "100-continue"}).content)
            self.assertEqual(session.post(self.gateway.url + "/echo", data=iter([UPLOAD, b"end"])).content,
                             UPLOAD + b"end")
            self.assert_documented(session.post(self.url, data=BODY).content)

    def test_gzip_only_when_asked_for(self):
        asked = requests.post(self.url, data=LARGE_ROOM)
        self.assertEqual((asked.headers["Content-Encoding"], asked.content), ("gzip", self.large))
        for wish in ("identity", None, "gzip;q=0", "br"):
            plain = requests.post(self.url, data=LARGE_ROOM, headers={"Accept-Encoding": wish})
            self.assertEqual((plain.headers.get("Content-Encoding"), plain.content), (None, self.large))


class Httpx(ClientTest):
    def test_a_hundred_requests_whose_head_and_body_come_separately_wait_for_no_delayed_acknowledgement(self):
        with self.connections(1), httpx.Client() as client:
            client.post(self.url, content=BODY)
            begin = time.monotonic()
            self.assert_documented(*(client.post(self.url, content=BODY).content for _ in range(100)))
            self.assertLess(time.monotonic() - begin, 2)  # a delayed ACK for each would make it 4.4

    def test_without_a_client_and_with_chunked_bodies_and_expect(self):
        with self.connections(2):
            self.assert_documented(*(httpx.post(self.url, json=DOCUMENTED).content for _ in range(2)))
        with self.connections(1), httpx.Client() as client:
            self.assert_documented(client.post(self.url, content=(c.encode() for c in BODY)).content)
            self.assert_documented(client.post(self.url, content=BODY, headers={"Expect": "100-continue"}).content)
            self.assertEqual(client.post(self.gateway.url + "/echo", content=iter([UPLOAD, b"end"])).content,
                             UPLOAD + b"end")

    def test_gzip_only_when_asked_for(self):
        asked = httpx.post(self.url, content=LARGE_ROOM)
        self.assertEqual((asked.headers["Content-Encoding"], asked.content), ("gzip", self.large))
        plain = httpx.post(self.url, content=LARGE_ROOM, headers={"Accept-Encoding": "identity"})
        self.assertNotIn("Content-Encoding", plain.headers)
        self.assertEqual(plain.content, self.large)


class Aiohttp(ClientTest):
    def ask(self, count, *, force_close=False, body=BODY, **options):
        """So many requests one after the other in one session; the last answer's encoding and every body."""
        async def pieces():
            for c in BODY:
                yield c.encode()

        async def run():
            limit = aiohttp.ClientTimeout(total=PATIENCE)
            connector = aiohttp.TCPConnector(force_close=force_close)
            async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
                bodies = []
                for _ in range(count):
                    data = body if body else pieces()
                    async with session.post(self.url, data=data, **options) as answer:
                        bodies.append(await answer.read())
                return answer.headers.get("Content-Encoding"), bodies

        return asyncio.run(run())

    def test_keep_alive_and_one_connection_a_request(self):
        with self.connections(1):
            self.assert_documented(*self.ask(10)[1])
        with self.connections(3):
            self.assert_documented(*self.ask(3, force_close=True)[1])

    def test_chunked_bodies_and_permission_to_send_them(self):
        with self.connections(1):
            self.assert_documented(*self.ask(3, body=None)[1])
        with self.connections(2):
            begin = time.monotonic()
            self.assert_documented(*self.ask(3, expect100=True)[1])
            self.assert_documented(*self.ask(1, body=None, expect100=True)[1])
            self.assertLess(time.monotonic() - begin, 10)

    def test_gzip_only_when_asked_for(self):
        self.assertEqual(self.ask(1, body=LARGE_ROOM), ("gzip", [self.large]))
        self.assertEqual(self.ask(1, body=LARGE_ROOM, headers={"Accept-Encoding": "identity"}), (None, [self.large]))


class Urllib(ClientTest):
    def ask(self, body, headers={}):
        with urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=PATIENCE) as answer:
            return answer.headers["Content-Encoding"], answer.read()

    def test_it_closes_after_each_request_chunked_or_not(self):
        with self.connections(3):
            self.assertEqual(self.ask(BODY.encode()), (None, self.documented))
            self.assertEqual(self.ask(c.encode() for c in BODY), (None, self.documented))
            self.assertEqual(self.ask(BODY.encode(), {"Expect": "100-continue"}), (None, self.documented))

    def test_gzip_only_when_asked_for(self):
        self.assertEqual(self.ask(LARGE_ROOM.encode()), (None, self.large))
        encoding, packed = self.ask(LARGE_ROOM.encode(), {"Accept-Encoding": "gzip"})
        self.assertEqual((encoding, gzip.decompress(packed)), ("gzip", self.large))


class Programs(ClientTest):
    """Clients of other languages, each a small program that reports what it got."""

    def report(self, *command, body):
        told = self.run_client(*command, self.gateway.url, body).stdout.decode().split("\n")[:-1]
        return [(name, base64.b64decode(answer)) for name, answer in (line.split(" ") for line in told)]

    def check(self, command, names, connections):
        for body, expected in ((BODY, self.documented), (LARGE_ROOM, self.large)):
            with self.connections(*connections):
                answers = self.report(*command, body=body)
            self.assertEqual([name for name, _ in answers], names)
            for name, answer in answers:
                with self.subTest(name):
                    self.assertEqual(answer, expected)

    @unittest.skipUnless(shutil.which("node"), "there is no Node")
    def test_node(self):
        program = Path(__file__).parent / "clients/fetch.mjs"
        names = ["keep-alive"] * 10 + ["closing", "chunked", "parallel", "expect", "expect"]
        self.check(["node", str(program)], names, (3, 16))  # fetch opens connections as it likes

    @unittest.skipUnless(shutil.which("javac"), "there is no JDK")
    def test_java(self):
        program = Path(__file__).parent / "clients/Fetch.java"
        with tempfile.TemporaryDirectory() as compiled:
            self.run_client("javac", "-d", compiled, str(program))
            names = ["keep-alive"] * 10 + ["chunked"] * 2 + ["expect"] * 2 + ["gzip", "http/1.1"]
            command = ["java", "-XX:TieredStopAtLevel=1", "-cp", compiled, "Fetch"]
            self.check(command, names, (2, 2))


if __name__ == "__main__":
    unittest.main()
