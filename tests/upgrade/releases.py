"""The data directories that earlier versions wrote, kept under `tests/fixtures/upgrade`."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "upgrade"
COMMITS = {
    "0.1.0": "033e8e8",
    "store-2": "c995dc7",
    "store-4": "428f0c6",
    "store-5": "2189797",
    "store-5-queue-1": "0c7ff1e",
    "store-6-queue-1": "29c2cc3",
    "store-8-queue-1": "8b4d73e",
    "store-8-queue-2": "099745d",
}
"""Name → commit. After 0.1.0 no version has been tagged yet: the others are commits of the main branch that
run and have these schemas (a store 3, or 7 as it is now, never was there alone)."""


class Wrote(NamedTuple):
    """What a version wrote, unpacked: `said` is what it answered about it."""

    data_dir: Path
    said: dict


def names() -> list[str]:
    """The names of all fixtures."""
    return sorted(path.name.removesuffix(".tar.xz") for path in FOLDER.glob("*.tar.xz"))


def unpacked(name: str, into: Path) -> Wrote:
    """Unpack a fixture."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(into, filter="data")
    return Wrote(into / "data", json.loads((into / "said.json").read_text()))


def said(name: str) -> dict:
    """What a fixture says about itself."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        file = archive.extractfile("said.json")
        assert file is not None
        return json.load(file)
