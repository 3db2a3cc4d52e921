"""What bench/chaos tells: each figure beside its aim, as text and as Markdown."""


def judge(row, found, quick):
    """Adds to the figures of a row what was aimed at, and what of it was missed. Times of --quick are not judged: its
    windows are short, and whoever takes it has other things running."""
    found["aims"] = {"errors": 0, "wrong": 0, "worst_hit_ms": row.hit, "back": row.back}
    missed = [name for name in ("errors", "wrong") if found[name] > 0]
    if found["requests"] == 0:
        missed.append("requests")
    if row.hit is not None and not quick and found["worst_hit_ms"] >= row.hit:
        missed.append("worst_hit_ms")
    if row.back is not None and (found["back"] is None or (not quick and found["back"] >= row.back)):
        missed.append("back")
    missed += ["note" for each in found["notes"] if not each["right"]]
    found["missed"] = missed
    return found


def with_aim(found, name, text, aim):
    if aim is None:
        return f"{text} (–)"
    return f"{text} ({aim}{', missed' if name in found['missed'] else ''})"


def errors_text(found):
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(found["errors_by_kind"].items()))
    return f"{found['errors']:,}" + (f": {kinds}" if kinds else "")


def cells(found):
    """The row of the table, without its title."""
    aims = found["aims"]
    hit, back = aims["worst_hit_ms"], aims["back"]
    wrong = f"{found['wrong']:,}" + (f", {found['outdated']:,} of them outdated" if found["outdated"] else "")
    during = found["calls_during"]
    return (f"{found['requests']:,}" + (" (missed)" if "requests" in found["missed"] else ""),
            with_aim(found, "errors", errors_text(found), 0), with_aim(found, "wrong", wrong, 0),
            with_aim(found, "worst_hit_ms", f"{found['worst_hit_ms']:.1f} ms", hit and f"< {hit} ms"),
            "–" if back is None else with_aim(found, "back",
                                              "never" if found["back"] is None else f"{found['back']:.1f} s",
                                              f"< {back} s"),
            f"{found['calls']:,}",
            f"{found['calls_before']:.0f}, " + ("–" if during is None else f"{during:.0f}"))


COLUMN_NAMES = ("requests", "errors (aim)", "wrong answers (aim)", "worst hit (aim)", "back to normal (aim)",
                "upstream calls", "a second before, during")


def as_text(found):
    """A row under its title."""
    lines = [found["title"]]
    lines += [f"  {name.removesuffix(' (aim)'):<24}{cell}" for name, cell in zip(COLUMN_NAMES, cells(found))]
    lines += [f"  {'' if each['right'] else 'missed: '}{each['text']}" for each in found["notes"]]
    return "\n".join(lines) + "\n"


def as_markdown(rows):
    lines = [f"| fault | {' | '.join(COLUMN_NAMES)} |", "| --- |" + " --- |" * len(COLUMN_NAMES)]
    for found in rows:
        notes = "".join(f"; {each['text']}{'' if each['right'] else ' (missed)'}" for each in found["notes"])
        lines.append(f"| {found['title']}{notes} | {' | '.join(cells(found))} |")
    return "\n".join(lines) + "\n"
