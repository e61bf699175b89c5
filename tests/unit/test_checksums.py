import pytest

from otel_bridge.checksums import CARD, IBAN, numbers
from otel_bridge.patterns import compiled

A_CARD = "4111 1111 1111 1111"
AN_IBAN = "DE89 3704 0044 0532 0130 00"


def found(kind, text):
    spans = numbers(compiled(kind.pattern), kind.valid, text, every_word=kind.every_word)
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize("count", [1, 2, 50])
@pytest.mark.parametrize("between", [" ", " and ", ", ", " xy12 ", "\n"])
def test_every_number_is_found_whatever_is_between(count, between):
    assert found(IBAN, between.join([AN_IBAN] * count)) == [AN_IBAN] * count
    assert found(CARD, between.join([A_CARD] * count)) == [A_CARD] * count


@pytest.mark.parametrize("text", ["", "4111 1111", f"x{A_CARD}", A_CARD[:-1] + "2", f"{A_CARD}x"])
def test_what_is_no_whole_card_is_not_found(text):
    assert found(CARD, text) == []


@pytest.mark.parametrize("text", ["", "AB12", f"x{AN_IBAN}", AN_IBAN[:-1] + "1", AN_IBAN[:-3]])
def test_what_is_no_whole_iban_is_not_found(text):
    assert found(IBAN, text) == []


def test_places_are_of_characters():
    assert found(IBAN, f"Größe 😀 {AN_IBAN} 😀 {AN_IBAN}") == [AN_IBAN, AN_IBAN]
