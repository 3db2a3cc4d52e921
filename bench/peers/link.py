"""One keep-alive connection that asks one question after the other."""
import re
import socket
import struct

from fleet import PATIENCE, Trouble

END_OF_HEAD = b"\r\n\r\n"


def request_of(question):
    """The same bytes for the same question, whatever port they are sent to."""
    fields = {"Host": "rollcall", **question.fields, "Content-Length": len(question.body.encode())}
    head = f"POST {question.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n{question.body}".encode()


def field(head, name):
    """Of an answer's head; empty if there is none."""
    found = re.search(rf"^{name}: *(.*?)\r?$", head, re.I | re.M)
    return found[1] if found else ""


class Link:
    def __init__(self, port):
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        except OSError as error:
            raise Trouble(f"no connection to port {port}: {error}") from error

    def ask(self, request):
        """Head and body of the answer."""
        try:
            self.socket.sendall(request)
            got = b""
            while END_OF_HEAD not in got:
                got += self.receive()
            head, _, body = got.partition(END_OF_HEAD)
            head = head.decode("latin-1")
            pieces, missing = [body], int(field(head, "Content-Length") or 0) - len(body)
            while missing > 0:
                pieces.append(self.receive())
                missing -= len(pieces[-1])
        except OSError as error:
            raise Trouble(f"no answer: {error}") from error
        return head, b"".join(pieces)

    def receive(self):
        if not (got := self.socket.recv(1 << 18)):
            raise ConnectionError("the connection was closed")
        return got

    def close(self, at_once=False):
        """`at_once` leaves no port in TIME_WAIT."""
        if at_once:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
