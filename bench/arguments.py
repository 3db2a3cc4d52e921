"""What the measurements read from their command lines."""
import argparse
import contextlib
from pathlib import Path

BUILT = Path(__file__).resolve().parents[1] / "build/release/bin"


def number(kind, least, most):
    def read(text):
        with contextlib.suppress(ValueError):
            if least <= kind(text) <= most:
                return kind(text)
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from {least} to {most}")
    return read


def whole(least, most):
    return number(int, least, most)


def count_list(least, most):
    """Such as 1,4."""
    def read(text):
        try:
            return [whole(least, most)(word) for word in text.split(",")]
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected numbers from {least} to {most}, with commas between them") from None
    return read


def some_of(known, none=False):
    def chosen(text):
        words = [] if none and text == "none" else text.split(",")
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r}: expected some of {','.join(known)}" +
                                                 (", or none" if none else ""))
        return words
    return chosen


def new_parser(about, epilog):
    return argparse.ArgumentParser(description=about, epilog=epilog,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)


def add_programs(parser, *names):
    """--bin, and what has to be there."""
    parser.add_argument("--bin", type=Path, default=BUILT, metavar="DIR",
                        help=f"where {', '.join(names)} are (default build/release/bin)")
    parser.set_defaults(programs=names)


def add_gateways(parser):
    parser.add_argument("--gateways", type=count_list(1, 64), default=[1, 4], metavar="N,N",
                        help="sizes of fleets, one after the other, with commas between them (default 1,4)")


def parse(parser):
    chosen = parser.parse_args()
    for name in chosen.programs:
        if not (chosen.bin / name).exists():
            parser.error(f"there is no {chosen.bin / name}: cmake --preset release && cmake --build --preset release")
    return chosen
