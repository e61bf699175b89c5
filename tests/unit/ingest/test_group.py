"""Requests that wait together become durable together, and fail alone."""

from __future__ import annotations

import threading

import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.ingest import frames
from otel_bridge.ingest.group import GroupCommit
from otel_bridge.ingest.requests import Prepared
from otel_bridge.store.base import Applied


class Ledger:
    """A store of plain strings: `full` refuses, `bug` breaks, and a commit may be held or fail."""

    def __init__(self):
        self.open: list[str] | None = None
        self.kept: list[str] = []
        self.commits = 0
        self.release = threading.Event()
        self.release.set()
        self.commit_error: Exception | None = None

    def begin(self):
        assert self.open is None
        self.open = []

    def apply(self, changes, records, *, received_at, written=()):
        assert self.open is not None
        for change in changes:
            if change == "full":
                raise Unavailable("the disk is full")
            if change == "bug":
                self.open.append("half a request")
                raise ZeroDivisionError
        self.open += changes
        return Applied(created=len(changes))

    def commit(self):
        assert self.release.wait(10)
        if self.commit_error:
            raise self.commit_error
        self.kept += self.open
        self.open = None
        self.commits += 1

    def rollback(self):
        self.open = None


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def replies():
    return []


@pytest.fixture
def commit(ledger, replies):
    def reply(data):
        replies.extend(frames.decode_message(head) for head, _ in frames.Cutter().feed(data))

    group = GroupCommit(ledger, reply)
    yield group
    group.close()


def a_request(number, *changes):
    return Prepared(number, changes, 0, frames.Exported(number, len(changes), 0, "", {}))


def test_a_group_is_one_commit_and_everyone_is_answered(commit, ledger, replies):
    commit.submit([a_request(1, "a"), a_request(2, "b", "c")])
    commit.finish()
    assert ledger.kept == ["a", "b", "c"]
    assert ledger.commits == 1
    assert [(r.id, r.accepted) for r in replies] == [(1, 1), (2, 2)]


def test_nobody_is_answered_before_the_commit_returned(commit, ledger, replies):
    ledger.release.clear()
    commit.submit([a_request(1, "a")])
    assert commit.busy
    assert not commit.done
    assert replies == []
    ledger.release.set()
    commit.finish()
    assert [type(r) for r in replies] == [frames.Exported]


def test_a_request_the_store_refuses_takes_nobody_with_it(commit, ledger, replies):
    commit.submit([a_request(1, "a"), a_request(2, "full"), a_request(3, "c")])
    commit.finish()
    assert ledger.kept == ["a", "c"]
    assert {r.id: type(r) for r in replies} == {1: frames.Exported, 2: frames.Failed, 3: frames.Exported}
    assert next(r for r in replies if r.id == 2).trouble == "unavailable"


def test_a_bug_in_one_request_starts_the_others_over_without_it(commit, ledger, replies):
    commit.submit([a_request(1, "a"), a_request(2, "bug"), a_request(3, "c")])
    commit.finish()
    assert ledger.kept == ["a", "c"]
    failed = next(r for r in replies if r.id == 2)
    assert failed.trouble == "bug"
    assert "ZeroDivisionError" in failed.message


def test_a_group_of_nothing_but_refusals_commits_nothing(commit, ledger, replies):
    commit.submit([a_request(1, "full"), a_request(2, "bug")])
    assert not commit.busy
    assert ledger.commits == 0
    assert ledger.open is None
    assert {r.id: r.trouble for r in replies} == {1: "unavailable", 2: "bug"}


def test_a_commit_that_fails_answers_everyone_and_the_next_one_works(commit, ledger, replies):
    ledger.commit_error = Unavailable("the disk is full")
    commit.submit([a_request(1, "a"), a_request(2, "b")])
    commit.finish()
    assert [r.trouble for r in replies] == ["unavailable", "unavailable"]
    ledger.commit_error = None
    commit.submit([a_request(3, "c")])
    commit.finish()
    assert ledger.kept == ["c"]


def test_an_empty_request_is_answered_too(commit, replies):
    commit.submit([a_request(1)])
    commit.finish()
    assert [r.accepted for r in replies] == [0]
