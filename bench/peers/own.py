"""rollcall-bench as the load generator: it holds every answer against the room it has to be."""
import json
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


def run(ports, core, built, seconds, *flags, patience=PATIENCE):
    """What rollcall-bench says after asking for so long; `flags` say what. Connections are dealt to the ports in turn.
    Trouble when an answer was wrong."""
    with tempfile.TemporaryDirectory(prefix="rollcall-compare-") as directory:
        result = Path(directory) / "result.json"
        targets = [word for port in ports for word in ("--target", f"http://127.0.0.1:{port}")]
        command = ["taskset", "--cpu-list", core, built / "rollcall-bench", "run", "--quiet", *targets, "--duration",
                   f"{seconds}s", "--json", result, *flags]
        try:
            ended = subprocess.run(["setpriv", "--pdeathsig", "KILL", *map(str, command)], text=True,
                                   stderr=subprocess.PIPE, timeout=seconds + patience)
        except subprocess.TimeoutExpired as error:
            raise Trouble("rollcall-bench does not end") from error
        if ended.returncode != 0:
            raise Trouble(ended.stderr.strip() or "rollcall-bench failed")
        return json.loads(result.read_text())


def errors_in(found):
    errors = {**found["errors"], **found["errors"]["status"]}
    del errors["status"]
    return sum(errors.values())


def measure(job):
    """As wrk.measure()."""
    with tempfile.TemporaryDirectory(prefix="rollcall-compare-") as directory:
        try:
            found = run([job.port], job.core, job.built, job.seconds, "--connections", job.connections, "--warmup", "0ms",
                        "--members", job.row.members, *(["--gzip"] if job.row.gzip else []),
                        *(["--rate", f"{job.rate:.0f}"] if job.rate else []), *work_of(job, Path(directory)))
        except Trouble as trouble:
            raise Trouble(f"{job.row.name}: {trouble}") from trouble
    return {"requests": found["requests"], "seconds": found["seconds"], "errors": errors_in(found),
            "p50": found["latency_us"]["p50"], "p99": found["latency_us"]["p99"],
            "p999": found["latency_us"]["p99.9"]}
