"""The inbox as several processes share it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tongshi.storage.database import Database
from tongshi.storage.inbox import InboxStore
from tongshi.storage.models import Received

DAY = timedelta(days=1)


@pytest.fixture
def processes(database):
    """Three stores, each with connections of its own."""
    others = [Database(database.engine.url.render_as_string(hide_password=False)) for _ in range(2)]
    yield [InboxStore(one) for one in (database, *others)]
    for one in others:
        one.engine.dispose()


@pytest.fixture
def bring(clock):
    def bring(inbox, name) -> bool:
        row = Received(channel="slack", sender="slack:T:anna", client_id=name, content={"text": name}, at=clock())
        return inbox.keep(row, clock())

    return bring


@pytest.fixture
def claim(clock):
    return lambda inbox, channel="slack": [one["text"] for one in inbox.claim(channel, clock(), DAY)]


def test_what_a_process_has_in_hand_is_its_own_as_long_as_it_says_so(processes, bring, claim, clock):
    first, second, _ = processes
    assert bring(first, "a") and not bring(second, "a") and bring(first, "b")
    for _ in range(4):
        clock.forward(seconds=20)
        first.renew("slack", clock())
        assert claim(second) == []
    clock.forward(seconds=31)
    assert claim(second, "telegram") == [] and claim(second) == ["a", "b"]
    # Whoever was believed dead neither takes it back nor takes it away.
    first.renew("slack", clock())
    first.handled("slack", "slack:T:anna", "a")
    clock.forward(seconds=31)
    assert claim(first) == ["a", "b"]


def test_what_is_handled_is_gone_and_what_is_released_is_anybodys(processes, bring, claim):
    first, second, _ = processes
    bring(first, "a")
    bring(first, "b")
    first.handled("slack", "slack:T:anna", "a")
    first.release("slack")
    assert claim(second) == ["b"] and claim(first) == []


def test_what_is_known_of_a_message_by_now_goes_to_who_takes_it_over(processes, bring, claim):
    first, second, third = processes
    bring(first, "a")
    bring(first, "b")
    first.change("slack", "slack:T:anna", "a", {"text": "as it was heard"})
    second.change("slack", "slack:T:anna", "b", {"text": "another's"})
    first.release("slack")
    assert claim(third) == ["as it was heard", "b"]


def test_of_several_processes_one_takes_over_each_message(processes, bring, claim, clock):
    names = [f"{number:02}" for number in range(30)]
    for name in names:
        bring(processes[0], name)
    clock.forward(seconds=31)
    with ThreadPoolExecutor(3) as threads:
        taken = list(threads.map(claim, processes))
    assert sorted(name for mine in taken for name in mine) == names
    assert all(mine == sorted(mine) for mine in taken)


def test_what_brings_processes_down_again_and_again_is_dropped_and_so_is_what_is_old(processes, bring, claim, clock):
    bring(processes[0], "a")
    found = []
    for _ in range(4):
        clock.forward(seconds=31)
        found.append(claim(processes[1]))
    assert found == [["a"], ["a"], ["a"], []]
    bring(processes[0], "b")
    clock.forward(days=2)
    assert claim(processes[1]) == []
