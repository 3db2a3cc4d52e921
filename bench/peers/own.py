"""rollcall-bench as the load generator: it holds every answer against the room it has to be."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

from fleet import PATIENCE, Trouble

# More than any cache can fetch; who repeats himself would be found out by the number of calls.
MOST_A_SECOND = 20000


def write_log(job, to):
    """What is to be asked, as a gateway's access log has it."""
    asked = json.loads(job.question.body)
    for number in range(1, job.seconds * MOST_A_SECOND + 1) if job.row.kind == "fill" else (1,):
        room = asked["wcId"].replace("@N@", str(number)).replace("@", "%40")
        to.write(f"2026-01-01T00:00:00.000Z POST {job.question.path} 200 0ms hit -:wcId:{asked['wId']}:{room}\n")


def work_of(job, directory):
    if job.row.kind == "pass":
        return ["--passthrough", "--bots", "1", "--rooms", "1", *(["--no-verify"] if job.fixed else [])]
    log = directory / "access.log"
    with log.open("w") as to:
        write_log(job, to)
    # Of a fill all rooms would have to be known beforehand.
    return ["--replay", str(log), *(["--no-verify"] if job.row.kind == "fill" else [])]


def measure(job):
    """As wrk.measure()."""
    with tempfile.TemporaryDirectory(prefix="rollcall-compare-") as name:
        directory = Path(name)
        result = directory / "result.json"
        command = ["taskset", "--cpu-list", str(job.core), job.built / "rollcall-bench", "run", "--quiet", "--target",
                   f"http://127.0.0.1:{job.port}", "--connections", str(job.connections), "--warmup", "0ms",
                   "--duration", f"{job.seconds}s", "--members", str(job.row.members), "--json", result,
                   *(["--gzip"] if job.row.gzip else []), *(["--rate", f"{job.rate:.0f}"] if job.rate else []),
                   *work_of(job, directory)]
        try:
            ended = subprocess.run(["setpriv", "--pdeathsig", "KILL", *map(os.fspath, command)], text=True,
                                   stderr=subprocess.PIPE, timeout=job.seconds + PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Trouble("rollcall-bench does not end") from error
        if ended.returncode != 0:
            raise Trouble(f"{job.row.name}: {ended.stderr.strip() or 'rollcall-bench failed'}")
        found = json.loads(result.read_text())
    errors = {**found["errors"], **found["errors"]["status"]}
    del errors["status"]
    return {"requests": found["requests"], "seconds": found["seconds"], "errors": sum(errors.values()),
            "p50": found["latency_us"]["p50"], "p99": found["latency_us"]["p99"],
            "p999": found["latency_us"]["p99.9"]}
