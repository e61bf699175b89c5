"""Configurations of every kind: merging, references, and whatever a file may hold."""

from __future__ import annotations

import re
from contextlib import suppress

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from otel_bridge.config_file.builtin import text_of
from otel_bridge.config_file.layers import set_layer
from otel_bridge.config_file.nodes import Node, merged, plain
from otel_bridge.config_file.problems import BadConfig, Origin, Rank
from otel_bridge.config_file.reading import Sources, load
from otel_bridge.config_file.references import Expander, escaped
from otel_bridge.config_file.yaml_tree import parsed
from otel_bridge.parsers import BadSetting

HERE = Origin("here", Rank.FILE, 1, 1)
NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.sampled_from(["x", "1", "yes", "", "$", "${env:A}", "}"])
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
MAPS = st.dictionaries(NAMES, TREES, max_size=3)


def node(value):
    """Plain values as a tree."""
    if isinstance(value, dict):
        return Node({name: node(each) for name, each in value.items()}, HERE, HERE)
    if isinstance(value, list):
        return Node([node(each) for each in value], HERE)
    return Node(value, HERE)


def model_of_merging(lower, upper):
    """What merging means, on plain values."""
    if isinstance(lower, dict) and isinstance(upper, dict):
        both = {name: model_of_merging(lower[name], upper[name]) for name in lower.keys() & upper.keys()}
        return {**lower, **upper, **both}
    return lower if upper is None and isinstance(lower, dict | list) else upper


@given(MAPS, MAPS)
def test_merging_joins_maps_and_replaces_all_else(lower, upper):
    assert plain(merged(node(lower), node(upper))) == model_of_merging(lower, upper)


@given(MAPS, MAPS, MAPS)
def test_merging_in_steps_is_merging_at_once(one, two, three):
    left = merged(merged(node(one), node(two)), node(three))
    assert plain(left) == model_of_merging(model_of_merging(one, two), three)


@given(MAPS)
def test_merging_with_nothing_changes_nothing(tree):
    for nothing in ({}, None):
        assert plain(merged(node(tree), node(nothing))) == tree
    assert plain(merged(node({}), node(tree))) == tree


PIECES = st.lists(
    st.sampled_from(["$$", "$", "x", "}", ":-", " ", "\n", "é"])
    | st.builds("${{env:{}}}".format, st.sampled_from(["A", "B"]))
    | st.builds(
        "${{{}:-{}}}".format, st.sampled_from(["A", "NONE", "EMPTY"]), st.sampled_from(["", "d", "$$"])
    ),
    max_size=8,
)
ENVIRON = {"A": "alpha", "B": "$b{}${A}", "EMPTY": ""}


def model_of_references(piece: str) -> str:
    """What one piece stands for."""
    found = re.fullmatch(r"\$\{(?:env:)?(\w+)(?::-(.*))?\}", piece)
    if found is None:
        return "$" if piece == "$$" else piece
    return ENVIRON.get(found[1]) or (found[2] or "").replace("$$", "$")


@given(PIECES)
def test_references_are_filled_in_one_by_one(pieces):
    text = "".join(pieces)
    if re.search(r"(?<!\$)(\$\$)*\$(?=\$|\{(?!env:[AB]\}|(?:A|NONE|EMPTY):-))", text):
        pieces = [piece for piece in pieces if piece != "$"]  # a lone dollar would join its neighbour
    expander = Expander(ENVIRON)
    value = plain(expander.tree(Node("".join(pieces), HERE)))
    assert expander.problems == []
    assert (value or "") == "".join(map(model_of_references, pieces))


@given(st.text(alphabet="$ {}:-aenvfil/\n", max_size=40))
def test_a_text_that_is_escaped_stands_for_itself(text):
    expander = Expander({})
    assert plain(expander.tree(Node(escaped(text), HERE))) == text
    assert expander.problems == []


@given(st.text(alphabet="$ {}:-Aenvfil/", max_size=40))
def test_any_text_stands_for_something_or_says_why_not(text):
    expander = Expander({"A": "a"})
    value = plain(expander.tree(Node(text, HERE)))
    assert isinstance(value, str | None)
    assert len(expander.problems) <= 1


KEYS = """receivers exporters extensions service pipelines traces logs otlp weave store weave/a protocols
http endpoint auth api_key sending_queue storage file_storage retention null 0123 off 1s 127.0.0.1:1 http://a"""
SIGNS = """<< [ ] { } : , - & * &a *a ! !!int | > ' " # ? % @ ` ~ ${env:A} ${file:/} $$ ${"""
WORDS = st.sampled_from([*KEYS.split(), *SIGNS.split(), " ", "\n", "\n  ", "\t", "\ufeff", "\x00"])


@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=60))
@example("a: !!int x")
@example("a: !!bool x")
@example("a: !!float .")
@example("!!null a: 1")
@example("? {a: 1}\n: 2")
@example("service: {pipelines: {traces: }}\nreceivers: 1\nexporters: []")
@example("receivers: {otlp/: }\nexporters: {'': }\nservice: {extensions: [1, {}]}")
def test_any_file_is_a_configuration_or_says_what_is_wrong(text):
    for sources in (Sources(files=(f"yaml:{text}",)), Sources("sidecar", (f"yaml:{text}",))):
        with suppress(BadSetting):
            load(sources, {"A": "a", "WEAVE_ENDPOINT": "http://a"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)
BASE = yaml.safe_load(text_of("sidecar"))


def places(value, place=()):
    """Every place of a document."""
    yield place
    members = value.items() if isinstance(value, dict) else ()
    for name, each in members:
        yield from places(each, (*place, name))


@given(st.sampled_from([place for place in places(BASE) if place]), JSON)
def test_any_value_at_any_key_is_right_or_wrong_at_its_place(place, value):
    text = (
        yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n").removesuffix("\n...")
    )
    with suppress(BadSetting):
        load(Sources("sidecar", sets=("::".join(place) + "=" + text,)), {"WEAVE_ENDPOINT": "http://a"})


@given(st.text(max_size=30))
def test_any_set_is_a_layer_or_a_mistake(text):
    with suppress(BadConfig):
        set_layer(text)


@given(JSON)
def test_yaml_that_python_writes_is_read(value):
    with suppress(BadConfig):  # keys that are empty, and texts that YAML cannot hold
        tree = parsed(yaml.safe_dump({"a": value}), "a.yaml", Rank.FILE)
        assert set(plain(tree)) == {"a"}
