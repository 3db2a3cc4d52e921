"""A Redis that takes its time: over purges only, or over everything."""

import contextlib
import shutil
import socket
import socketserver
import tempfile
import threading
import time


class Link(socketserver.BaseRequestHandler):
    """One connection of a gateway, and one to Redis. It is slow once it has carried a purge."""

    def handle(self):
        self.slow = False
        with socket.socket(socket.AF_UNIX) as redis, contextlib.suppress(OSError):
            redis.connect(self.server.redis.socket)
            replies = threading.Thread(target=self.hand_back, args=(redis,))
            replies.start()
            with contextlib.suppress(OSError):
                while commands := self.request.recv(65536):
                    self.slow = self.slow or b":purge:" in commands
                    redis.sendall(commands)
            redis.shutdown(socket.SHUT_RDWR)
            replies.join()

    def hand_back(self, redis):
        with contextlib.suppress(OSError):
            while replies := redis.recv(65536):
                if self.slow or self.server.always:
                    time.sleep(self.server.pause)
                self.request.sendall(replies)
            self.request.shutdown(socket.SHUT_RDWR)


class SlowRedis(socketserver.ThreadingUnixStreamServer):
    """Stands between a gateway and `redis`. From its first purge on, each batch of replies on the connection that
    carries purges comes `pause` seconds late; every batch on any connection while `always` is set."""

    daemon_threads = False
    always = False
    request_queue_size = 128

    def __init__(self, redis, pause=0.0):
        self.redis, self.pause = redis, pause
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
