"""Files of a configuration: what they hold counts, and nothing else about them."""

from __future__ import annotations

import os

import pytest

from otel_bridge.config_file.files import MAX_TEXT, Files
from otel_bridge.config_file.problems import BadConfig
from otel_bridge.config_file.reading import Sources, load

STORE = """
receivers: {otlp: {protocols: {http: {}}}}
exporters: {store: {default_project: "${file:PROJECT}"}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [store]}}}
"""


@pytest.fixture
def written(tmp_path):
    """Write a file; return its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_nothing_has_changed_when_nothing_was_written(written):
    files = Files()
    assert files.read(written("a", "one")) == "one"
    assert files.changed() == ()


def test_a_file_that_holds_something_else_has_changed(written):
    files = Files()
    files.read(path := written("a", "one"))
    written("a", "two")
    assert files.changed() == (path,)


def test_a_file_that_was_only_touched_has_not_changed(written):
    files = Files()
    files.read(path := written("a", "one"))
    os.utime(path, (1, 1))
    assert files.changed() == ()


def test_a_link_that_leads_elsewhere_is_a_change(tmp_path):
    """As a ConfigMap is mounted: `config.yaml` → `..data/config.yaml`, `..data` → a folder of one version."""
    for version in ("1", "2"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "config.yaml").write_text(version)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    files = Files()
    assert files.read(str(tmp_path / "config.yaml")) == "1"
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert files.changed() == (str(tmp_path / "config.yaml"),)


def test_a_file_that_was_not_there_is_waited_for(tmp_path, written):
    files = Files()
    with pytest.raises(OSError, match="No such file"):
        files.read(path := str(tmp_path / "a"))
    assert files.changed() == ()
    written("a", "one")
    assert files.changed() == (path,)


def test_a_file_that_is_gone_has_changed(tmp_path, written):
    files = Files()
    files.read(path := written("a", "one"))
    (tmp_path / "a").unlink()
    assert files.changed() == (path,)


def test_what_is_too_long_or_no_text_cannot_be_read(tmp_path, written):
    with pytest.raises(ValueError, match="more than"):
        Files().read(written("a", "x" * (MAX_TEXT + 1)))
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="utf-8"):
        Files().read(str(tmp_path / "b"))


def test_a_file_is_read_once_and_its_text_is_let_go(written):
    files = Files()
    path = written("a", "one")
    assert files.read(path) == "one"
    written("a", "two")
    assert files.read(path) == "one"
    files.forget_texts()
    assert files.read(path) == "two"


def test_a_configuration_depends_on_its_files_and_on_what_they_refer_to(written):
    project = written("project", "a/b\n")
    config = written("config.yaml", STORE.replace("PROJECT", project))
    files = Files()
    assert load(Sources(files=(config,)), {}, files).config.default_project == "a/b"
    assert files.paths == (config, project)
    written("project", "a/c\n")
    assert files.changed() == (project,)


def test_a_configuration_that_is_wrong_depends_on_them_too(tmp_path, written):
    missing = str(tmp_path / "missing")
    config = written("config.yaml", STORE.replace("PROJECT", missing))
    files = Files()
    with pytest.raises(BadConfig, match="cannot read"):
        load(Sources(files=(config,)), {}, files)
    written("missing", "a/b")
    assert files.changed() == (missing,)


def test_the_file_of_a_key_is_looked_at_too(written):
    key = written("key", "secret")
    variables = {"WANDB_API_KEY_FILE": key, "WANDB_ENTITY": "a", "WANDB_PROJECT": "b"}
    files = Files()
    load(Sources("sidecar"), variables, files)
    written("key", "another")
    assert files.changed() == (key,)
