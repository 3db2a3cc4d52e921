"""Rollcall under valgrind's callgrind: how many instructions it executes, and in which functions."""
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from contenders import Rollcall
from fleet import PATIENCE, Trouble

NEEDED = ("valgrind", "callgrind_control", "strip")
SLOWER = 3  # than without, as far as our patience is concerned


class Counted(Rollcall):
    """Counts all instructions of the process, in whatever thread, but none of the kernel's."""

    label = "Rollcall under callgrind"
    further = '[redis]\ntimeout = "5s"\n'  # Redis is not slower here, but we are

    def __init__(self):
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory(prefix="rollcall-callgrind-")  # /dev/shm may hold no programs
        self.dumps = 0
        # -q: what the gateway says is to be seen, not what valgrind says
        self.under = ("valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={self.directory}/counted")

    def start(self, setting):
        """Of a copy without debug information, which Debian 12's valgrind cannot read from clang 19; the names stay."""
        built = Path(self.scratch.name)
        stripped = subprocess.run(["strip", "--strip-debug", "-o", built / "rollcall", setting.built / "rollcall"],
                                  capture_output=True, text=True, timeout=PATIENCE)
        if stripped.returncode != 0:
            raise Trouble(f"strip: {stripped.stderr.strip()}")
        super().start(replace(setting, built=built))

    def end(self):
        super().end()
        self.scratch.cleanup()

    def control(self, *words):
        command = ["callgrind_control", *words, str(self.process.child.pid)]
        said = subprocess.run(command, capture_output=True, text=True, timeout=SLOWER * PATIENCE)
        if said.returncode != 0 or "OK." not in said.stdout:
            raise Trouble(f"callgrind_control {' '.join(words)}: {(said.stdout + said.stderr).strip()}")

    def asleep(self):
        """Whether it waits for something to happen, with all its threads."""
        tasks = Path(f"/proc/{self.process.child.pid}/task").glob("*/stat")
        return all(task.read_text().rpartition(")")[2].split()[0] == "S" for task in tasks)

    def count(self, work):
        """The file that tells what was executed from work()'s beginning to its end."""
        self.control("--zero")
        work()
        self.control("--dump")
        self.dumps += 1
        return self.directory / f"counted.{self.dumps}"


def total_of(dump):
    found = re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)
    if not found:
        raise Trouble(f"callgrind wrote no total to {dump.name}")
    return int(found[1])


def without_brackets(name, opening, closing):
    """Without what is between them, nested or not."""
    depth, kept = 0, []
    for letter in name:
        depth += letter == opening
        if not depth:
            kept.append(letter)
        depth -= letter == closing and depth > 0
    return "".join(kept)


OPERATOR = re.compile(r"operator ?(<=>|<<|>>|->\*?|<=?|>=?|\(\))")
VISIBLE = str.maketrans("<>()", "\1\2\3\4")
AGAIN = str.maketrans("\1\2\3\4", "<>()")


def shortened(name):
    """A function's name without arguments, template arguments and what everybody knows."""
    name = OPERATOR.sub(lambda found: "operator" + found[1].translate(VISIBLE), name)
    name = name.replace("(anonymous namespace)::", "")
    name = without_brackets(without_brackets(name, "<", ">"), "(", ")")
    name = re.sub(r"\[abi:\w+\]|\[clone [^]]*\]|@@?\S+|\.llvm\.\d+| (?:const|noexcept)\b", "", name)
    name = re.sub(r"\b(?:rollcall|boost|std|__1|__cxx11|detail)::", "", name).strip()
    # Before it stands what a function template returns.
    return re.search(r"\S*operator [\w:]+(?:\[\])?$|\S*$", name)[0].translate(AGAIN) or "?"


def costs_of(dump, inclusive):
    """(function, object file, instructions), in no order. callgrind_annotate would count what a function that had not
    returned by then has called as its own."""
    names, where = {}, {"fn": "", "ob": ""}
    after_call = False
    for line in dump.read_text(errors="replace").splitlines():
        if named := re.match(r"(fn|ob|cfn|cob)=\((\d+)\)(?: (.*))?", line):
            kind = named[1][-2:]
            name = names.setdefault((kind, named[2]), named[3])
            if named[1] in where:
                where[kind] = name
        elif line.startswith("calls="):
            after_call = True
        elif cost := re.match(r"[-+*\d]\S* (\d+)$", line):
            if inclusive or not after_call:
                yield where["fn"], where["ob"], int(cost[1])
            after_call = False


def functions_of(dump, inclusive):
    """(name, instructions), most first. `inclusive`: with what each calls."""
    found = {}
    for function, file, count in costs_of(dump, inclusive):
        found[function, file] = found.get((function, file), 0) + count
    short = {}
    for (function, file), count in found.items():
        name = f"in {file.rpartition('/')[2]}" if function.startswith(("0x", "(below")) else shortened(function)
        # Several instances of one template are one function to the reader; nested, they would count twice.
        short[name] = max(short.get(name, 0), count) if inclusive else short.get(name, 0) + count
    return sorted(short.items(), key=lambda each: -each[1])
