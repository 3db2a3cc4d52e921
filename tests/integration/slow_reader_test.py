#!/usr/bin/python3
"""Clients that ask for more than they read: what waits for them stays small, and they get all of it in the end."""

import contextlib
import socket
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import PATIENCE, ProcessTest, request_body, until

ROOM = "77@chatroom"
PIPELINED = 60


def members_bytes(room):
    body = request_body("w1", room)
    return (b"POST /getChatRoomMember HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def read_body(answers):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += answers.readline()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return answers.read(int(length.partition(b":")[2]))


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
        with contextlib.closing(socket.socket()) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            link.settimeout(PATIENCE)
            link.connect(("127.0.0.1", self.gateway.port))
            link.sendall(members_bytes(ROOM) * PIPELINED)
            self.assertGreater(self.sent_at_rest(), before)
            self.assertLess(self.sent_at_rest() - before, 1 << 20)
            self.assertEqual(self.gateway.members(ROOM).body, self.list)
            with link.makefile("rb") as answers:
                for _ in range(PIPELINED):
                    self.assertEqual(read_body(answers), self.list)


class Replaced(ProcessTest):
    """Lists of 16 to 64 KB leave without a copy: what a slow client has not read yet is the cache's own memory."""

    SIZES = (36, 50, 77, 100, 120)  # members

    def test_what_is_under_way_stays_what_it_was_while_its_memory_is_used_for_others(self):
        for members in self.SIZES:
            instance = self.start_instance("--members", str(members))
            gateway = self.start_gateway(instance, settings="[server]\nthreads = 2\n")
            rooms = [f"{n}@chatroom" for n in range(8)]
            lists = {room: gateway.members(room).body for room in rooms}
            self.assertTrue(all(16 << 10 < len(body) < 64 << 10 for body in lists.values()))
            waiting = [(room, self.reader(gateway, room)) for room in rooms for _ in range(3)]
            until(lambda: gateway.metric("rollcall_member_requests_total", outcome="memory") == len(waiting), "all asked")
            # Twice: what is replaced first are the lists that are under way, and then what is in their place.
            for again in range(2):
                self.assertEqual(gateway.ask("POST", "/purge", b'{"wId":"w1"}', port=gateway.admin_port).status, 200)
                for n in range(16):
                    self.assertEqual(gateway.members(f"{again}-{n}@chatroom").status, 200)
            for room, link in waiting:
                with link.makefile("rb") as answers:
                    self.assertEqual(read_body(answers), lists[room])

    def reader(self, gateway, room):
        """Has asked, and reads nothing."""
        link = self.enterContext(socket.socket())
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 10)
        link.settimeout(PATIENCE)
        link.connect(("127.0.0.1", gateway.port))
        link.sendall(members_bytes(room))
        return link


if __name__ == "__main__":
    unittest.main()
