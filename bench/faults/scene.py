"""One fault, played under load."""
import contextlib
import time

import recovery
from stand import Stand, await_time
from watch import Watch

RATE_RECONNECT = 0.2  # share of the load that opens a connection for each request, where that is of interest


class Scene:
    def __init__(self, row, chosen, stand, stack):
        self.row, self.chosen, self.stand, self.stack = row, chosen, stand, stack
        self.lasts = row.lasts * (chosen.shorter if chosen.quick else 1)
        self.after = max(row.after, (row.back or 0) + 1.5)
        self.began = self.ended = None
        self.notes = []  # (text, whether it is as it should be)

    def holds(self, thing):
        """Ends it with the scene."""
        self.stack.callback(thing.end)
        return thing

    def note(self, text, right):
        self.notes.append({"text": text, "right": bool(right)})

    def begin(self):
        self.began = time.time()

    def end(self):
        self.ended = time.time()

    def last(self):
        """Until the fault has lasted as long as it has to."""
        await_time(self.began + self.lasts)

    @staticmethod
    def pause(seconds):
        time.sleep(seconds)

    def seconds(self):
        return self.chosen.before + self.lasts + self.after

    def loads(self):
        workload = ["--bots", "20", "--rooms", "50", "--members", self.chosen.members]
        self.stand.prime(*workload)
        flags = [*workload, "--warmup", f"{round(self.chosen.warmup * 1000)}ms", *self.row.load]
        if self.row.name != "restart":
            return [self.stand.load(self.seconds(), self.chosen.rate, "--connections", "128", *flags)]
        fresh = round(self.chosen.rate * RATE_RECONNECT)
        return [self.stand.load(self.seconds(), self.chosen.rate - fresh, "--connections", "128", *flags),
                self.stand.load(self.seconds(), fresh, "--connections", "64", "--reconnect", *flags, number=1)]


def play(row, chosen, logs):
    """The figures of a row."""
    with contextlib.ExitStack() as stack:
        stand = Stand(chosen, row.redis, row.limit, logs)
        stack.callback(stand.end)
        scene = Scene(row, chosen, stand, stack)
        loads = scene.loads()
        watch = scene.holds(Watch(stand))
        origin = max(load.await_begin() for load in loads)
        calls = stand.instance.calls()
        await_time(origin + chosen.before)
        row.play(scene)
        outcomes = [load.outcome() for load in loads]
        watch.end()
        if not all(each.process.lives() for each in stand.gateways):
            scene.note(f"a gateway ended by itself: {stand.last_words()}", False)
        calls = stand.instance.calls() - calls
    return figures(scene, origin, outcomes, watch.samples, calls)


def figures(scene, origin, outcomes, samples, calls):
    moments = recovery.put_together([each["moments"] for each in outcomes])
    samples = [{**each, "t": each["t"] - origin} for each in samples]
    began, ended = scene.began - origin, scene.ended - origin
    most_late = 1_000_000 if scene.chosen.quick else recovery.MOST_LATE
    normal = recovery.normal_of(moments, samples, began, most_late)
    errors = {}
    for outcome in outcomes:
        for kind, count in {**outcome["errors"], **outcome["errors"]["status"]}.items():
            if kind != "status" and count:
                errors[kind] = errors.get(kind, 0) + count
    wrong, outdated = (sum(each[name] for each in outcomes) for name in ("wrong", "outdated"))
    if scene.row.apart:
        scene.note(f"{outdated:,} lists lacked a change made through the other gateway, as they may until the gateways "
                   f"can tell each other again", True)
        wrong = max(wrong - outdated, recovery.wrong_outside(moments, began, ended + scene.row.back))
        outdated = 0
    back = recovery.seconds_until_normal(moments, samples, ended, normal, scene.row.watches_redis)
    return {"name": scene.row.name, "title": scene.row.title, "seconds": scene.seconds(), "began": began,
            "ended": ended, "requests": sum(each["requests"] for each in outcomes), "errors": sum(errors.values()),
            "errors_by_kind": errors, "wrong": wrong, "outdated": outdated,
            "worst_hit_ms": recovery.worst_hit_since(moments, began) / 1000,
            "worst_ms": max(moments["worst_us"]) / 1000,
            "p99_ms": max(each["latency_us"]["p99"] for each in outcomes) / 1000, "back": back, "calls": calls,
            "calls_before": normal.calls, "calls_during": recovery.calls_in(samples, began, max(1.0, ended - began)),
            "hits": {kind: sum(each["hits"][kind] for each in outcomes) for kind in outcomes[0]["hits"]},
            "notes": scene.notes, "normal": vars(normal), "moments": moments,
            "samples": samples if scene.chosen.samples else []}
