"""Files of keys: YAML, plain keys, `user:password` lines."""

from __future__ import annotations

import base64
import hashlib

import pytest

from otel_bridge.auth.credentials import Credential, Scheme
from otel_bridge.auth.keys_file import BadKeys, read_htpasswd, read_keys
from otel_bridge.auth.principal import ALL_RIGHTS, Right
from otel_bridge.model.projects import Projects

SECRET = "s3cret-key"


def bearer(key: str) -> Credential:
    return Credential(Scheme.BEARER, key.encode())


def basic(user: str, password: str) -> Credential:
    return Credential(Scheme.BASIC, password.encode(), user.encode())


def test_an_entry_says_whose_key_it_is_and_what_it_is_for():
    text = "keys:\n- {name: app, key: k1, projects: [acme/*], rights: [ingest], rate_limit: 5}\n"
    principal = read_keys(text).find(bearer("k1"))
    assert (principal.name, principal.rights, principal.projects, principal.rate) == (
        "app",
        {Right.INGEST},
        Projects(("acme/*",)),
        5.0,
    )


def test_a_key_without_rights_and_projects_does_everything_but_maintenance_everywhere():
    principal = read_keys("- {name: app, key: k1}").find(bearer("k1"))
    assert principal.rights == {Right.INGEST, Right.READ, Right.SCORE}
    assert principal.projects.every


def test_a_digest_stands_for_its_key():
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    ring = read_keys(f"keys: [{{name: app, sha256: {digest.upper()}}}]")
    assert ring.find(bearer(SECRET)).name == "app"
    assert ring.find(bearer(digest)) is None


def test_a_text_without_a_colon_holds_plain_keys_with_all_rights():
    ring = read_keys("# for the app\nk1\n\nk2\n")
    assert [ring.find(bearer(key)).rights for key in ("k1", "k2")] == [ALL_RIGHTS] * 2
    assert ring.find(bearer("# for the app")) is None


@pytest.mark.parametrize("user", ["api", "", "app"])
def test_a_key_opens_by_basic_with_the_user_of_weaves_clients_or_its_name(user):
    assert read_keys("- {name: app, key: k1}").find(basic(user, "k1")).name == "app"


def test_a_key_does_not_open_for_another_user():
    assert read_keys("- {name: app, key: k1}").find(basic("else", "k1")) is None


def test_a_password_opens_with_its_user_only():
    ring = read_keys("- {name: ann, user: ann, key: pw}\n- {name: bob, user: bob, key: pw}")
    assert [ring.find(basic(user, "pw")).name for user in ("ann", "bob")] == ["ann", "bob"]
    assert [ring.find(one) for one in (basic("api", "pw"), basic("ann", "no"), bearer("pw"))] == [None] * 3


def test_a_certificate_is_known_by_its_name():
    ring = read_keys("- {name: app, certificate: app.example, rights: [ingest]}")
    assert ring.certified(["other", "app.example"]).rights == {Right.INGEST}
    assert ring.certified(["other"]) is None


def test_htpasswd_lines_are_users_with_all_rights():
    digest = base64.b64encode(hashlib.sha256(b"pw2").digest()).decode()
    ring = read_htpasswd(f"# people\nann:pw:1\n\nbob:{{SHA256}}{digest}\n")
    assert (ring.find(basic("ann", "pw:1")).name, ring.find(basic("bob", "pw2")).name) == ("ann", "bob")
    assert ring.find(basic("bob", "pw:1")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no keys"),
        ("# nothing\n", "holds no keys"),
        ("keys: []", "must hold a list of keys"),
        ("keys: {a: b}", "must hold a list of keys"),
        (f"keys:\n- name: a\n  key: [{SECRET}", "is no YAML, see line 3"),
        (f"keys: [{{name: a, key: {SECRET}, right: x}}]", r"keys\[0\]\.right: Extra inputs"),
        (f"keys: [{{name: a, key: {SECRET}, rights: [x]}}]", r"keys\[0\]\.rights\[0\]: Input should be"),
        (f"keys: [{{name: a, key: {SECRET}, projects: [acme]}}]", "must be ENTITY/PROJECT"),
        (f"keys: [{{name: a, key: {SECRET}, projects: []}}]", r"keys\[0\]\.projects"),
        (f"keys: [{{name: a, key: {SECRET}, rate_limit: 0}}]", r"keys\[0\]\.rate_limit"),
        (f"keys: [{{key: {SECRET}}}]", r"keys\[0\]\.name: Field required"),
        ("keys: [{name: a}]", "needs a key, a sha256 or a certificate"),
        ("keys: [{name: a, key: ' '}]", "has an empty key"),
        (f"keys: [{{name: a, sha256: {SECRET}}}]", "64 hexadecimal digits"),
        (f"keys: [{{name: a, key: {SECRET}, sha256: {'0' * 64}}}]", "take one"),
        (f"keys: [{{name: a, key: {SECRET}}}, {{name: a, key: b}}]", "two keys have the name a"),
        (f"keys: [{{name: a, key: {SECRET}}}, {{name: b, key: {SECRET}}}]", "a and b have the same key"),
        (f"{SECRET} {SECRET}", "line 1 holds more than a key"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_without_showing_a_key(text, said):
    with pytest.raises(BadKeys, match=said) as found:
        read_keys(text)
    assert SECRET not in str(found.value)
    assert found.value.__cause__ is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (SECRET, "line 1 is not USER:PASSWORD"),
        (f":{SECRET}", "line 1 is not USER:PASSWORD"),
        (f"ann:$2y${SECRET}", "in a form that is not known here"),
        (f"ann:{{SHA256}}{SECRET}", "not followed by the base64"),
    ],
)
def test_a_line_of_users_that_makes_no_sense_is_refused_without_showing_it(line, said):
    with pytest.raises(BadKeys, match=said) as found:
        read_htpasswd(line)
    assert SECRET not in str(found.value)
