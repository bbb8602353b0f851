"""What a running ledger hands a teacher, before the judges of records: every file of her bundle."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.carry.bundle import bundle
from api.carry.contents import gather
from api.clock import wall
from api.status_lists import StatusLists
from tests.api.conftest import shared_world
from tests.api.test_records import HOST, day_of, issue, public, revoke
from tests.api.world import World, story
from tests.judges import tools
from tests.judges.test_records import Judge, Question, open_badges, verifiers

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]
__all__ = ["open_badges", "shared_world", "verifiers"]


class Carried:
    """A bundle as a stranger has it, and what the ledger serves to everybody."""

    def __init__(self, world: World, *, revoked: bool) -> None:
        one = story(world, token=f"Sample {uuid4()}").award()
        issue(world)
        if revoked:
            revoke(one, day_of(wall()))
        content = bundle(gather(world.edge, one.teacher, wall(), StatusLists()))
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            self.files = {name: found.read(name) for name in found.namelist()}
        self.transcript = self.document("transcript.json")
        self.award = self.document("awards/01/award.json")
        self.issuers = [self.document(name) for name in self.files if name.startswith("issuers/")]
        self.lists = [self.document(name) for name in self.files if name.startswith("status/")]
        url = self.award["credentialStatus"]["statusListCredential"]
        assert url.startswith(HOST)
        self.list_tokens = {url: public(world, url, Accept="text/plain").text}

    def document(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files[name])
        return found

    def to_verifiers(self) -> list[Question]:
        lists = {one["id"]: one for one in self.lists}
        asked = {"Kind": "credential", "Issuers": self.issuers, "Lists": lists, "Contexts": "ours"}
        return [{**asked, "Document": one} for one in (self.award, self.transcript)]

    def to_schemas(self) -> list[Question]:
        return [
            {"Kind": "schema", "Schema": schema, "Document": document}
            for schema, document in (
                ("ob_v3p0_achievementcredential", self.award),
                ("clr_v2p0_clrcredential", self.transcript),
            )
        ]

    def to_open_badges(self) -> list[Question]:
        asked = {"Issuers": self.issuers, "Lists": self.list_tokens}
        token = self.files["awards/01/award.jwt"].decode()
        picture = b64encode(self.files["awards/01/badge.png"]).decode()
        return [
            {**asked, "Kind": "credential", "Document": self.award},
            {**asked, "Kind": "transcript", "Document": self.transcript},
            {**asked, "Kind": "token", "Token": token},
            {**asked, "Kind": "picture", "Picture": picture},
        ]


@pytest.mark.parametrize("revoked", [False, True], ids=["in force", "revoked"])
def test_every_file_of_a_bundle_is_accepted_until_the_award_is_revoked(
    *, revoked: bool, shared_world: World, verifiers: Judge, open_badges: Judge
) -> None:
    carried = Carried(shared_world, revoked=revoked)
    assert verifiers(carried.to_schemas()) == [True] * 2
    assert verifiers(carried.to_verifiers()) == [not revoked] * 2
    assert open_badges(carried.to_open_badges()) == [not revoked] * 4


def test_the_code_on_the_printed_transcript_leads_to_where_it_is_verified(
    shared_world: World, tmp_path: Path
) -> None:
    printed = tmp_path / "transcript.pdf"
    printed.write_bytes(Carried(shared_world, revoked=False).files["transcript.pdf"])
    command = [*tools.code_reader(), str(printed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{HOST}/verify"]


def test_the_printed_transcript_can_be_read_aloud_as_far_as_a_program_can_tell(
    shared_world: World, tmp_path: Path
) -> None:
    """And one without its structure, or without its language, is told."""
    printed = Carried(shared_world, revoked=False).files["transcript.pdf"]
    command, file = tools.reading_aloud(), tmp_path / "transcript.pdf"
    for missing, found in ((b"", 0), (b"/StructTreeRoot", 3), (b"/Lang", 3)):
        file.write_bytes(printed.replace(missing, missing[:-1] + b"_") if missing else printed)
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == found, done.stdout
