"""What a machine has to allow for many connections and many lists: found out before, and told with what to do."""
import resource
import time
from pathlib import Path

import report
from fleet import Trouble

SPARE = 100  # descriptors for everything else
WAITED_FOR = 70  # seconds: a little longer than TIME_WAIT lasts
TIME_WAIT = "06"


def take_descriptors(connections):
    """For us and for what we start."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = connections + SPARE
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Trouble(f"{connections:,} connections take {needed:,} descriptors, and this shell may have {hard:,}: "
                      f"as root, prlimit --pid $$ --nofile={needed}; or ask for fewer connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def available_memory():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def check_memory(needed, what):
    if (there := available_memory()) < needed:
        raise Trouble(f"{what} take some {needed / 2**30:.1f} GiB, and {there / 2**30:.1f} are left: ask for fewer")


def ports_in_time_wait(port):
    """Of connections to that port of this machine."""
    suffix = f":{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(row[2].endswith(suffix) and row[3] == TIME_WAIT for row in rows)


def await_ports(port, connections):
    """Until so many connections to it can be opened from one address."""
    settings = Path("/proc/sys/net/ipv4")
    first, last = map(int, (settings / "ip_local_port_range").read_text().split())
    # The others that use some, and chance, which has to find a free one.
    most = (last - first) * 9 // 10
    if connections > most:
        raise Trouble(f"{connections:,} connections take as many ports, and this machine gives {most:,} to clients: "
                      f"as root, sysctl net.ipv4.ip_local_port_range='1024 65000'; or ask for fewer connections")
    if (settings / "tcp_tw_reuse").read_text().strip() != "0":  # on the loopback device that is the default
        return
    end = time.monotonic() + WAITED_FOR
    while ports_in_time_wait(port) + connections > most and time.monotonic() < end:
        report.progress("waiting for the ports of the round before")
        time.sleep(1)
