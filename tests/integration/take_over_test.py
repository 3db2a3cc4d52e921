#!/usr/bin/python3
"""One process replaces another on the same ports, and no client notices."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import PATIENCE, Gateway, ProcessTest, request_body, until

UNCONFIRMED = r"^\S+ warning took the sockets of process \d+ over, but"
HALF_WAY = r"^\S+ warning process \d+ was to take over and has not done so"


def raw_request(connection, close):
    body = request_body("w1", "1@chatroom")
    connection.sendall(b"POST /getChatRoomMember HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n%s"
                       % (len(body), b"Connection: close\r\n" if close else b"", body))


def raw_answer(connection):
    """The status line and whether the connection goes on. Raises when the answer is not whole."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError(f"closed after {len(got)} bytes")
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    fields = head.lower()
    length = int(fields.partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed within a body")
        body += piece
    return head.split(b"\r\n")[0], b"connection: close" not in fields


class Hammer:
    """Clients that ask all the time: some with a connection for each request, some on connections that stay."""

    def __init__(self, port, admin_port):
        self.port, self.admin_port = port, admin_port
        self.over = threading.Event()
        self.failures, self.counts = [], {}
        kinds = [self.fresh] * 3 + [self.kept] * 2 + [self.admin]
        self.threads = [threading.Thread(target=self.run, args=(kind,)) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def run(self, kind):
        for what in kind():
            self.counts[what] = self.counts.get(what, 0) + 1
            if self.over.is_set():
                return

    def connected(self, port=None):
        return contextlib.closing(socket.create_connection(("127.0.0.1", port or self.port), PATIENCE))

    @contextlib.contextmanager
    def noting(self, what):
        try:
            yield
        except OSError as e:
            self.failures.append((what, repr(e)))

    def fresh(self):
        while True:
            with self.noting("fresh"), self.connected() as connection:
                raw_request(connection, True)
                status, _ = raw_answer(connection)
                if status != b"HTTP/1.1 200 OK":
                    self.failures.append(("fresh", status))
            yield "fresh"

    def kept(self):
        while True:
            with self.noting("kept"), self.connected() as connection:
                goes_on = True
                while goes_on:
                    raw_request(connection, False)
                    status, goes_on = raw_answer(connection)
                    if status != b"HTTP/1.1 200 OK":
                        self.failures.append(("kept", status))
                    yield "kept"
            yield "new kept"

    def admin(self):
        while True:
            with self.noting("admin"), self.connected(self.admin_port) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                status, _ = raw_answer(connection)
                if status != b"HTTP/1.1 200 OK":
                    self.failures.append(("admin", status))
            yield "admin"
            time.sleep(0.002)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)


class TakeOver(ProcessTest):
    def setUp(self):
        self.instance = self.start_instance()

    def successor(self, of, *flags, **options):
        return self.start_gateway(self.instance, "--listen", f"127.0.0.1:{of.port}", "--admin",
                                  f"127.0.0.1:{of.admin_port}", "--take-over", *flags, **options)

    def test_no_client_notices_however_often(self):
        gateway = self.start_gateway(self.instance)
        hammer = Hammer(gateway.port, gateway.admin_port)
        self.addCleanup(hammer.stop)
        for threads in (2, 3, 1, 2, 1, 3, 2, 2):  # sockets are added, and several are one thread's
            time.sleep(0.3)
            following = self.successor(gateway, "--threads", str(threads))
            self.assertEqual(gateway.wait(), 0)
            self.assertIn(f"taken over from process {gateway.child.pid}, which drains", following.logged())
            gateway = following
        self.assertEqual(gateway.metric("rollcall_accept_errors_total"), 0)
        hammer.stop()
        self.assertEqual(hammer.failures, [])
        self.assertGreaterEqual(hammer.counts["new kept"], 8)
        self.assertGreater(hammer.counts["fresh"], 1000)
        self.assertGreater(hammer.counts["admin"], 100)

    def test_one_that_has_taken_over_can_be_replaced_at_once(self):
        gateway = self.start_gateway(self.instance)
        for _ in range(4):
            following = self.successor(gateway)
            self.assertEqual(gateway.wait(), 0)
            gateway = following
        self.assertEqual(gateway.members("1@chatroom").status, 200)

    def test_what_is_under_way_is_answered_by_the_old_one_and_the_new_one_is_at_once_ready(self):
        slow = self.start_instance("--latency", "1500ms")
        gateway = self.start_gateway(slow)
        begun = []
        asking = threading.Thread(target=lambda: begun.append(gateway.members("1@chatroom")))
        asking.start()
        until(lambda: gateway.metric("rollcall_upstream_connections", state="busy") == 1, "a call is under way")
        following = self.successor(gateway)
        self.assertEqual(following.members("2@chatroom").status, 200)
        self.assertIsNone(gateway.child.poll())
        self.assertEqual(following.admin("/readyz").status, 200)
        asking.join()
        self.assertEqual((begun[0].status, begun[0].headers["Connection"]), (200, "close"))
        self.assertEqual(gateway.wait(), 0)

    def test_with_nobody_there_it_just_starts(self):
        gateway = self.start_gateway(self.instance)
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)
        self.assertEqual(self.successor(gateway).members("1@chatroom").status, 200)

    def test_without_the_flag_the_port_is_taken(self):
        gateway = self.start_gateway(self.instance)
        with self.assertRaisesRegex(AssertionError, r"cannot listen on 127\.0\.0\.1:\d+"):
            Gateway("--upstream", self.instance.url, "--listen", f"127.0.0.1:{gateway.port}")
        self.assertEqual(gateway.members("1@chatroom").status, 200)

    def asked(self, gateway, *words):
        """What is handed over to who says these words, as messages and a count of sockets."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(PATIENCE)
            line.connect(f"\0rollcall 127.0.0.1:{gateway.port}")
            got = []
            for word in words:
                line.send(word)
            while words:
                text, ancillary, _, _ = line.recvmsg(256, 4096)
                sockets = [n for _, _, data in ancillary for (n,) in struct.iter_unpack("i", data)]
                for number in sockets:
                    socket.socket(fileno=number).close()
                got.append((text, len(sockets)))
                if text in (b"", b"all"):
                    break
            return got

    def test_one_that_dies_half_way_changes_nothing(self):
        gateway = self.start_gateway(self.instance)
        gateway.expected_errors.append(HALF_WAY)
        for _ in range(3):
            self.assertEqual(self.asked(gateway, b"rollcall take-over 1"), [(b"bots", 2), (b"admin", 1), (b"all", 0)])
            self.assertEqual(self.asked(gateway, b"nonsense"), [(b"", 0)])
            self.assertEqual(self.asked(gateway), [])
            self.assertEqual(gateway.members("1@chatroom").status, 200)
        self.assertEqual(gateway.admin("/readyz").status, 200)
        following = self.successor(gateway)
        self.assertEqual(gateway.wait(), 0)
        self.assertEqual(following.members("1@chatroom").status, 200)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_another_user_gets_nothing(self):
        gateway = self.start_gateway(self.instance)
        gateway.expected_errors.append(r"^\S+ warning a process of another user has asked for this one's sockets")
        ask = f"""if True:
            import socket
            line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            line.connect("\\0rollcall 127.0.0.1:{gateway.port}")
            try:
                line.send(b"rollcall take-over 1")
                answer = line.recv(256)
            except OSError:  # it has closed already
                answer = b""
            assert answer == b"", answer"""
        subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", sys.executable, "-c", ask], check=True, cwd="/")
        until(lambda: "a process of another user" in gateway.logged(), "it says so")

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_the_name_of_another_user_is_not_trusted(self):
        pretend = """if True:
            import socket, time
            name = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            name.bind("\\0rollcall 127.0.0.1:1")
            name.listen()
            print("there", flush=True)
            time.sleep(60)"""
        with subprocess.Popen(["setpriv", "--reuid", "65534", "--clear-groups", sys.executable, "-c", pretend],
                              stdout=subprocess.PIPE, cwd="/") as other:
            self.addCleanup(other.kill)
            self.assertEqual(other.stdout.readline(), b"there\n")
            with self.assertRaisesRegex(AssertionError, "belongs to user 65534, and this one to user 0"):
                Gateway("--upstream", self.instance.url, "--listen", "127.0.0.1:1", "--take-over")
            other.kill()

    @contextlib.contextmanager
    def pretender(self, *messages):
        """A port, whose owner answers who asks for it with these messages, each a text and sockets."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as name, \
                socket.create_server(("127.0.0.1", 0), reuse_port=True) as port:
            name.bind(f"\0rollcall 127.0.0.1:{port.getsockname()[1]}")
            name.listen()
            heard = []

            def answer():
                line, _ = name.accept()
                with line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    line.settimeout(PATIENCE)
                    heard.append(line.recv(256))
                    for text, sockets in messages:
                        socket.send_fds(line, [text], [s.fileno() for s in sockets(port)])
                    heard.append(line.recv(256))

            answering = threading.Thread(target=answer)
            answering.start()
            yield port.getsockname()[1], heard
            answering.join(PATIENCE)

    def test_one_that_does_not_confirm_is_named_and_bots_are_served(self):
        with self.pretender((b"bots", lambda port: [port]), (b"all", lambda _: [])) as (port, heard):
            gateway = self.start_gateway(self.instance, "--listen", f"127.0.0.1:{port}", "--take-over")
            gateway.expected_errors.append(UNCONFIRMED)
            self.assertRegex(gateway.logged(), rf"(?m)^\S+ warning .* process {os.getpid()} over, .* kill {os.getpid()}$")
        self.assertEqual(heard, [b"rollcall take-over 1", b"serving"])
        self.assertEqual(gateway.members("1@chatroom").status, 200)

    def test_what_is_handed_over_is_looked_at(self):
        def elsewhere(_):
            return [self.enterContext(socket.create_server(("127.0.0.1", 0)))]

        def quiet(_):
            return [self.enterContext(socket.socket())]

        for message, complaint in (((b"bots", elsewhere), "no socket of that address"),
                                   ((b"bots", quiet), "no socket of that address"),
                                   ((b"bots", lambda _: []), "no socket of that address"),
                                   ((b"nonsense", lambda port: [port]), "what no Rollcall of this version does"),
                                   ((b"x" * 300, lambda _: []), "does not hand its sockets over: Message too long")):
            with self.pretender(message, (b"all", lambda _: [])) as (port, _), \
                    self.assertRaisesRegex(AssertionError, complaint):
                Gateway("--upstream", self.instance.url, "--listen", f"127.0.0.1:{port}", "--take-over")

    def test_a_frozen_one_is_replaced_only_when_it_has_given_its_sockets_away(self):
        gateway = self.start_gateway(self.instance)
        gateway.signal(signal.SIGSTOP)
        with self.assertRaisesRegex(AssertionError, "does not hand its sockets over: no answer"):
            Gateway("--upstream", self.instance.url, "--listen", f"127.0.0.1:{gateway.port}", "--take-over")
        gateway.signal(signal.SIGCONT)
        gateway.expected_errors.append(r"^\S+ warning process \d+ was to take over, but cannot|" + HALF_WAY[1:])
        self.assertEqual(gateway.members("1@chatroom").status, 200)


if __name__ == "__main__":
    unittest.main()
