"""Clients of backends as their registries have them: everything they are told arrives once, whatever happens meanwhile.

What is told last of a person must stay last, so a lost message, one that came twice, and one that came late all show.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.scene import STEPS, Client, Scene, a_client, a_scene, landed, told
from tests.support.proxy import Step, busy, cut, dawdled, failed, lost, passed, refused, stalled, through_a_proxy, twice

#: The first of each language runs in `make test`.
CLIENTS = [
    "segment_python",
    "rudder_node",
    pytest.param("rudder_python", marks=pytest.mark.long),
    pytest.param("segment_node", marks=pytest.mark.long),
    pytest.param("posthog_python", marks=pytest.mark.long),
]
NAMES = ["segment_python", "rudder_python", "posthog_python", "segment_node", "rudder_node"]

#: What happens to the first requests of each of the three batches.
FAULTS: dict[str, tuple[Step, ...]] = {
    "nothing": (passed,),
    "500": (refused, refused),
    "500 although it was taken": (failed, failed),
    "cut": (cut, cut),
    "answer lost": (lost, lost),
    "twice at once": (twice,),
    "answer too late": (stalled,),
    "request too late": (dawdled,),
    "429": (busy,),
}


@contextlib.contextmanager
def a_day(path: Path, name: str) -> Iterator[tuple[Scene, Client]]:
    """A service behind a proxy, and a client that posts to it."""
    with (
        through_a_proxy() as proxy,
        a_scene(path, proxy) as scene,
        a_client(name, proxy.url, scene.project.write_key) as client,
    ):
        yield scene, client


def a_batch(client: Client, number: int) -> None:
    """Tell who ann is by now, where she belongs, and two more of her steps."""
    client.call("identify", "ann", {"plan": f"plan {number}", f"trait {number}": number})
    client.call("group", "ann", "acme", {"seats": number})
    for step in STEPS[2 * number - 2 : 2 * number]:
        client.call("track", "ann", step, {"batch": number})
    client.flush()


def in_three_batches(scene: Scene, client: Client, *plans: tuple[Step, ...]) -> None:
    """Send three batches, each under its plan; then send everything once more."""
    each = 5 if client.name.startswith("posthog") else 4  # there, who belongs where stands in every event
    for number, plan in enumerate(plans, start=1):
        scene.proxy.plan(*plan)
        a_batch(client, number)
        assert not scene.proxy.waits, "every fault took place"
        landed(scene, each * number, 2 * number)
        told(scene, {"plan": f"plan {number}"}, {"seats": number})
    kept = scene.rows("SELECT happened_at, name, properties ->> 'batch' FROM events")
    in_order = [(step, index // 2 + 1) for index, step in enumerate(STEPS)]
    assert [row[1:] for row in sorted(kept)] == in_order, "each once, dated as they happened"
    scene.repeat_everything()
    told(scene, {"plan": "plan 3", "trait 1": 1, "trait 2": 2, "trait 3": 3}, {"seats": 3})


@pytest.mark.parametrize("name", CLIENTS)
def test_through_a_bad_day(path: Path, name: str) -> None:
    """A 500, a lost answer, a crash, a request that comes twice, a refusal for now."""
    with a_day(path, name) as (scene, client):
        in_three_batches(scene, client, (refused, lost), (scene.killed, twice), (busy,))
        assert scene.proxy.taken.count("killed") == 1


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_through_one_fault(path: Path, name: str, fault: str) -> None:
    with a_day(path, name) as (scene, client):
        impatient = name != "rudder_node"  # its requests wait for ever
        scene.proxy.patience_s = 30 if impatient else 2
        in_three_batches(scene, client, *[FAULTS[fault]] * 3)
        assert scene.proxy.given_up == (3 if "too late" in fault and impatient else 0)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_through_crashes(path: Path, name: str) -> None:
    with a_day(path, name) as (scene, client):
        in_three_batches(scene, client, (scene.killed,), (scene.killed_at_work,), (scene.killed, scene.killed_at_work))
