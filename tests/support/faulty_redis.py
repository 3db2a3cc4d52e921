"""A Redis that is late, or falls silent at a command of one's choice: a proxy in front of a real one."""

import contextlib
import shutil
import socket
import socketserver
import tempfile
import threading
import time


class Link(socketserver.BaseRequestHandler):
    """One connection of a gateway, and one to Redis."""

    def handle(self):
        self.silent = self.chosen = False
        with socket.socket(socket.AF_UNIX) as redis, contextlib.suppress(OSError):
            redis.connect(self.server.redis.socket)
            replies = threading.Thread(target=self.hand_back, args=(redis,))
            replies.start()
            with contextlib.suppress(OSError):
                while commands := self.request.recv(1 << 20):
                    needle = self.server.silent_at
                    if needle and needle in commands:
                        self.silent = True
                        self.server.silenced += 1
                    self.choose(commands)
                    redis.sendall(commands)
            redis.shutdown(socket.SHUT_RDWR)
            replies.join()

    def choose(self, commands):
        """Whether its replies are among those that are late."""
        after = self.server.late_after
        if after:
            self.chosen = self.chosen or after in commands
        else:
            self.chosen = b"CLIENT" not in commands and b"SUBSCRIBE" not in commands

    def hand_back(self, redis):
        with contextlib.suppress(OSError):
            while replies := redis.recv(1 << 20):
                if self.server.delay and self.chosen:
                    time.sleep(self.server.delay)
                if not self.silent:
                    self.request.sendall(replies)
            self.request.shutdown(socket.SHUT_RDWR)


class FaultyRedis(socketserver.ThreadingUnixStreamServer):
    """Stands between a gateway and `redis`. Each batch of replies comes `delay` seconds late, but for news of changes;
    with `late_after`, only those on connections on which that was sent before. A connection on which `silent_at` is sent
    says nothing from then on."""

    daemon_threads = False
    request_queue_size = 128
    PURGES = b":purge:"

    def __init__(self, redis, delay=0.0, late_after=None):
        self.redis, self.delay, self.late_after = redis, delay, late_after
        self.silent_at, self.silenced = None, 0
        self.directory = tempfile.mkdtemp(prefix="rollcall-")
        super().__init__(f"{self.directory}/r.sock", Link)
        self.url = f"unix://{self.server_address}"
        self.accepting = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.accepting.start()

    def end(self):
        """After the gateways that use it."""
        self.shutdown()
        self.accepting.join()
        self.server_close()
        shutil.rmtree(self.directory)
