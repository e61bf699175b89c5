"""Texts as files, read together with whatever else says how a bridge is to be."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otel_bridge.config_file.aliases import Given
from otel_bridge.config_file.problems import BadConfig
from otel_bridge.config_file.reading import Sources, load


@pytest.fixture
def configure(tmp_path):
    """Load texts as files a.yaml, b.yaml …; `sets` are `--set`, flags are given by name."""

    def loads(*texts, profile=None, sets=(), flags=None, variables=None, environ=None):
        files = []
        for text, name in zip(texts, "abcdef", strict=False):
            path = tmp_path / f"{name}.yaml"
            path.write_text(dedent(text).lstrip("\n"))
            files.append(str(path))
        options = {name: Given(text) for name, text in (flags or {}).items()}
        options |= {name: Given(text, is_flag=False) for name, text in (variables or {}).items()}
        sources = Sources(profile=profile, files=tuple(files), sets=tuple(sets), options=options)
        return load(sources, environ or {})

    return loads


@pytest.fixture
def problems(configure, tmp_path):
    """What is wrong, each problem without the folder of its file."""

    def found(*texts, **more):
        with pytest.raises(BadConfig) as raised:
            configure(*texts, **more)
        return [one.replace(f"{tmp_path}/", "") for one in raised.value.problems]

    return found
