"""What bench/compare tells: as text, as JSON, as Markdown."""
import datetime
import os
import platform
import statistics
import sys
from pathlib import Path

from contenders import PEERS

PEER_NAMES = [peer.name for peer in PEERS]


def progress(text=""):
    """A line that the next one replaces."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text} " if text else "\r\x1b[K")
        sys.stderr.flush()


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine():
    return {"when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "processor": processor(), "cores": len(os.sched_getaffinity(0)), "load_before": os.getloadavg()[0]}


def begin(chosen):
    return {**machine(), "client": chosen.client, "rounds": chosen.rounds, "seconds": chosen.seconds, "rows": []}


def one(name, label, rounds):
    def best(what):
        return min(each[what] for each in rounds)

    return {"name": name, "label": label, "cpu_us": best("cpu_us"),
            "cpu_us_median": statistics.median(each["cpu_us"] for each in rounds),
            "redis_cpu_us": best("redis_cpu_us"), "p50_us": best("p50"), "p99_us": best("p99"),
            "p999_us": best("p999"), "rate": max(each["rate"] for each in rounds), "rounds": rounds}


def summarise(row, kinds, rounds):
    """A row of the report."""
    compared = "p999_us" if row.open else "cpu_us"
    servers = [one(kind.name, kind.label, rounds[kind.name]) for kind in kinds]
    by_name = {each["name"]: each for each in servers}
    for each in servers:
        each["to_bare"] = each[compared] / by_name["bare"][compared]
    rivals = [each for each in servers if each["name"] in (row.rivals or PEER_NAMES)]
    peer = min(rivals, key=lambda each: each[compared], default=None)
    ours = by_name["rollcall"]
    return {"name": row.name, "title": row.title, "compared": compared, "servers": servers,
            "to_bare": ours["to_bare"], "to_bare_aim": row.to_bare or None,
            "best_peer": peer and peer["label"], "to_best_peer": peer and ours[compared] / peer[compared],
            "to_best_peer_aim": row.to_peer or None}


def row_as_text(row):
    lines = [row["title"],
             f"{'':22}{'CPU us':>8}{'middle':>8}{'x bare':>8}{'p50 us':>9}{'p99 us':>9}{'p99.9':>9}{'req/s':>9}"]
    for each in row["servers"]:
        lines.append(f"  {each['label']:20}{each['cpu_us']:8.2f}{each['cpu_us_median']:8.2f}{each['to_bare']:8.2f}"
                     f"{each['p50_us']:9.0f}{each['p99_us']:9.0f}{each['p999_us']:9.0f}{each['rate']:9.0f}")
    return "\n".join(lines) + "\n"


def ratio(value, aim):
    if value is None:
        return "–"
    return f"{value:.2f}" + (f" (aim {aim:.2f}{'' if value <= aim else ', missed'})" if aim else "")


def verdicts(made):
    """Rows of four words each, the title first."""
    for row in made["rows"]:
        yield (row["title"], ratio(row["to_bare"], row["to_bare_aim"]),
               ratio(row["to_best_peer"], row["to_best_peer_aim"]), row["best_peer"] or "–")


def verdicts_as_text(made):
    table = [("Rollcall's CPU time for a request", "x bare server", "x best peer", ""), *verdicts(made)]
    return "\n".join(f"{title:56}{bare:24}{peer:24}{which}".rstrip() for title, bare, peer, which in table)


def as_markdown(made):
    lines = ["| work | Rollcall against the bare server | against the best peer | which is |",
             "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(words)} |" for words in verdicts(made)]
    lines += ["", "| work | server | CPU µs | × bare | p50 µs | p99 µs | p99.9 µs | requests/s |",
              "| --- | --- | --: | --: | --: | --: | --: | --: |"]
    for row in made["rows"]:
        title = row["title"]
        for each in row["servers"]:
            lines.append(f"| {title} | {each['label']} | {each['cpu_us']:.1f} | {each['to_bare']:.2f} | "
                         f"{each['p50_us']:.0f} | {each['p99_us']:.0f} | {each['p999_us']:.0f} | "
                         f"{each['rate']:,.0f} |")
            title = ""
    return "\n".join(lines) + "\n"
