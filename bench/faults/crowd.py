"""Clients that no server wants: those who never finish a request, those who never read an answer, those who only wait,
and those who ask for what nobody has."""
import contextlib
import http.client
import json
import socket
import threading
import time

import web

HALF = b"POST /getChatRoomMember HTTP/1.1\r\nHost: half\r\nContent-Type: application/js"
PIPELINED = 60  # requests that a slow reader sends: megabytes of answers
COLD_PAUSE = 0.2


class Crowd:
    """Connections, held until it is ended."""

    def __init__(self):
        self.links = []
        self.refused = 0

    def connect(self, port, first=b"", buffer=None):
        link = socket.socket()
        try:
            if buffer:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            link.settimeout(1)
            link.connect(("127.0.0.1", port))
            link.setblocking(False)
            if first:
                link.send(first)
        except OSError:
            self.refused += 1
            link.close()
            return
        self.links.append(link)

    def half_sent(self, port):
        self.connect(port, HALF)

    def slow_reader(self, port, asked):
        self.connect(port, asked * PIPELINED, buffer=4096)

    def end(self):
        for link in self.links:
            link.close()
        self.links.clear()


class Cold:
    """Bots that ask for rooms that nobody has asked for, and have to be told so promptly in the documented envelope, as
    the instance does not answer them."""

    def __init__(self, ports, bots=4):
        self.answers = []  # (seconds it took, status or the name of a failure, whether it is the envelope)
        self.over = threading.Event()
        self.bots = [threading.Thread(target=self.ask, args=(ports[i % len(ports)], i)) for i in range(bots)]
        for each in self.bots:
            each.start()

    def ask(self, port, bot):
        number = 0
        while not self.over.wait(COLD_PAUSE):
            number += 1
            body = json.dumps({"wId": f"cold-{bot}", "wcId": f"{9_000_000_000 + bot * 1_000_000 + number}@chatroom"})
            begin = time.monotonic()
            try:
                status, said = web.ask(port, "POST", "/getChatRoomMember", body, timeout=15)
                envelope = is_envelope(said)
            except (OSError, http.client.HTTPException) as error:
                status, envelope = type(error).__name__, False
            self.answers.append((time.monotonic() - begin, status, envelope))

    def end(self):
        self.over.set()
        for each in self.bots:
            each.join()


def is_envelope(said):
    with contextlib.suppress(ValueError):
        read = json.loads(said)
        return isinstance(read, dict) and sorted(read) == ["code", "data", "message"] and \
            (read["code"], read["data"]) == ("1001", None) and bool(read["message"])
    return False
