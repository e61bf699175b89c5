"""What tokens cost, and which price holds (weave-api.md §2.5, §3.2, §3.3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from otel_bridge.costs.defaults import MAX_MODELS, DefaultPrices
from otel_bridge.costs.prices import Prices
from otel_bridge.costs.rates import Cost, Rates, Tokens, cost_of, tokens_of
from otel_bridge.model.annex import Price

NOW = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
DAY = 86_400 * 1_000_000
CLAUDE = Rates(prompt=3e-6, completion=15e-6, cache_read=0.3e-6, cache_creation=3.75e-6)


def own(effective_date: int = 0, rate: float = 1.0, **members) -> Price:
    defaults = {"project_id": "e/p", "id": f"{rate}", "llm_id": "gpt-4o"}
    rates = {"prompt_token_cost": rate, "completion_token_cost": rate}
    return Price(**{**defaults, **rates, "effective_date": effective_date, **members})


class NoDefaults:
    def rates(self, model, *, at, input_tokens=0):
        return None


@pytest.mark.parametrize(
    ("entry", "tokens"),
    [
        ({}, Tokens()),
        ({"prompt_tokens": 2, "input_tokens": 3}, Tokens(prompt=5)),
        ({"completion_tokens": 2, "output_tokens": 3}, Tokens(completion=5)),
        (
            {"prompt_tokens": 1, "total_tokens": 9, "requests": 2},
            Tokens(prompt=1, total=9, requests=2),
        ),
        (
            {"cache_read_input_tokens": 4, "cache_creation_input_tokens": 5},
            Tokens(cache_read=4, cache_creation=5),
        ),
        ({"prompt_tokens": None, "completion_tokens": "x", "total_tokens": -1}, Tokens()),
        ({"prompt_tokens": 2.0}, Tokens(prompt=2)),
    ],
)
def test_tokens_count_whatever_their_sender_calls_them(entry, tokens):
    assert tokens_of(entry) == tokens


def test_tokens_and_costs_add_up():
    one, two = Tokens(prompt=1, requests=1), Tokens(prompt=2, completion=3, cache_read=1, total=5)
    assert one.plus(two) == Tokens(prompt=3, completion=3, cache_read=1, total=5, requests=1)
    cost = Cost(prompt=1.0, completion=2.0).plus(Cost(prompt=0.5, cache_read=4.0, cache_creation=8.0))
    assert (cost.prompt, cost.total) == (1.5, 15.5)


def test_the_worked_example_of_cached_tokens():
    cost = cost_of(Tokens(prompt=30, completion=5, cache_read=10), CLAUDE)

    assert cost.total == pytest.approx(1.38e-4)
    assert (cost.prompt, cost.completion, cost.cache_read) == pytest.approx((6e-5, 7.5e-5, 3e-6))


def test_the_worked_example_without_cached_tokens():
    assert cost_of(Tokens(prompt=30, completion=5), CLAUDE).total == pytest.approx(1.65e-4)


def test_cached_tokens_that_are_more_than_the_prompt_are_counted_beside_it():
    cost = cost_of(Tokens(prompt=3, cache_read=1000, cache_creation=100), CLAUDE)

    assert cost.prompt == pytest.approx(3 * 3e-6)
    assert cost.total == pytest.approx(3 * 3e-6 + 1000 * 0.3e-6 + 100 * 3.75e-6)


@pytest.mark.parametrize(
    ("prices", "at", "rate"),
    [
        ([], NOW, 2.5e-6),
        ([own(0)], NOW, 1.0),
        ([own(0, 1.0), own(NOW - DAY, 2.0)], NOW, 2.0),
        ([own(0, 1.0), own(NOW - DAY, 2.0)], NOW - 2 * DAY, 1.0),
        ([own(NOW, 2.0)], NOW, 2.0),
        ([own(NOW + DAY, 2.0)], NOW, 2.5e-6),
        ([own(NOW + DAY, 2.0), own(NOW + 2 * DAY, 3.0)], NOW, 2.5e-6),
        ([own(0, 1.0, created_at=1), own(0, 2.0, created_at=2)], NOW, 2.0),
        ([own(0, 1.0, llm_id="other")], NOW, 2.5e-6),
    ],
)
def test_the_newest_price_of_the_project_that_holds_comes_before_the_default_one(prices, at, rate):
    rates = Prices(prices, DefaultPrices()).rates("gpt-4o", at=at)
    assert rates.prompt == pytest.approx(rate)


def test_a_price_that_is_still_to_come_is_better_than_none():
    prices = Prices(
        [own(NOW + DAY, 2.0, llm_id="mine"), own(NOW + 2 * DAY, 3.0, llm_id="mine")], NoDefaults()
    )

    assert prices.rates("mine", at=NOW).prompt == 3.0
    assert prices.rates("other", at=NOW) is None


def test_a_price_of_the_project_says_whose_it_is():
    rates = Prices([own(5, created_by="ann", provider_id="acme")], NoDefaults()).rates("gpt-4o", at=NOW)

    assert (rates.level, rates.level_id, rates.created_by, rates.provider_id) == (
        "project",
        "e/p",
        "ann",
        "acme",
    )
    assert rates.effective_date == 5


class TestDefaultPrices:
    @pytest.mark.parametrize(
        ("model", "provider"),
        [
            ("gpt-4o", "openai"),
            ("gpt-4o-2024-08-06", "openai"),
            ("GPT-4o", "openai"),
            ("openai/gpt-4o", "openai"),
            ("claude-3-5-sonnet-20241022", "anthropic"),
            ("gemini-1.5-pro", "google"),
        ],
    )
    def test_models_are_known_by_the_names_that_senders_use(self, model, provider):
        rates = DefaultPrices().rates(model, at=NOW)
        assert (rates.provider_id, rates.level, rates.level_id) == (provider, "default", "default")
        assert 0 < rates.prompt < rates.completion < 1e-3

    @pytest.mark.parametrize("model", ["text-embedding-3-small", "openai/text-embedding-3-small"])
    def test_models_of_embeddings_are_known_though_their_names_tell_no_provider(self, model):
        rates = DefaultPrices().rates(model, at=NOW)
        assert rates.provider_id == "openai"
        assert 0 < rates.prompt < 1e-6

    @pytest.mark.parametrize("model", ["", "nobody-knows", "nobody/knows", "/", "my gpt", "a/b/c"])
    def test_a_model_that_nobody_knows_has_no_price(self, model):
        assert DefaultPrices().rates(model, at=NOW) is None

    def test_cached_tokens_without_a_rate_of_their_own_cost_what_others_do(self):
        rates = DefaultPrices().rates("gpt-4-turbo", at=NOW)
        assert rates.cache_read == rates.cache_creation == rates.prompt

    def test_a_large_request_may_cost_more_a_token(self):
        small, large = (
            DefaultPrices().rates("gemini-1.5-pro", at=NOW, input_tokens=size) for size in (1000, 1_000_000)
        )
        assert small.prompt < large.prompt

    @pytest.mark.parametrize("at", [-(2**62), 0, 2**62])
    def test_any_time_has_a_price(self, at):
        assert DefaultPrices().rates("gpt-4o", at=at) is not None

    def test_names_of_senders_do_not_fill_the_memory(self):
        prices = DefaultPrices()
        for number in range(MAX_MODELS + 1):
            prices._known[str(number)] = None
        prices.rates("gpt-4o", at=NOW)
        assert len(prices._known) == 1

    def test_prices_of_the_past_are_those_of_the_past(self):
        change = int(datetime(2025, 6, 10, tzinfo=UTC).timestamp()) * 1_000_000
        then, now = (DefaultPrices().rates("o3", at=at) for at in (change - 1, change))
        assert (then.prompt, then.effective_date) == (pytest.approx(10e-6), 0)
        assert (now.prompt, now.effective_date) == (pytest.approx(2e-6), change)
