#!/usr/bin/env python3
"""The house rules that no compiler checks: which room may include which, and what no file may hold.

    tests/layout.py [repository]

Every rule is first tried on a small tree that breaks it, so that a rule which no longer sees anything fails too.
"""
import re
import subprocess
import sys
from pathlib import Path

# A library that stays behind one room's doors, not even in that room's headers: it can be replaced there and nowhere else.
LIBRARY_ROOMS = {"simdjson": "api", "hiredis": "redis", "toml++": "ops"}

SOURCE = re.compile(r"\.(?:cpp|hpp|h|cc)$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)
ROOM_LINE = re.compile(r"^\s*rollcall_room\((\w+)([^)]*)\)", re.M)
# Split, so that this file does not hold what it looks for.
OUTSIDE = re.compile(r"(?<![\w.$}-])/" + r"work/\w")


def rooms_of(cmake):
    """Each room with all the rooms it may include: itself, what it USES, and what those use in turn."""
    uses = {}
    for name, rest in ROOM_LINE.findall(cmake):
        used = re.search(r"\bUSES\b(.*?)(?:\bLIBRARIES\b|$)", rest, re.S)
        uses[name] = set(used.group(1).split()) if used else set()

    def reach(name, seen):
        if name not in seen:
            seen.add(name)
            for other in uses.get(name, ()):
                reach(other, seen)
        return seen

    return {name: reach(name, set()) for name in uses}


def room_of(path):
    """The room whose code a file is, or None: src/<room>/..., include/rollcall/<room>/..., tests/unit/<room>/..."""
    match = re.match(r"(?:src|include/rollcall|tests/unit)/(\w+)/", path)
    return match.group(1) if match else None


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check_includes(files):
    rooms = rooms_of(files.get("CMakeLists.txt", ""))
    for path, text in files.items():
        room = room_of(path)
        if not room or not SOURCE.search(path):
            continue
        if room not in rooms and path.startswith("tests/"):
            continue  # the tests of a program
        if room not in rooms:
            yield f"{path}:1: no rollcall_room({room} ...) in CMakeLists.txt"
            continue
        for match in INCLUDE.finditer(text):
            other = re.match(r"(?:.*/)?(?:rollcall|src)/(\w+)/", match.group(1))
            if other and other.group(1) not in rooms[room]:
                yield (f"{path}:{line_of(text, match.start())}: {room} includes {match.group(1)}, but may use only "
                       f"{', '.join(sorted(rooms[room]))} (CMakeLists.txt)")


def check_libraries(files):
    for path, text in files.items():
        if not SOURCE.search(path) or not re.match(r"(?:src|include|bench)/", path):
            continue
        for match in INCLUDE.finditer(text):
            library = re.match(r"[^/.]*", match.group(1)).group(0)
            home = LIBRARY_ROOMS.get(library)
            if home and not (room_of(path) == home and path.startswith("src/")):
                yield f"{path}:{line_of(text, match.start())}: {library} may be included only in src/{home}/"


def check_headers(files):
    for path, text in files.items():
        if not path.endswith(".hpp"):
            continue
        if not re.search(r"^#pragma once$", text, re.M):
            yield f"{path}:1: a header without #pragma once"
        for match in re.finditer(r"^\s*using\s+namespace\b", text, re.M):
            at = match.start() + match.group(0).index("using")
            yield f"{path}:{line_of(text, at)}: using namespace in a header"


def check_outside(files):
    for path, text in files.items():
        for match in OUTSIDE.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: names a path of one machine"


def check_version(files):
    project = re.search(r"project\([^)]*VERSION\s+([\d.]+)", files.get("CMakeLists.txt", ""))
    header = re.search(r'version\s*=\s*"([^"]*)"', files.get("include/rollcall/ops/version.hpp", ""))
    if not project or not header or project.group(1) != header.group(1):
        yield "include/rollcall/ops/version.hpp:1: not the version of project() in CMakeLists.txt"


RULES = [check_includes, check_libraries, check_headers, check_outside, check_version]


def problems(files):
    return [problem for rule in RULES for problem in rule(files)]


SOUND = {
    "CMakeLists.txt": "project(rollcall VERSION 1.2.3 LANGUAGES CXX)\n"
                      "rollcall_room(ops   LIBRARIES x::y)\nrollcall_room(net USES ops)\n"
                      "rollcall_room(redis USES net LIBRARIES z)\nrollcall_room(api)\n",
    "include/rollcall/ops/version.hpp": '#pragma once\nconstexpr auto version = "1.2.3";\n',
    "include/rollcall/redis/a.hpp": '#pragma once\n#include "rollcall/net/b.hpp"\n#include "rollcall/ops/c.hpp"\n',
    "src/redis/a.cpp": '#include "a.hpp"\n#include <hiredis/hiredis.h>\nusing namespace std;\n',
    "src/api/j.cpp": "#include <simdjson.h>\n",
    "tests/unit/tool/a.cpp": '#include "rollcall/redis/a.hpp"\n',
    "README.md": "network/work/flow, $HOME/work/x\n",
}

# What breaks a rule, and the place that must be named for it.
BROKEN = [
    ({"src/net/a.cpp": '\n#include "rollcall/redis/a.hpp"\n'}, "src/net/a.cpp:2:"),
    ({"src/api/a.cpp": '#include <rollcall/ops/a.hpp>\n'}, "src/api/a.cpp:1:"),
    ({"src/api/a.cpp": '  #  include "../../src/redis/a.hpp"\n'}, "src/api/a.cpp:1:"),
    ({"include/rollcall/ops/a.hpp": '#pragma once\n#include "rollcall/net/a.hpp"\n'}, "include/rollcall/ops/a.hpp:2:"),
    ({"tests/unit/ops/a.cpp": '#include "rollcall/redis/a.hpp"\n'}, "tests/unit/ops/a.cpp:1:"),
    ({"src/attic/a.cpp": "\n"}, "src/attic/a.cpp:1:"),
    ({"src/redis/a.cpp": "#include <simdjson.h>\n"}, "src/redis/a.cpp:1:"),
    ({"src/main.cpp": "#include <hiredis/read.h>\n"}, "src/main.cpp:1:"),
    ({"include/rollcall/redis/a.hpp": "#pragma once\n#include <hiredis/read.h>\n"}, "include/rollcall/redis/a.hpp:2:"),
    ({"bench/a.cpp": "#include <toml++/toml.h>\n"}, "bench/a.cpp:1:"),
    ({"src/api/a.hpp": "int a;\n"}, "src/api/a.hpp:1:"),
    ({"src/api/a.hpp": "#pragma once\n\n  using namespace std;\n"}, "src/api/a.hpp:3:"),
    ({"README.md": "see /" + "work/main\n"}, "README.md:1:"),
    ({"include/rollcall/ops/version.hpp": '#pragma once\nconstexpr auto version = "1.2.4";\n'},
     "include/rollcall/ops/version.hpp:1:"),
]


def check_rules():
    """The rules themselves: quiet about the sound tree, and one complaint for each broken one."""
    wrong = [f"a sound tree is refused: {problem}" for problem in problems(SOUND)]
    for change, place in BROKEN:
        found = problems(SOUND | change)
        if len(found) != 1 or not found[0].startswith(place):
            wrong.append(f"{change} should be refused at {place} and nowhere else, got {found}")
    return wrong


def repository(root):
    """Every text file that is, or would be, committed."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:  # an unpacked archive
        names = [str(each.relative_to(root)) for each in Path(root).rglob("*")]
        names = [name for name in names if not re.match(r"(?:build|\.git|\.cache)/", name)]
    files = {}
    for name in sorted(set(filter(None, names))):
        path = Path(root, name)
        if path.is_file() and not path.is_symlink():
            files[name] = path.read_text(encoding="utf-8", errors="replace")
    return files


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).resolve().parent.parent)
    files = repository(root)
    found = check_rules() + problems(files)
    for problem in found:
        print(problem)
    rooms = rooms_of(files.get("CMakeLists.txt", ""))
    seen = {room_of(path) for path in files} - {None}
    print(f"layout: {len(files)} files, rooms {', '.join(sorted(seen))}: {len(found) or 'no'} problem(s)")
    return 1 if found or not rooms or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
