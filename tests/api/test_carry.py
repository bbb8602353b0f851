"""What a teacher carries away is believed where the ledger is not, and is the same each time."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
import typst
from typer.testing import CliRunner

from api.carry.brought import Brought, Earlier
from api.carry.bundle import bundle
from api.carry.contents import VIEWS, Contents, gather
from api.carry.printed import printed
from api.cli import app
from api.clock import wall
from api.imports.records_checking import find_out
from api.status_lists import StatusLists
from ledger.errors import NotFoundError
from ledger.records.documents import RecordError, compact_json
from tests.api.elsewhere import received
from tests.api.test_cli import in_place
from tests.api.test_records import day_of, issue, public, revoke
from tests.api.world import Story, World, stack_of, story
from tests.privacy.test_drill import url_of

NOBODY_ASKED = ()


@pytest.fixture
def one(shared_world: World) -> Story:
    """Somebody of this test's own who was awarded something, with a record of it."""
    awarded = story(shared_world, token=f"Sample {uuid4()}").award()
    issue(shared_world)
    return awarded


def carried(one: Story) -> Contents:
    one.world.edge.visible(VIEWS, one.world.position)
    return gather(one.world.edge, one.teacher, wall(), StatusLists())


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return {name: found.read(name) for name in found.namelist()}


def checked(content: bytes) -> list[tuple[str, str]]:
    """What somebody finds out who has the file and nothing else."""
    found = find_out(content, wall(), NOBODY_ASKED, in_development=False)
    assert {one.outcome for one in found.asked} == {"host-not-allowed"}
    items: list[tuple[str, str]] = [(one.standing, one.status) for one in found.checked.items]
    return [(found.checked.standing, ""), *items]


def test_a_bundle_is_verified_by_nothing_but_itself(one: Story) -> None:
    assert checked(bundle(carried(one))) == [("verified", ""), ("verified", "active")]


def test_whatever_is_changed_inside_is_found(one: Story) -> None:
    contents = carried(one)
    assert contents.learner_record is not None
    forged = orjson.loads(compact_json(contents.learner_record))
    forged["credentialSubject"]["verifiableCredential"][0]["name"] = "Another"
    with pytest.raises(RecordError):
        checked(bundle(replace(contents, learner_record=forged)))


def test_an_award_revoked_before_it_was_packed_says_so(one: Story) -> None:
    revoke(one, day_of(wall()))
    contents = carried(one)
    assert checked(bundle(contents)) == [("verified", ""), ("verified", "revoked")]
    [line] = contents.lines
    assert line.status == "revoked"


def test_every_form_of_a_bundle_is_there_and_summed(one: Story) -> None:
    files = unpacked(bundle(carried(one)))
    award = [f"awards/01/{name}" for name in ("award.json", "award.jwt", "badge.png")]
    assert {"README.md", "transcript.json", "transcript.pdf", "transcript.csv"} < files.keys()
    for name in award:
        assert checked_alone(files, name) == "verified"
    pairs = [line.split("  ") for line in files.pop("SHA256SUMS").decode().splitlines()]
    sums = {name: digest for digest, name in pairs}
    assert sums == {name: sha256(content).hexdigest() for name, content in files.items()}


def checked_alone(files: dict[str, bytes], name: str) -> str:
    """A form of an award beside the documents of its issuer."""
    beside = {one: text for one, text in files.items() if one.startswith(("issuers/", "status/"))}
    if name.endswith(".png"):
        # A picture brings no documents along: that it holds the same record is what counts.
        assert files["awards/01/award.json"] in files[name]
        return "verified"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as written:
        for one, text in {name: files[name], **beside}.items():
            written.writestr(one, text)
    return checked(made.getvalue())[1][0]


def test_the_same_record_gives_the_same_bytes(one: Story) -> None:
    first, second = carried(one), carried(one)
    assert printed(first) == printed(second)
    assert unpacked(bundle(first))["transcript.json"] == unpacked(bundle(second))["transcript.json"]


