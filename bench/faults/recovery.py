"""When was everything as before? Pure: figures in, seconds out."""
from dataclasses import dataclass

MOMENT = 0.1  # seconds: rollcall-bench's
STEADY = 10  # moments that have to be good, one after the other
# Microseconds: not slower than this is not slow, whatever it was before; and slower than that is.
LEAST_LATE, MOST_LATE = 25_000, 100_000
CALLS_MORE, CALLS_LESS = 1.5, 0.2  # times as many as before are still the same
CALLS_SPARE = 20


@dataclass
class Normal:
    """What it was like before the fault."""
    late: float  # microseconds that the slowest answer of a moment may take
    requests: float  # in a moment
    calls: float  # in a second, at most
    connections: list  # to Redis, of each gateway


def normal_of(moments, samples, until, most_late=MOST_LATE):
    """Of the time before `until`, which is in seconds like the times of the samples."""
    count = max(1, int(until / MOMENT))
    before = [each for each in samples if 0 <= each["t"] < until]
    rates = [rate for each in before if (rate := calls_in(samples, each["t"], 1.0, until)) is not None]
    connections = [[each["gateways"][i]["connections"] for each in before if each["gateways"][i]]
                   for i in range(len(before[0]["gateways"]) if before else 0)]
    worst = max(moments["worst_us"][:count], default=0)
    return Normal(late=min(max(2 * worst, LEAST_LATE), most_late),
                  requests=sum(moments["requests"][:count]) / count, calls=max(rates, default=0),
                  connections=[min(each, default=0) for each in connections])


def calls_in(samples, begin, seconds, limit=None):
    """How many reached the instance in that time, as a rate; None when nobody knows."""
    there = [each for each in samples if begin <= each["t"] <= begin + seconds and each["calls"] is not None
             and (limit is None or each["t"] <= limit)]
    if len(there) < 2 or there[-1]["t"] - there[0]["t"] < 0.6 * seconds:
        return None
    return (there[-1]["calls"] - there[0]["calls"]) / (there[-1]["t"] - there[0]["t"])


def is_good(moments, i, normal):
    return (moments["errors"][i] == 0 and moments["wrong"][i] == 0 and moments["worst_us"][i] <= normal.late
            and moments["requests"][i] >= 0.8 * normal.requests)


def uses_redis(samples, begin, end, normal):
    """All gateways, in all that time; and it has been of use to each."""
    there = [each["gateways"] for each in samples if begin <= each["t"] <= end]
    if len(there) < 2:
        return False
    for i, connections in enumerate(normal.connections):
        mine = [each[i] for each in there]
        if not all(each and each["tracked"] and not each["pending"] and not each["shut_off"]
                   and each["connections"] >= connections for each in mine) or mine[-1]["used"] <= mine[0]["used"]:
            return False
    return True


def calls_are_usual(samples, begin, normal):
    rate = calls_in(samples, begin, 1.0)
    return rate is not None and (CALLS_LESS * normal.calls - 1 <= rate <= CALLS_MORE * normal.calls + CALLS_SPARE)


def seconds_until_normal(moments, samples, ended, normal, redis):
    """From when the fault ended; None when it does not get normal as long as there are figures."""
    last = len(moments["requests"]) - STEADY
    first = max(0, int(ended / MOMENT) + 1)
    for begin in range(first, last + 1):
        at = begin * MOMENT
        if (all(is_good(moments, i, normal) for i in range(begin, begin + STEADY))
                and calls_are_usual(samples, at, normal)
                and (not redis or uses_redis(samples, at, at + STEADY * MOMENT, normal))):
            return max(0.0, at - ended)
    return None


def worst_hit_since(moments, began):
    """Microseconds."""
    return max(moments["worst_hit_us"][int(began / MOMENT):], default=0)


def wrong_outside(moments, began, ended):
    """Of what was due before the fault, or after it."""
    first, last = int(began / MOMENT), int(ended / MOMENT) + 1
    return sum(moments["wrong"][:first]) + sum(moments["wrong"][last:])


def put_together(all_moments):
    """Those of several loads that began at once."""
    longest = max(len(each["requests"]) for each in all_moments)

    def column(name, join):
        return [join(each[name][i] for each in all_moments if i < len(each[name])) for i in range(longest)]

    return {**{name: column(name, sum) for name in ("requests", "errors", "wrong")},
            **{name: column(name, max) for name in ("worst_us", "worst_hit_us")}}
