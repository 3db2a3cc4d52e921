"""How much memory connections take that are kept and not used."""
import collections
import re
import time
from pathlib import Path

import report
from contenders import ask
from fleet import Trouble, until
from limits import await_ports
from link import Link, field, request_of
from work import ROWS

QUESTION = next(row for row in ROWS if row.name == "memory-4").question([])
WARM = 500  # requests, so that what every process takes once is not put down to the connections
EVERY = 0.5  # seconds, and so many of these it has to stay the same
STILL = 7
STEADY = 0.005
PATIENCE = 60


def resident(pid):
    return int(re.search(r"^Rss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) * 1024


def at_rest(pid):
    """Resident bytes, when they no longer change: what is given back takes its time."""
    last = collections.deque(maxlen=STILL)
    end = time.monotonic() + PATIENCE
    while len(last) < STILL or max(last) - min(last) > STEADY * max(last):
        if time.monotonic() > end:
            raise Trouble("the memory of the gateway does not come to rest")
        last.append(resident(pid))
        time.sleep(EVERY)
    return last[-1]


def asked_once(port, request, expected):
    link = Link(port)
    head, body = link.ask(request)
    if not head.startswith("HTTP/1.1 200 ") or body != expected or "detail=memory" not in field(head, "Cache-Status"):
        raise Trouble(f"not a hit: {head.splitlines()[0]}, {field(head, 'Cache-Status')!r}, {len(body)} bytes")
    return link


def measure(stand, count):
    """Resident bytes without a connection, and with so many that each had an answer of four members."""
    request = request_of(QUESTION)
    expected = ask(stand.port, QUESTION)[2]
    for _ in range(WARM):
        asked_once(stand.port, request, expected).close(at_once=True)
    until(lambda: stand.gateway.status()["connections"] == 0, "the gateway has seen all clients go")
    before = at_rest(stand.pid)
    await_ports(stand.port, count)
    links = []
    try:
        for number in range(count):
            if number % 1000 == 0:
                report.progress(f"{number:,} of {count:,} connections")
            links.append(asked_once(stand.port, request, expected))
        report.progress(f"{count:,} idle connections")
        after = at_rest(stand.pid)
        open_ = stand.gateway.status()["connections"]
        if open_ != count:
            raise Trouble(f"of {count:,} idle connections the gateway has {open_:,}")
    finally:
        for link in links:
            link.close(at_once=True)
        report.progress()
    return {"before": before, "after": after, "each": (after - before) / count}