def test_the_paper_holds_the_signed_record(one: Story) -> None:
    paper = printed(carried(one))
    assert paper.startswith(b"%PDF-1.7")
    assert b"/AFRelationship/Source" in paper
    assert b"pdfuaid:part" in paper
    assert b"pdfaid:part" in paper


@pytest.mark.parametrize(
    "name", ["山田 太郎", "Nguyễn Thị Ánh", "#strong[x] $y$ \\", "😀", "a\x01b"]
)
def test_a_name_of_any_script_is_printed(one: Story, name: str) -> None:
    contents = carried(one)
    assert printed(replace(contents, holder=name)) != printed(contents)


def test_a_font_that_lacks_a_letter_is_refused_by_the_typesetter_itself() -> None:
    """What `printed` avoids does happen: without code points this name would be no PDF."""
    page = '#set text(font: "Libertinus Serif")\n山'.encode()
    with pytest.raises(typst.TypstError):
        typst.compile(page, format="pdf", pdf_standards=["a-3a"], ignore_system_fonts=True)


def test_a_table_takes_no_formula_from_a_title(one: Story) -> None:
    contents = carried(one)
    [line] = contents.lines
    table = unpacked(bundle(replace(contents, lines=(replace(line, title="=1+1"),))))
    [row] = list(csv.DictReader(io.StringIO(table["transcript.csv"].decode("utf-8-sig"))))
    assert row["title"] == "'=1+1"


def test_every_event_behind_an_award_has_a_receipt(one: Story) -> None:
    [award] = carried(one).awards
    facts = one.world.edge.ledger.recorder.read_stream(UUID(one.enrollment))
    assert len(award.receipts) == len(facts) + 1, "those of the enrollment, and of its record"
    assert all(len(bytes.fromhex(receipt["leaf"])) == 32 for receipt in award.receipts)


def test_whoever_has_nothing_carries_nothing(shared_world: World) -> None:
    with pytest.raises(NotFoundError):
        gather(shared_world.edge, uuid4(), wall(), StatusLists())


def test_whoever_has_no_award_yet_carries_what_she_has_begun(shared_world: World) -> None:
    begun = story(shared_world, token=f"Sample {uuid4()}").enroll()
    shared_world.edge.visible(VIEWS, shared_world.position)
    files = unpacked(bundle(carried(begun)))
    assert "transcript.json" not in files
    assert b"enrolled" in files["transcript.csv"]
    assert files["transcript.pdf"].startswith(b"%PDF")


