"""What benchmarks of several sections share: the choice among them, and tables."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def run_sections(
    parser: argparse.ArgumentParser, sections: Mapping[str, Callable[[argparse.Namespace], None]]
) -> None:
    """Say what machine this is, and run the sections that the command line names: all without any."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(sections)}")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(sections):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(sections)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    for name in options.sections or sections:
        sections[name](options)


def table(title: str, head: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    """Print one table."""
    cells = [head, *([f"{c:,.1f}" if isinstance(c, float) else str(c) for c in line] for line in lines)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    print(f"\n{title}")
    for line in cells:
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))
    sys.stdout.flush()
