"""An id of one thing leads to nothing of another kind, and to no failure of ours."""

from __future__ import annotations

import pytest

from ledger.aggregates.issuer import Issuer
from ledger.errors import NotFoundError
from tests.commands.scene import Scene
from tests.given import AGGREGATES
from tests.samples import EARNER

KINDS = sorted(set(AGGREGATES.values()), key=lambda kind: kind.__name__)


def test_a_stream_is_found_as_what_it_is_alone(scene: Scene) -> None:
    found = {
        stream: [kind.__name__ for kind in KINDS if scene.ledger.find(kind, stream) is not None]
        for stream in (scene.issuer_id, scene.credential_id, EARNER)
    }
    assert list(found.values()) == [["Issuer"], ["Credential"], ["Person"]]


def test_whatever_else_is_asked_for_under_the_id_of_an_issuer_is_not_there(scene: Scene) -> None:
    for kind in KINDS:
        if kind is Issuer:
            continue
        with pytest.raises(NotFoundError):
            scene.ledger.get(kind, scene.issuer_id)
        assert scene.ledger.find_many(kind, [scene.issuer_id]) == {}