def test_a_bundle_is_written_and_checked_from_the_command_line(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = story(world).award()
    issue(world)
    run = in_place(url_of(world), world.settings.state_folder, monkeypatch)
    monkeypatch.setenv("MCLEDGER_PUBLIC_HOST", "ledger.example")
    file = tmp_path / "record.zip"
    said = run("export", "record", "--any", "--out", str(file)).stdout
    assert "1 awards" in said
    assert "verified, active" in run("records", "check", str(file)).stdout
    broken = tmp_path / "broken.json"
    broken.write_bytes(unpacked(file.read_bytes())["transcript.json"].replace(b"MicroC", b"microC"))
    assert "unverified, unknown" in run("records", "check", str(broken), exit_code=1).stdout
    disclosed = world.seen(one.teacher, f"/v1/people/{one.teacher}/disclosures")["items"]
    assert [line["record"] for line in disclosed][:1] == ["record"]


def test_a_stack_she_has_begun_is_in_the_transcript_under_an_address_that_says_the_same(
    shared_world: World, one: Story
) -> None:
    issuer = one.issuer
    body = stack_of(issuer.id, one.credential)
    shared_world.done(issuer.approver, "/v1/stacks", body)
    shared_world.edge.visible(("stacks",), shared_world.position)
    record = carried(one).learner_record
    assert record is not None
    [stated] = record["credentialSubject"]["achievement"]
    [part] = record["credentialSubject"]["association"]
    assert part["targetId"] == stated["id"]
    assert public(shared_world, stated["id"]).json() == stated
    assert public(shared_world, stated["id"][:-1] + "9").status_code == 404


def test_she_downloads_what_the_command_writes(shared_world: World, one: Story) -> None:
    answer = shared_world.get(one.teacher, f"/v1/people/{one.teacher}/bundle")
    assert answer.headers["content-type"] == "application/zip"
    assert checked(answer.content) == [("verified", ""), ("verified", "active")]
    assert answer.headers["ledger-position"] == str(carried(one).position)


def run_apart(folder: Path, *words: str) -> tuple[int, str]:
    """A command where there is neither a database nor a setting of ours."""
    program = Path(sys.executable).with_name("mcledger")
    done = subprocess.run(
        [str(program), *words], cwd=folder, env={}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def run_here(*words: str) -> tuple[int, str]:
    """The same command in this process, which is a second quicker."""
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.output


def test_the_commands_of_the_readme_check_an_unpacked_bundle_with_nothing_else(
    one: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle(carried(one)))) as found:
        found.extractall(tmp_path)
    readme = (tmp_path / "README.md").read_text("utf-8")
    commands = [line.split() for line in readme.splitlines() if line.startswith("    mcledger")]
    checks = [words[1:] for words in commands if words[1] == "records"]
    assert [words[2].rpartition(".")[2] for words in checks] == ["json", "json", "jwt", "png"]
    for words in checks:
        status, said = run_apart(tmp_path, *words)
        assert (status, "verified, active" in said) == (0, True), said
    loops = [line for line in readme.splitlines() if line.startswith("    for file in ")]
    patterns = [line.split()[3].removesuffix(";") for line in loops]
    awards = {path for path in (tmp_path / "awards").rglob("*") if path.is_file()}
    assert {path for one in patterns for path in tmp_path.glob(one)} == awards
    assert subprocess.run(["sh", "-n"], input="\n".join(loops), text=True, check=True)
    monkeypatch.chdir(tmp_path)  # apart is what the readme says; what it does not say, here
    listed = tmp_path / "status"
    [only] = listed.iterdir()
    status, said = run_here(*checks[1][:3], "--with", "issuers", "--with", str(only))
    assert status == 0, said
    status, said = run_here(*checks[1][:3], "--with", "issuers")
    assert (status, "verified, unknown" in said) == (1, True), "nobody says that it holds"
    status, said = run_here(*checks[1][:3], "--with", "status")
    assert (status, "unverified, unknown" in said) == (1, True), "nobody says whose key it is"
    forged = only.read_bytes().replace(b'"encodedList":"u', b'"encodedList":"v')
    only.write_bytes(forged)
    status, said = run_here(*checks[1])
    assert (status, "REFUSED" in said) == (3, True)


def test_the_whole_history_of_an_award_is_proved_from_the_bundle_and_the_logs_key_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = story(world).award()
    issue(world)
    run = in_place(url_of(world), world.settings.state_folder, monkeypatch)
    assert "checkpoint" not in unpacked(bundle(carried(one))), "nothing is sealed yet"
    run("seal", "--once")
    files = unpacked(bundle(carried(one)))
    assert "| `checkpoint` |" in files["README.md"].decode()
    assert "| `earlier/` |" not in files["README.md"].decode(), "it speaks of what is there"
    (tmp_path / "log-keys.txt").write_text(run("seal-keys").stdout)
    receipts = tmp_path / "receipts.json"
    receipts.write_bytes(files["awards/01/receipts.json"])
    check = ("verify", "--receipt", "receipts.json", "--keys", "log-keys.txt")
    named = "mcledger verify --receipt awards/01/receipts.json --keys log-keys.txt"
    assert named in files["README.md"].decode()
    status, said = run_apart(tmp_path, *check)
    assert status == 0, said
    count = len(one.world.edge.ledger.recorder.read_stream(UUID(one.enrollment))) + 1
    found = orjson.loads(receipts.read_bytes())["receipts"]
    assert len(found) == count
    first = found[0]["leaf"]
    receipts.write_bytes(receipts.read_bytes().replace(first.encode(), first[::-1].encode()))
    status, said = run_apart(tmp_path, *check)
    assert status == 3, said


def test_what_she_brought_from_elsewhere_goes_along_as_it_came_and_is_said_to_be_that(
    shared_world: World,
) -> None:
    district = shared_world.district()
    teacher = district.teacher()
    shared_world.seen(district.office, f"/v1/districts/{district.id}/people")
    ids = received(shared_world, teacher, district.id, district.office)
    shared_world.edge.visible(VIEWS, shared_world.position)
    contents = gather(shared_world.edge, teacher, wall(), StatusLists())
    files = unpacked(bundle(contents))
    path = f"/v1/external-records/{ids['external_record_id']}/document"
    as_it_came = shared_world.get(teacher, path).content
    assert as_it_came in {files["elsewhere/01/record.json"], files["elsewhere/02/record.json"]}
    found = orjson.loads(files["elsewhere/01/found.json"])
    assert found["items"][0]["item_id"] == ids["item_id"]
    rows = list(csv.DictReader(io.StringIO(files["transcript.csv"].decode("utf-8-sig"))))
    assert len(rows) == 2
    for row in rows:
        assert row["origin"].startswith("elsewhere, received by Sample District: external-verified")
        assert row["enrollment_id"] == ""
    assert len(orjson.loads(files["elsewhere/01/receipts.json"])["receipts"]) > 1
    assert "transcript.json" not in files, "nothing of it is signed by this ledger"
    silent = replace(contents, brought=replace(contents.brought, elsewhere=()))
    assert printed(contents) != printed(silent)
    with pytest.raises(RecordError, match="one transcript, or else one award"):
        find_out(bundle(contents), wall(), NOBODY_ASKED, in_development=False)


def test_records_of_others_in_a_bundle_are_no_part_of_its_own(one: Story) -> None:
    contents = carried(one)
    other = carried(story(one.world, token=f"Sample {uuid4()}").award())
    assert other.position > contents.position
    content = io.BytesIO(bundle(contents))
    with zipfile.ZipFile(content, "a") as files:
        files.writestr("elsewhere/01/record.json", compact_json({"type": ["ClrCredential"]}))
        files.writestr("elsewhere/02/record.json", b"{")
    assert checked(content.getvalue()) == [("verified", ""), ("verified", "active")]


def test_what_an_earlier_system_said_goes_along_and_nobody_takes_it_for_an_award_of_ours(
    one: Story,
) -> None:
    award = {
        "kind": "award",
        "credential_id": None,
        "title": "=Asking better questions",
        "issuer": "Elsewhere",
        "earned_on": "2024-03-01",
        "expires_on": None,
    }
    units = {
        "kind": "units",
        "unit": "semester_hour",
        "quantity_hundredths": 1250,
        "category": None,
        "earned_on": "2024-05-01",
    }
    earlier = tuple(
        Earlier(
            position=number,
            district_name="Lake",
            as_of=date(2024, 8, 31),
            entry=entry,
            receipts=({"position": number, "leaf": "00", "proof": None},),
        )
        for number, entry in enumerate((award, units), start=1)
    )
    whole = carried(one)
    contents = replace(whole, brought=Brought(earlier))
    files = unpacked(bundle(contents))
    _, first, second = csv.DictReader(io.StringIO(files["transcript.csv"].decode("utf-8-sig")))
    assert first["origin"] == second["origin"] == "earlier system of Lake, as of 2024-08-31"
    assert (first["title"], second["title"]) == (
        "'=Asking better questions",
        "12.5 × semester hour",
    )
    stated = orjson.loads(files["earlier/records.json"])["records"]
    assert [each["entry"] for each in stated] == [award, units]
    assert len(orjson.loads(files["earlier/receipts.json"])["receipts"]) == 2
    assert printed(contents) != printed(whole)
    assert checked(bundle(contents)) == [("verified", ""), ("verified", "active")]
