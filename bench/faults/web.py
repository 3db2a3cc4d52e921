"""Requests for the other pages than the one that is measured."""
import contextlib
import http.client

PATIENCE = 5  # seconds


def ask(port, method, path, body=None, timeout=PATIENCE):
    """Status and body, on a connection of its own."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)) as connection:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()
