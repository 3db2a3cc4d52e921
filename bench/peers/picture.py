"""The report of bench/compare as bars: one self-contained SVG, legible on a light page and on a dark one."""
from html import escape

COLOURS = {"rollcall": "#1a9c6b", "bare": "#9aa0a6"}  # the others are what they are compared with
OTHER = "#d08a3c"
TEXT = "#808890"
WIDTH, LEFT, RIGHT = 760, 170, 110
BAR, GAP, TITLE = 15, 4, 26


def number(value):
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def text(x, y, words, anchor="start", weight="normal"):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'


def group(row, top):
    """The bars of one kind of work, and where the next may begin."""
    longest = max(each["cpu_us"] for each in row["servers"])
    parts = [text(0, top + 14, row["title"], weight="bold")]
    y = top + TITLE
    for each in row["servers"]:
        length = max(1, each["cpu_us"] / longest * (WIDTH - LEFT - RIGHT))
        colour = COLOURS.get(each["name"], OTHER)
        parts += [text(LEFT - 8, y + 12, each["label"], "end"),
                  f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
                  text(round(LEFT + length + 6, 1), y + 12, f"{number(each['cpu_us'])} µs")]
        y += BAR + GAP
    return parts, y + 10


def as_svg(made):
    """Of the rows that compare CPU time, each on a scale of its own."""
    parts, y = [], 0
    for row in made["rows"]:
        if row["compared"] == "cpu_us":
            more, y = group(row, y)
            parts += more
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {max(y, 1)}" width="{WIDTH}" '
            f'font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}" role="img" '
            f'aria-label="CPU time for a request">\n' + "\n".join(parts) + "\n</svg>\n")
