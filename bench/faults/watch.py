"""How the gateways and the instance are, ten times a second, seen from where an operator sees them."""
import re
import threading
import time

import web

EVERY = 0.1  # seconds
PATIENCE = 1.0
# What of Redis was of use: what it held, or that it held nothing.
USED = re.compile(r'rollcall_redis_(?:lookups_total\{outcome="(?:hit|miss|unfit)"\}|'
                  r'verifications_total\{outcome="(?:same|different)"\}|stores_total)')
SERIES = re.compile(r"^(\w+(?:\{[^}]*\})?) (\S+)$", re.M)


def read_metrics(text):
    """Of one gateway: whether it and Redis are on speaking terms, and how often that was of use."""
    values = {series: float(value) for series, value in SERIES.findall(text)}
    return {"connections": values.get("rollcall_redis_connections", 0),
            "tracked": values.get("rollcall_tracking_up", 0), "pending": values.get("rollcall_purges_pending", 0),
            "shut_off": values.get("rollcall_redis_breakers_open", 0),
            "used": sum(value for series, value in values.items() if USED.fullmatch(series))}


def metrics_of(gateway):
    status, said = web.ask(int(gateway.admin.rpartition(":")[2]), "GET", "/metrics", timeout=PATIENCE)
    return said.decode() if status == 200 else ""


def metric(gateway, name):
    """One without labels; 0 when there is none."""
    return float(dict(SERIES.findall(metrics_of(gateway))).get(name, 0))


class Watch:
    """Takes samples in a thread until it is ended: {"t", "gateways": [figures or None], "calls": number or None}."""

    def __init__(self, stand):
        self.stand = stand
        self.samples = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.wait(EVERY):
            self.samples.append({"t": time.time(), "gateways": [self.look(each) for each in self.stand.gateways],
                                 "calls": self.calls()})

    @staticmethod
    def look(gateway):
        try:
            said = metrics_of(gateway)
        except (OSError, web.http.client.HTTPException):
            return None
        return read_metrics(said) if said else None

    def calls(self):
        try:
            return self.stand.instance.calls()
        except (OSError, web.http.client.HTTPException):
            return None

    def end(self):
        self.over.set()
        self.thread.join()
