"""YAML with places: what a file may hold, and what bounds it."""

from __future__ import annotations

import pytest

from otel_bridge.config_file.nodes import found, plain
from otel_bridge.config_file.problems import BadConfig, Rank
from otel_bridge.config_file.yaml_tree import MAX_DEPTH, MAX_VALUES, parsed


def read(text: str):
    return parsed(text, "a.yaml", Rank.FILE)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(BadConfig) as raised:
        read(text)
    return raised.value.problems


def test_values_know_their_line_and_column():
    tree = read("a:\n  b: [1, {c: x}]\n  d:\n    - y\n")
    assert str(found(tree, ("a", "b", 1, "c")).origin) == "a.yaml:2:14"
    assert str(found(tree, ("a", "b", 1, "c")).named_at) == "a.yaml:2:11"
    assert str(found(tree, ("a", "d", 0)).origin) == "a.yaml:4:7"
    assert found(tree, ("a", "b", 7)) is None


def test_anchors_and_merge_keys_work_and_own_keys_win():
    tree = read("a: &a {x: 1, y: {z: 2}}\nb: {<<: *a, x: 3}\nc: {<<: [{x: 4}, *a]}\nd: *a\n")
    assert plain(tree) == {
        "a": {"x": "1", "y": {"z": "2"}},
        "b": {"x": "3", "y": {"z": "2"}},
        "c": {"x": "4", "y": {"z": "2"}},
        "d": {"x": "1", "y": {"z": "2"}},
    }


def test_numbers_stay_the_texts_that_were_written():
    assert plain(read("[0123, 1_000, 1:30, 2026-01-01, yes, .5, =, '7', ~, '']")) == [
        *("0123", "1_000", "1:30", "2026-01-01", "yes", ".5", "=", "7"),
        *(None, ""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2", "a.yaml:2:1: a is there twice"),
        ("x: {a: 1, b: 2, a: 3}", "a.yaml:1:17: a is there twice"),
        ("? [a]\n: 1", "a.yaml:1:3: a key must be a text"),
        ("a: !!python/object:os.system x", "the tag python/object:os.system means nothing"),
        ("a: !mine [1]", "the tag !mine means nothing here"),
        ("a: !!set {b}", "the tag set means nothing here"),
        ("a: !!binary aGk=", "the tag binary means nothing here"),
        ("a: {<<: 1}", "`<<` takes maps"),
        ("a: 1\n---\nb: 2", "a.yaml:2:1: this is no YAML: but found another document"),
        ("a: b: c", "a.yaml:1:5: this is no YAML: mapping values are not allowed here"),
        ("\ta: 1", "this is no YAML"),
        ("a: *secret-alias", "a.yaml:1:4: this is no YAML: found undefined alias"),
        ("a: \x00", "a.yaml:1:1: this is no YAML"),
        ("[" * 10_000, f"nested deeper than {MAX_DEPTH}"),
        ("- " * 10_000, f"nested deeper than {MAX_DEPTH}"),
        ("a: &a [*a]", f"nested deeper than {MAX_DEPTH}"),
        ("a: &a {<<: *a, b: *a}", "nested deeper"),
        ("x" * (1 << 21), "more than 1048576 characters"),
    ],
)
def test_what_is_no_configuration_is_said_with_its_place(text, expected):
    (said,) = problems(text)
    assert expected in said
    assert "secret-alias" not in said


@pytest.mark.parametrize("last", ["*a8", "{<<: *a8}", "{<<: [*a8, *a8]}"])
def test_a_few_lines_cannot_stand_for_a_billion_values(last):
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(10))}}}" for n in range(1, 9)]
    (said,) = problems("\n".join([*lines, f"b: {last}"]))
    assert f"more than {MAX_VALUES} values" in said


def test_merge_keys_of_merge_keys_cannot_grow_without_bound():
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 20)}]}}" for n in range(1, 9)]
    (said,) = problems("\n".join(lines))
    assert f"more than {MAX_VALUES} values" in said


def test_all_mistakes_of_a_file_are_told_at_once():
    assert len(problems("a: 1\na: 2\nb: !x y\n? {}\n: z")) == 3
