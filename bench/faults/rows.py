"""The faults: what is done, and what it may cost."""
from dataclasses import dataclass
from typing import Callable

import harm


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    play: Callable  # what is done, on a scene
    redis: str = "single"
    lasts: float = 10  # seconds, with --quick a fraction of it
    after: float = 5  # that the load goes on
    hit: float = None  # milliseconds that the slowest hit may take
    back: float = None  # seconds until everything is as before; None where there is nothing to come back from
    load: tuple = ()  # further flags of rollcall-bench
    limit: int = None  # of each gateway's open files
    watches_redis: bool = False  # being back to normal takes Redis as well
    apart: bool = False  # meanwhile a list may lack what was changed through the other gateway


# Bots that keep to one gateway may write while gateways cannot tell each other: what they read has to show it.
STICKY = ("--sticky", "--churn", "0.01")
# Where gateways can, everybody sees every change at once.
CHURN = ("--churn", "0.01")


def redis_row(name, title, play, **more):
    return Row(name, title, play, **{"hit": 100, "back": 3, "load": STICKY, "watches_redis": True, **more})


def instance_row(name, title, play, **more):
    return Row(name, title, play, **{"hit": 20, "back": 1, "lasts": 6, "after": 4, **more})


ROWS = (
    redis_row("redis-killed", "Redis killed, started again 10 s later", harm.redis_killed),
    redis_row("redis-frozen", "Redis frozen (SIGSTOP) for 10 s", harm.redis_frozen),
    redis_row("redis-mute", "Redis mute for 10 s: connections swallow everything", harm.through_proxy("mute"),
              redis="proxied"),
    redis_row("redis-late", "Redis 1 s late, each way, for 10 s", harm.through_proxy("delay 1s"), redis="proxied"),
    redis_row("redis-killed-shared", "Redis killed for 10 s, and every bot asks both gateways", harm.redis_killed,
              load=CHURN, apart=True),
    redis_row("redis-frozen-shared", "Redis frozen for 10 s, and every bot asks both gateways", harm.redis_frozen,
              load=CHURN, apart=True),
    redis_row("redis-garbage", "Redis answers garbage for 5 s", harm.through_proxy("garbage"), redis="proxied",
              lasts=5),
    redis_row("redis-flushed", "FLUSHALL, five times", harm.redis_flushed, lasts=5, load=CHURN),
    redis_row("sentinel-killed", "Sentinel: the master killed, a replica takes over", harm.master_killed,
              redis="sentinel", lasts=6),
    redis_row("sentinel-shared", "Sentinel: the master killed, and every bot asks both gateways", harm.master_killed,
              redis="sentinel", lasts=6, load=CHURN, apart=True),
    redis_row("sentinel-planned", "Sentinel: a planned failover", harm.failover_planned, redis="sentinel", lasts=6,
              load=CHURN),
    redis_row("cluster-killed", "Cluster: a master killed, its replica takes over", harm.cluster_master_killed,
              redis="cluster", lasts=6, back=5, after=7),
    redis_row("cluster-migrated", "Cluster: 20 slots moved to another master", harm.slots_migrated, redis="cluster",
              lasts=6, back=5, after=7, load=CHURN),
    instance_row("instance-down", "instance down for 30 s (stale allowed)", harm.instance_down, lasts=30, back=2),
    instance_row("instance-hangs", "instance hangs", harm.instance_fails("hang")),
    instance_row("instance-500", "instance answers HTTP 500", harm.instance_fails("error")),
    instance_row("instance-garbage", "instance answers what is no JSON", harm.instance_fails("garbage")),
    instance_row("instance-closes", "instance closes in the middle of its answers", harm.instance_fails("cut")),
    Row("restart", "rolling restart of both gateways, over and over", harm.restarted, lasts=12, after=4),
    Row("reload", "SIGHUP every second", harm.reloaded, after=2),
    Row("slow-clients", "5,000 half-sent requests and 500 slow readers", harm.slow_clients, lasts=12, after=2, hit=50),
    Row("descriptors", "each gateway out of file descriptors for 5 s", harm.out_of_descriptors, lasts=5, after=4,
        hit=50, back=3, limit=600),
)
NAMES = [row.name for row in ROWS]
