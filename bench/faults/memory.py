"""What clients can make a gateway and the kernel keep for them, in MB."""
import re
from pathlib import Path

PAGE_MB = 4096 / 1e6


def resident_most(gateway):
    """The most that the process has had."""
    status = Path(f"/proc/{gateway.process.child.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)[1]) * 1024 / 1e6


def sockets():
    """What the kernel keeps in TCP sockets of this machine."""
    return int(re.search(r"^TCP:.* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.M)[1]) * PAGE_MB
