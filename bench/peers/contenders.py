"""The servers that bench/compare sets against each other, each on a free port, in front of one instance."""
import contextlib
import grp
import http.client
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fleet import PATIENCE, Gateway, Program, Redis, Trouble, free_ports, until

HERE = Path(__file__).resolve().parent
# What nginx writes to its cache should cost memory, as with the others, and not wait for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def nanoseconds_of(pid):
    """CPU time of all threads of a process, those that ended included: what clock_getcpuclockid(3) gives."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def children_of(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


@dataclass
class Job:
    """What a load generator has to do."""
    port: int
    row: object
    question: object  # with an @N@ in its body: another one each time
    seconds: int
    core: int
    built: Path
    fixed: bool  # the same answer comes whatever is asked
    rate: float = 0  # requests a second, open loop; 0: as fast as they are answered
    connections: int = 64


@dataclass
class Setting:
    """What a contender has to know."""
    built: Path
    core: int
    other_core: int
    instance: int = 0  # its port
    body: bytes = b""  # its answer
    memory: bool = True


@contextlib.contextmanager
def on_cores(*cores):
    """What is started meanwhile runs there and stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def ask(port, question, method="POST"):
    """Status, header fields and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, question.path, question.body.encode() or None, question.fields)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"no answer from port {port}: {error}") from error
    finally:
        connection.close()


class Store(Redis):
    """A Redis that cannot outgrow the machine."""

    def __init__(self):
        super().__init__()
        try:
            until(self.listens, "redis-server listens")
            self.command("CONFIG", "SET", "maxmemory", "2gb")
            self.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        except BaseException:
            self.end()
            raise

    def command(self, *words):
        said = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True,
                              timeout=PATIENCE)
        if said.returncode != 0:
            raise Trouble(f"redis-cli {' '.join(words)}: {said.stdout}{said.stderr}".strip())
        return said.stdout.split()

    def holds(self, room):
        """Whether there is an answer of more than a few bytes under some key that names the room."""
        keys = self.command("--scan", "--pattern", f"*{room}*chatroom*")  # some escape the @
        lengths = [self.command("STRLEN", key)[0] for key in keys]  # an error for what is no string
        return any(length.isdigit() and int(length) > 1000 for length in lengths)


class Contender:
    """A server under measurement. Derived ones start a Program as self.process and set self.port."""

    name = ""
    label = ""
    shares = False  # whether what it knows is in Redis as well
    programs = ()   # beside our own

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="rollcall-compare-", dir=MEMORY))
        self.redis = None
        self.process = None
        self.port = 0

    @classmethod
    def lacks(cls):
        """The first program it needs that is not there, or nothing."""
        return next((each for each in cls.programs if not find(each)), None)

    def fill_in(self, template, **values):
        """A configuration, from peers/, in the temporary directory."""
        # As root, nginx would become somebody else, who may not enter the directory.
        user = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};" if os.getuid() == 0 else ""
        known = {"DIR": self.directory, "HERE": HERE, "USER": user, **values}
        text = re.sub("@([A-Z_]+)@", lambda found: str(known[found[1]]), (HERE / template).read_text())
        written = self.directory / template
        written.write_text(text)
        return written

    def answers(self):
        if not self.process.lives():
            raise Trouble(f"{self.label} does not start")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def wait(self):
        """Until it serves; its processes are known from then on."""
        until(self.answers, f"{self.label} listens")
        self.processes = [self.process.child.pid, *children_of(self.process.child.pid)]

    def cpu(self):
        try:
            return sum(map(nanoseconds_of, self.processes))
        except OSError as error:
            raise Trouble(f"{self.label} ended, or a part of it") from error

    def redis_cpu(self):
        return nanoseconds_of(self.redis.process.child.pid) if self.redis else 0

    def end(self):
        if self.process:
            self.process.end()
        if self.redis:
            self.redis.end()
        shutil.rmtree(self.directory, ignore_errors=True)


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Bare(Contender):
    name, label = "bare", "bare epoll server"

    def start(self, setting):
        body = self.directory / "body"
        body.write_bytes(setting.body)
        with on_cores(setting.core):
            self.process = Program(setting.built / "rollcall-bare", "--listen", "127.0.0.1:0", "--file", body)
        self.port = int(self.process.line_after("listening on http://127.0.0.1:"))


class Rollcall(Contender):
    name, label, shares = "rollcall", "Rollcall", True
    under = ()  # what runs it, with its arguments
    further = ""  # configuration

    CONFIGURATION = """
[cache]
fresh = "1h"
jitter = 0
early_refresh = 0
memory = "{}"
"""

    def start(self, setting):
        configuration = self.directory / "rollcall.toml"
        configuration.write_text(self.CONFIGURATION.format("256MiB" if setting.memory else "0") + self.further)
        with on_cores(setting.other_core):
            self.redis = Store()
        with on_cores(setting.core):
            self.gateway = Gateway((*self.under, setting.built / "rollcall"), f"http://127.0.0.1:{setting.instance}",
                                   self.redis, "--config", configuration, "--threads", "1")
        self.process, self.port = self.gateway.process, self.gateway.port


class Nginx(Contender):
    name, label, programs = "nginx", "nginx proxy_cache", ("nginx",)

    def start(self, setting, template="nginx.conf", **values):
        self.port = free_ports(1)[0]
        configuration = self.fill_in(template, LISTEN=f"127.0.0.1:{self.port}",
                                     INSTANCE=f"127.0.0.1:{setting.instance}", **values)
        with on_cores(setting.core):
            # -e: before it has read where else to write its errors
            self.process = Program(find("nginx"), "-q", "-e", self.directory / "error.log", "-p", self.directory,
                                   "-c", configuration)


class NginxLua(Nginx):
    name, label, shares = "nginx-lua", "nginx + Lua + Redis", True

    @classmethod
    def lacks(cls):
        needed = ("/usr/lib/nginx/modules/ngx_http_lua_module.so", "/usr/share/lua/5.1/nginx/redis.lua",
                  "/usr/share/lua/5.1/cjson")
        return super().lacks() or next((each for each in needed if not Path(each).exists()), None)

    def start(self, setting):
        with on_cores(setting.other_core):
            self.redis = Store()
        super().start(setting, "nginx-lua.conf", REDIS=self.redis.socket, MEMORY="on" if setting.memory else "off")


class Varnish(Contender):
    name, label, programs = "varnish", "Varnish", ("varnishd",)

    @classmethod
    def lacks(cls):
        vmods = list(Path("/usr/lib").glob("**/varnish/vmods/libvmod_bodyaccess.so"))
        return super().lacks() or (None if vmods else "libvmod_bodyaccess")

    def start(self, setting):
        self.port = free_ports(1)[0]
        configuration = self.fill_in("varnish.vcl", INSTANCE_HOST="127.0.0.1", INSTANCE_PORT=setting.instance)
        with on_cores(setting.core):
            # It tells its whole life on standard error.
            self.process = Program("sh", "-c", 'exec "$@" >"$0" 2>&1', self.directory / "log", find("varnishd"), "-F",
                                   "-j", "none", "-n", self.directory / "work", "-a", f"127.0.0.1:{self.port}", "-T",
                                   "none", "-f", configuration, "-s", "default=malloc,512m", "-p", "thread_pools=1",
                                   "-p", "timeout_idle=3600")


CONTENDERS = (Bare, Rollcall, Nginx, NginxLua, Varnish)
PEERS = (Nginx, NginxLua, Varnish)
