"""What is remembered for sets of attribute keys stays small."""

from __future__ import annotations

from otel_bridge.translate.shapes import MAX_SHAPE_CHARS, MAX_SHAPES, Shapes


def counting():
    compiled = []
    return Shapes(lambda keys: compiled.append(keys) or keys), compiled


def test_a_set_of_keys_is_worked_out_once():
    shapes, compiled = counting()
    assert shapes.of(("a", "b")) == shapes.of(("a", "b")) == ("a", "b")
    assert compiled == [("a", "b")]


def test_long_keys_are_not_remembered():
    shapes, compiled = counting()
    keys = ("x" * (MAX_SHAPE_CHARS + 1),)
    assert shapes.of(keys) == shapes.of(keys) == keys
    assert len(compiled) == 2


def test_a_full_memory_starts_anew():
    shapes, compiled = counting()
    for number in range(MAX_SHAPES + 1):
        shapes.of((str(number),))
    shapes.of((str(MAX_SHAPES),))
    shapes.of(("0",))
    assert len(compiled) == MAX_SHAPES + 2
