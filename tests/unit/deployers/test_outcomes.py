"""Outcomes of several targets are committed together, and none is lost or kept up by another."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from deployers.outcomes import Outcomes
from deployers.ports import Fate, Record


def record(number):
    return Record(f"d1.0.web{number}.1", Fate.EXITED, exit_code=0)


class Book:
    """Takes its time with the first transaction, until everybody else waits."""

    def __init__(self, *, bad: Record | None = None) -> None:
        self.pages = []
        self.bad = bad
        self.began, self.go_on = Event(), Event()

    def settle(self, *records: Record) -> None:
        self.began.set()
        self.go_on.wait(30)
        if self.bad in records:
            raise ValueError(self.bad)
        self.pages.append(records)


def written(book, records):
    """Write the first, and the others while it is being written."""
    outcomes = Outcomes(book.settle)
    with ThreadPoolExecutor(len(records)) as pool:
        first = pool.submit(outcomes.write, records[0])
        assert book.began.wait(30)
        others = [pool.submit(outcomes.write, each) for each in records[1:]]
        while len(outcomes._waiting) < len(records):
            assert not any(each.done() for each in others), "it returned before it was written"
        book.go_on.set()
    return [each.exception() for each in (first, *others)]


def test_what_waits_is_committed_in_one_transaction():
    records = [record(number) for number in range(8)]
    book = Book()
    assert written(book, records) == [None] * 8
    assert len(book.pages) == 2
    assert {each for page in book.pages for each in page} == set(records)


def test_an_outcome_that_cannot_be_written_fails_alone():
    records = [record(number) for number in range(8)]
    book = Book(bad=records[5])
    errors = written(book, records)
    assert [place for place, error in enumerate(errors) if error] == [5]
    assert {each for page in book.pages for each in page} == set(records) - {records[5]}


def test_a_database_that_is_away_is_told_to_everybody():
    def settle(*records: Record) -> None:
        raise OSError("away")

    outcomes = Outcomes(settle)
    for number in range(3):
        with pytest.raises(OSError, match="away"):
            outcomes.write(record(number))
