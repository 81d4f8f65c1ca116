"""What lies between two commits is asked for once; what a ref names is asked for every time."""

import pytest

from deployers.errors import RepositoryUnreachable
from deployers.ports import Difference, Revision
from deployers.remembered import MOST, OnceAsked


class Counting:
    """A repository that counts what it is asked, and may be away."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.away = False

    def resolve(self, ref):
        self.asked.append(("resolve", ref))
        return Revision(ref, "", "a" * 40)

    def between(self, base, head, *, migrations=""):
        self.asked.append(("between", base, head, migrations))
        if self.away:
            raise RepositoryUnreachable("/srv/shop.git", "it is away")
        return Difference((), len(self.asked), (), 0, ())

    def read(self, sha, paths):
        self.asked.append(("read", sha, *paths))
        return dict.fromkeys(paths, "x")

    def refs(self, beginning="", *, limit=100):
        return ()


def test_the_same_difference_and_files_are_asked_for_once():
    counting = Counting()
    once = OnceAsked(counting)
    assert once.between("a", "b", migrations="m") is once.between("a", "b", migrations="m")
    assert once.between("b", "a", migrations="m") is not once.between("a", "b", migrations="m")
    assert once.read("a", ["x", "y"]) is once.read("a", ("x", "y"))
    assert [it[0] for it in counting.asked] == ["between", "between", "read"]


def test_what_a_ref_names_is_asked_for_anew():
    counting = Counting()
    once = OnceAsked(counting)
    once.resolve("main")
    once.resolve("main")
    assert len(counting.asked) == 2


def test_an_error_is_not_remembered():
    counting = Counting()
    once = OnceAsked(counting)
    counting.away = True
    with pytest.raises(RepositoryUnreachable):
        once.between("a", "b")
    counting.away = False
    assert once.between("a", "b").ahead_count == 2


def test_only_so_many_answers_are_kept():
    counting = Counting()
    once = OnceAsked(counting)
    for number in range(MOST + 1):
        once.between("a", str(number))
    once.between("a", str(MOST))
    once.between("a", "0")
    assert len(counting.asked) == MOST + 2
