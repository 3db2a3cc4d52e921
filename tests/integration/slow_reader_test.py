#!/usr/bin/python3
"""Clients that ask for more than they read: what waits for them stays small, and they get all of it in the end."""

import contextlib
import socket
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import PATIENCE, ProcessTest, request_body

ROOM = "77@chatroom"
PIPELINED = 60


class SlowReader(ProcessTest):
    def setUp(self):
        instance = self.start_instance("--members", "300")
        self.gateway = self.start_gateway(instance)
        self.list = instance.members(ROOM).body
        self.assertEqual(self.gateway.members(ROOM).body, self.list)
        self.assertGreater(PIPELINED * len(self.list), 8 << 20)

    def sent_at_rest(self):
        """Bytes that the kernel has taken from the gateway, once it takes no more."""
        sent = None
        while sent != (sent := self.gateway.metric("rollcall_sent_bytes_total")):
            time.sleep(0.2)
        return sent

    def test_the_kernel_is_given_little_of_what_nobody_reads(self):
        before = self.sent_at_rest()
        body = request_body("w1", ROOM)
        request = (b"POST /getChatRoomMember HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        with contextlib.closing(socket.socket()) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            link.settimeout(PATIENCE)
            link.connect(("127.0.0.1", self.gateway.port))
            link.sendall(request * PIPELINED)
            self.assertGreater(self.sent_at_rest(), before)
            self.assertLess(self.sent_at_rest() - before, 1 << 20)
            self.assertEqual(self.gateway.members(ROOM).body, self.list)
            with link.makefile("rb") as answers:
                for _ in range(PIPELINED):
                    self.assertEqual(self.read_body(answers), self.list)

    def read_body(self, answers):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += answers.readline()
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return answers.read(int(length.partition(b":")[2]))


if __name__ == "__main__":
    unittest.main()
