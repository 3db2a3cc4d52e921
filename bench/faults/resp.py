"""As much of Redis' protocol as it takes to give orders."""
import socket

PATIENCE = 5  # seconds


class Refused(Exception):
    """Redis answered with an error."""


def read(replies):
    line = replies.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return None if rest == b"-1" else [read(replies) for _ in range(int(rest))]
    if kind == b"-":
        raise Refused(rest.decode())
    raise OSError("Redis hung up" if not line else f"Redis said {line!r}")


def ask(port, *words):
    """The reply to one command, on a connection of its own. Refused or OSError where there is none."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as link, link.makefile("rb") as replies:
        link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return read(replies)


def answers(port):
    try:
        return ask(port, "PING") == "PONG"
    except (OSError, Refused):
        return False
