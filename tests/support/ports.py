"""Ports for servers that have to know theirs beforehand."""

import random
import socket
from pathlib import Path


def free_port():
    """Nobody listens on it now. Below those that the kernel gives to clients: one of these would be taken by the next
    connection that anybody makes, now and then before its server listens."""
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(min(15_000, first_of_clients - 1), first_of_clients)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
