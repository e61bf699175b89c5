"""Files that are read again when they change."""

from __future__ import annotations

import pytest
import structlog

from otel_bridge.auth.keys_file import read_keys
from otel_bridge.auth.own_key import KEY, KEY_FILE, advice, key_headers
from otel_bridge.auth.own_tls import CA_FILE, CERT_FILE, own_context
from otel_bridge.auth.own_tls import KEY_FILE as TLS_KEY_FILE
from otel_bridge.auth.watching import MAX_BYTES, Watched, text_of
from otel_bridge.errors import StartError

SECRET = "s3cret-key"


@pytest.fixture
def logged():
    with structlog.testing.capture_logs() as events:
        yield events


def of_text(content: bytes) -> str:
    text = text_of(content)
    if "bad" in text:
        raise ValueError("makes no sense")
    return text


async def test_a_file_that_changes_is_read_again(tmp_path, logged):
    file = tmp_path / "keys"
    file.write_text("one")
    watched = Watched([file], of_text, what="file")
    await watched.look()
    assert (watched.value, logged) == ("one", [])
    file.write_text("two")
    await watched.look()
    assert watched.value == "two"
    assert [event["event"] for event in logged] == ["file_reloaded"]


async def test_a_mounted_file_changes_by_its_symbolic_link(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys").write_text(name)
    data = tmp_path / "..data"
    data.symlink_to("one")
    (tmp_path / "keys").symlink_to("..data/keys")
    watched = Watched([tmp_path / "keys"], of_text, what="file")
    fresh = tmp_path / "..data_tmp"
    fresh.symlink_to("two")
    fresh.replace(data)
    await watched.look()
    assert watched.value == "two"


@pytest.mark.parametrize("change", ["bad", "gone", "binary", "huge"])
async def test_a_bad_file_keeps_the_old_value_and_is_logged_once(tmp_path, logged, change):
    file = tmp_path / "keys"
    file.write_text("one")
    watched = Watched([file], of_text, what="file")
    match change:
        case "gone":
            file.unlink()
        case "binary":
            file.write_bytes(b"\xff\xfe\x00")
        case "huge":
            file.write_bytes(bytes(MAX_BYTES + 1))
        case _:
            file.write_text("bad")
    for _ in range(3):
        await watched.look()
    assert watched.value == "one"
    assert [(event["event"], event["log_level"]) for event in logged] == [("file_not_reloaded", "error")]
    file.write_text("two")
    await watched.look()
    assert watched.value == "two"


async def test_the_log_of_a_bad_file_of_keys_shows_no_key(tmp_path, logged):
    file = tmp_path / "keys"
    file.write_text(f"keys: [{{name: a, key: {SECRET}}}]")
    watched = Watched([file], lambda content: read_keys(text_of(content)), what="file of keys")
    file.write_text(f"keys: [{{name: a, key: {SECRET}, oops: {SECRET}}}]")
    await watched.look()
    (event,) = logged
    assert event["event"] == "file_not_reloaded"
    assert SECRET not in str(event)


def test_a_file_that_cannot_be_used_at_the_start_is_a_start_error(tmp_path):
    with pytest.raises(StartError, match=r"file of keys .*keys: No such file"):
        Watched([tmp_path / "keys"], of_text, what="file of keys")


class TestOwnKey:
    def test_it_comes_from_the_environment_or_a_file(self, tmp_path):
        file = tmp_path / "key"
        file.write_text("k2\n")
        assert key_headers({}) == {}
        for environ, key in (({KEY: "k1"}, "k1"), ({KEY_FILE: str(file)}, "k2")):
            assert key_headers(environ) == {"Authorization": f"Bearer {key}", "wandb-api-key": key}

    def test_a_user_and_a_password_go_as_basic(self):
        assert key_headers({KEY: "ann:pw"})["Authorization"] == "Basic YW5uOnB3"

    @pytest.mark.parametrize(
        ("status", "environ", "said"),
        [
            (401, {}, f"{KEY}, or {KEY_FILE}, gives the key"),
            (401, {KEY: "k"}, f"{KEY} is not known there"),
            (403, {KEY: "k"}, f"about the key in {KEY}"),
        ],
    )
    def test_what_is_missing_is_said(self, status, environ, said):
        assert said in advice(status, environ)
        assert advice(404, environ) == ""

    @pytest.mark.parametrize(
        "environ",
        [
            {"OTEL_BRIDGE_API_KEY": "a", "OTEL_BRIDGE_API_KEY_FILE": "b"},
            {"OTEL_BRIDGE_API_KEY_FILE": "/nowhere/key"},
            {"OTEL_BRIDGE_API_KEY": f"{SECRET}\nüx"},
        ],
        ids=["both", "no file", "no key"],
    )
    def test_what_cannot_be_used_is_named_and_not_shown(self, environ):
        with pytest.raises(StartError, match="OTEL_BRIDGE_API_KEY") as found:
            key_headers(environ)
        assert SECRET not in str(found.value)


class TestOwnTls:
    @pytest.mark.parametrize(
        ("environ", "said"),
        [
            ({CA_FILE: "/nowhere/ca"}, f"{CA_FILE}: No such file"),
            ({CERT_FILE: "/nowhere/cert"}, f"{CERT_FILE}, {TLS_KEY_FILE}: No such file"),
            ({TLS_KEY_FILE: "/nowhere/key"}, f"{TLS_KEY_FILE} is set, and {CERT_FILE} is not"),
            ({CA_FILE: __file__}, f"{CA_FILE}: no certificates"),
            ({CERT_FILE: __file__}, "no certificate with its key"),
        ],
    )
    def test_files_that_cannot_be_used_are_named(self, environ, said):
        with pytest.raises(StartError, match=said):
            own_context(environ)
