"""Scorers that installed packages offer."""

from __future__ import annotations

import sys

import pytest

from otel_bridge.scorer.catalogue import registered
from otel_bridge.scorer.settings import ScoringSettings


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Install a package that offers scorers."""

    def install(package: str, **scorers: str) -> None:
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in scorers.items()]
        (folder / "entry_points.txt").write_text("\n".join(["[otel_bridge.scorers]", *lines]))

    monkeypatch.syspath_prepend(tmp_path)
    return install


def test_what_a_package_offers_is_registered_and_not_imported(offered):
    offered("judgements", helpful="judgements.scorers:Helpful", brief="judgements.scorers:Brief.of [extra]")
    known = registered(ScoringSettings())
    assert known["helpful"].settings == {"callable": "judgements.scorers:Helpful"}
    assert known["brief"].settings == {"callable": "judgements.scorers:Brief.of"}
    assert (known["helpful"].kind, known["helpful"].origin) == ("python", "package")
    assert "judgements" not in sys.modules


def test_the_configuration_comes_before_a_package(offered):
    offered("judgements", helpful="judgements.scorers:Helpful")
    known = registered(ScoringSettings.model_validate({"scorers": {"helpful": {"type": "length"}}}))
    assert known["helpful"].kind == "length"


def test_what_a_package_offers_and_cannot_be_used_is_told_with_a_reason(offered):
    offered("judgements", length="judgements:Length", module="judgements", helpful="judgements:Helpful")
    offered("verdicts", helpful="verdicts:Helpful")
    known = registered(ScoringSettings())
    assert known["length"].kind == "length"
    assert known.unusable["length (judgements:Length)"] == "length is the name of a kind that is built in"
    assert "is not package.module:name" in known.unusable["module"]
    (twice,) = (why for name, why in known.unusable.items() if name.startswith("helpful"))
    assert twice == "another installed package offers helpful, too"
