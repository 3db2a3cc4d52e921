#!/usr/bin/python3
"""rollcall-proxy: passes bytes on, or harms them as it is told.

ROLLCALL_PROXY_BIN is the program.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import BUILT, PATIENCE

PROXY = os.environ.get("ROLLCALL_PROXY_BIN") or str(BUILT / "rollcall-proxy")


class Echo:
    """Sends back what it gets, on a free port. Half-closed connections are closed after the last byte."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.accepted = []
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.accepted.append(self.listening.accept()[0])
                threading.Thread(target=self.serve, args=(self.accepted[-1],), daemon=True).start()

    @staticmethod
    def serve(connection):
        with contextlib.suppress(OSError):
            while said := connection.recv(65536):
                connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)

    def end(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for each in (self.listening, *self.accepted):
            each.close()


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.addCleanup(self.echo.end)
        self.proxy = self.start(self.echo.port)
        self.port = int(self.proxy.stdout.readline().removeprefix("listening on 127.0.0.1:"))

    def start(self, port):
        made = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", PROXY, "--to", f"127.0.0.1:{port}"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, made)
        return made

    def stop(self, process):
        process.stdin.close()
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stdout.close()

    def tell(self, line):
        """What it says to that."""
        self.proxy.stdin.write(line + "\n")
        self.proxy.stdin.flush()
        return self.proxy.stdout.readline().strip()

    def connect(self):
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.addCleanup(made.close)
        return made

    def exchange(self, connection, data=b"hello"):
        """What comes back, all of it or up to the end."""
        connection.sendall(data)
        got = b""
        while len(got) < len(data) and (piece := connection.recv(65536)):
            got += piece
        return got

    def assert_reset(self, connection):
        with self.assertRaises(ConnectionResetError):
            while connection.recv(65536):
                pass

    def assert_silent(self, connection):
        connection.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        connection.settimeout(PATIENCE)

    def test_everything_passes_at_first_and_the_end_of_it_too(self):
        connection = self.connect()
        data = os.urandom(3_000_000)
        sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
        sender.start()
        got = b""
        while piece := connection.recv(65536):
            got += piece
        sender.join()
        self.assertTrue(got == data)

    def test_mute_swallows_and_what_lost_bytes_is_reset_afterwards(self):
        silenced, spared = self.connect(), self.connect()
        self.assertEqual((self.exchange(silenced), self.exchange(spared)), (b"hello", b"hello"))
        self.assertEqual(self.tell("mute"), "mode: mute")
        silenced.sendall(b"x")
        late = self.connect()
        late.sendall(b"x")
        self.assert_silent(silenced)
        self.assert_silent(late)
        self.tell("pass")
        self.assert_reset(silenced)
        self.assert_reset(late)
        self.assertEqual(self.exchange(spared), b"hello")
        self.assertEqual(self.exchange(self.connect()), b"hello")

    def test_delay_holds_everything_back_each_way_in_order(self):
        connection = self.connect()
        self.assertEqual(self.tell("delay 200ms"), "mode: delay 200000us")
        begin = time.monotonic()
        connection.sendall(b"a")
        time.sleep(0.05)  # it has to be on its way before the order
        self.tell("pass")  # what comes later must not overtake it
        connection.sendall(b"bc")
        got = b""
        while len(got) < 3:
            got += connection.recv(3)
        self.assertEqual(got, b"abc")
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)
        self.tell("delay 200ms")
        begin = time.monotonic()
        self.assertEqual(self.exchange(connection), b"hello")
        self.assertGreaterEqual(time.monotonic() - begin, 0.4)

    def test_close_resets_old_and_new_connections(self):
        connection = self.connect()
        self.exchange(connection)
        self.tell("close")
        self.assert_reset(connection)
        with self.assertRaises(ConnectionResetError):  # already in connect(), or once it waits
            self.connect().recv(1)
        self.tell("pass")
        self.assertEqual(self.exchange(self.connect()), b"hello")

    def test_refuse_does_not_listen_and_comes_back_on_the_same_port(self):
        connection = self.connect()
        self.exchange(connection)
        self.tell("refuse")
        self.assert_reset(connection)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port))
        self.tell("pass")
        self.assertEqual(self.exchange(self.connect()), b"hello")

    def test_cut_resets_after_so_many_bytes(self):
        connection = self.connect()
        self.exchange(connection)
        self.assertEqual(self.tell("cut 3"), "mode: cut 3")
        connection.sendall(b"hello")
        got = b""
        with self.assertRaises(ConnectionResetError):
            while True:
                got += connection.recv(65536)
        self.assertIn(got, (b"hel", b""))  # a reset may overtake what was sent before it

    def test_garbage_is_as_long_and_something_else(self):
        connection = self.connect()
        self.tell("garbage")
        data = bytes(1000)
        got = self.exchange(connection, data)
        self.assertEqual(len(got), len(data))
        self.assertGreater(len(set(got)), 100)

    def test_a_target_that_is_not_there_is_a_reset(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        lonely = self.start(port)
        self.port = int(lonely.stdout.readline().removeprefix("listening on 127.0.0.1:"))
        with self.assertRaises(ConnectionResetError):  # already in connect(), or once it waits
            self.connect().recv(1)

    def test_unknown_orders_are_told_and_change_nothing(self):
        self.assertEqual(self.tell("explode"), "no such mode: explode")
        self.assertEqual(self.exchange(self.connect()), b"hello")

    def test_mistakes_are_explained(self):
        for flags in (["--to", "localhost:1"], ["--to", "127.0.0.1:1", "--listen", "x"]):
            done = subprocess.run([PROXY, *flags], capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, r"^rollcall-proxy: \S+: expected an address and a port\n$")


if __name__ == "__main__":
    unittest.main()
