"""wrk as the load generator."""
import json
import subprocess
from pathlib import Path

from fleet import PATIENCE, Trouble

SCRIPT = Path(__file__).resolve().parent / "wrk.lua"


def measure(job):
    """Asks over and over for so long: how many requests were answered, how many errors, p50, p99 and p999 in us.
    Knows no open loop."""
    command = ["taskset", "--cpu-list", str(job.core), "wrk", "--threads", "1", "--connections",
               str(job.connections), "--duration", f"{job.seconds}s", "--timeout", "10s", "--script", SCRIPT,
               f"http://127.0.0.1:{job.port}", "--",
               job.question.path, job.question.body, job.question.encodings]
    # In our own session, unlike the servers: Ctrl-C ends it too.
    with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdout=subprocess.PIPE, text=True) as client:
        try:
            said = client.communicate(timeout=job.seconds + PATIENCE)[0].splitlines()
        finally:
            client.kill()
    if client.returncode != 0 or not said:
        raise Trouble(f"wrk failed: {' '.join(said)}")
    return json.loads(said[-1])
