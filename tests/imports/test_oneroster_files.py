"""OneRoster files: whatever is wrong is said with file, row and column, and all of it at once."""

from __future__ import annotations

import stat
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from api.imports import oneroster_files
from api.imports.flaws import FLAWS_MAX, FileRefusedError, Flaw, Flaws
from api.imports.oneroster_rows import RoleRow, Roster, UserRow, read_roster
from tests.imports.rosters import (
    GRAND_BEND,
    ORGS,
    Row,
    contents,
    delta,
    manifest,
    org,
    people,
    role,
    roster,
    table,
    user,
    write,
)

USERS, ROLES = people(2)
Files = dict[str, str | bytes]


def read(path: Path) -> Roster:
    flaws = Flaws()
    found = read_roster(path, flaws)
    flaws.refuse_if_any()
    return found


def flaws_of(path: Path) -> list[Flaw]:
    with pytest.raises(FileRefusedError) as refused:
        read(path)
    return list(refused.value.flaws)


def places(path: Path) -> list[tuple[str, int | None, str | None, str]]:
    return [(flaw.file, flaw.row, flaw.column, flaw.slug) for flaw in flaws_of(path)]


def bulk(**changes: Sequence[Row]) -> Files:
    return contents(**{"orgs": ORGS, "users": USERS, "roles": ROLES} | changes)


def test_the_sample_district_is_read_whole() -> None:
    found = read(GRAND_BEND)
    assert found.mode == "bulk"
    assert (len(found.users), len(found.roles)) == (68, 69)
    kinds = [row.type for row in found.organizations]
    assert (kinds.count("district"), kinds.count("school")) == (1, 3)


def test_rows_become_values(tmp_path: Path) -> None:
    rows = {
        "users": [user("u0", "Zoe\u0301", " O'Brien ", preferredGivenName="Zo", middleName="=1+1")],
        "roles": [
            role(
                "r0", "u0", endDate="2025-06-30", **{"metadata.fte": "0.5", "metadata.exempt": ""}
            ),
            role("r1", "u0", beginDate="", **{"metadata.fte": "1", "metadata.exempt": "true"}),
        ],
    }
    found = read(write(tmp_path / "z", bulk(**rows)))
    [person] = found.users
    assert dict(person.details) == {
        "given_name": "Zo\u00e9",
        "middle_name": "=1+1",
        "family_name": "O'Brien",
        "preferred_given_name": "Zo",
        "preferred_middle_name": "",
        "preferred_family_name": "",
        "email": "u0@lake.example",
        "employee_number": "E-u0",
    }
    day = date(2024, 8, 1)
    assert found.roles == [
        RoleRow(2, "r0", False, "u0", "teacher", day, date(2025, 6, 30), "S1", 500, None),
        RoleRow(3, "r1", False, "u0", "teacher", None, None, "S1", 1000, True),
    ]


def test_the_password_is_never_read(tmp_path: Path) -> None:
    path = write(tmp_path / "z", bulk())
    tables = oneroster_files.read_tables(path, Flaws())
    assert "hunter2-secret" in str(bulk()["users.csv"])
    assert "hunter2-secret" not in repr(tables)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text + "\r\n\r\n",
        lambda text: text.rstrip("\r\n"),
        lambda text: text.replace("Given0", '"Given0"'),
    ],
    ids=["byte order mark", "bare line ends", "empty lines", "no last line end", "quotes"],
)
def test_csv_may_be_written_in_every_usual_way(
    tmp_path: Path, change: Callable[[str], str]
) -> None:
    files = bulk()
    changed = {name: change(str(text)) for name, text in files.items()}
    assert read(write(tmp_path / "y", changed)) == read(write(tmp_path / "z", files))


def test_a_delta_says_what_is_gone(tmp_path: Path) -> None:
    gone = delta({"sourcedId": "r0"}, status="tobedeleted")
    found = read(roster(tmp_path / "z", "delta", orgs=None, users=delta(*USERS), roles=gone))
    assert found.mode == "delta"
    assert [row.deleted for row in (*found.users, *found.roles)] == [False, False, True]


# What is wrong with a zip


def nested(path: Path, name: str) -> Path:
    return write(path, bulk() | {name: "x"})


def symlink(path: Path) -> Path:
    write(path, bulk())
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "users.csv")
    return path


def twice(path: Path) -> Path:
    write(path, bulk())
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("users.csv", "x")
    return path


def encrypted(path: Path) -> Path:
    content = bytearray(write(path, bulk()).read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def damaged_packing(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("manifest.csv", bytes(range(256)) * 8)
    content = path.read_bytes()
    path.write_bytes(content[:60] + b"\xff" * 100 + content[160:])
    return path


def damaged(path: Path) -> Path:
    content = bytearray(write(path, bulk()).read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    return path


def of_bytes(content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return make


ZIPS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing": (of_bytes(b""), "zip-damaged"),
    "text": (of_bytes(b"sourcedId,status\n"), "zip-damaged"),
    "half a zip": (of_bytes(GRAND_BEND.read_bytes()[:2000]), "zip-damaged"),
    "a damaged entry": (damaged, "zip-damaged"),
    "an entry damaged in its packing": (damaged_packing, "zip-damaged"),
    "an encrypted entry": (encrypted, "zip-damaged"),
    "no manifest": (lambda path: write(path, {"users.csv": "x"}), "file-missing"),
    "a folder": (lambda path: nested(path, "export/users.csv"), "zip-nested-path"),
    "a way out": (lambda path: nested(path, "../../etc/passwd"), "zip-nested-path"),
    "a way out on Windows": (lambda path: nested(path, "..\\users.csv"), "zip-nested-path"),
    "a link": (symlink, "zip-link"),
    "a file twice": (twice, "zip-duplicate-entry"),
    "many entries": (
        lambda path: write(path, {f"{n}.csv": "" for n in range(101)}),
        "zip-too-many-entries",
    ),
}


@pytest.mark.parametrize("name", ZIPS)
def test_what_is_no_proper_zip_is_refused(tmp_path: Path, name: str) -> None:
    make, slug = ZIPS[name]
    assert slug in {flaw.slug for flaw in flaws_of(make(tmp_path / "roster.zip"))}


def test_a_zip_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert [flaw.slug for flaw in flaws_of(tmp_path / "none.zip")] == ["zip-damaged"]


def test_an_entry_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oneroster_files, "ENTRY_BYTES_MAX", 10_000)
    path = write(tmp_path / "z", bulk() | {"users.csv": "u" * 1_000_000})
    assert places(path) == [("users.csv", None, None, "zip-entry-too-large")]


MANIFESTS: dict[str, tuple[str, str]] = {
    "no header": ("manifest.version,1.0\n", "header-wrong"),
    "nothing": ("", "header-wrong"),
    "version": (manifest({"users": "bulk"}, **{"oneroster.version": "1.1"}), "version-wrong"),
    "mode": (manifest({"users": "some"}), "mode-wrong"),
    "nothing to import": (manifest({"classes": "bulk"}), "nothing-to-import"),
    "mixed": (manifest({"orgs": "bulk", "users": "delta", "roles": "bulk"}), "modes-mixed"),
    "bulk without roles": (manifest({"orgs": "bulk", "users": "bulk"}), "file-missing"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_says_nothing_usable_is_refused(tmp_path: Path, name: str) -> None:
    text, slug = MANIFESTS[name]
    found = flaws_of(write(tmp_path / "z", bulk() | {"manifest.csv": text}))
    assert slug in {flaw.slug for flaw in found}
    assert {flaw.file for flaw in found} == {"manifest.csv"}


def test_a_file_that_the_manifest_names_has_to_be_there(tmp_path: Path) -> None:
    files = bulk()
    del files["roles.csv"]
    assert places(write(tmp_path / "z", files)) == [("roles.csv", None, None, "file-missing")]


# What is wrong with a table


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sourcedid,status",
        "status,sourcedId,dateLastModified,name,type,identifier,parentSourcedId",
        "sourcedId,status,dateLastModified,name,type,identifier",
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId,extra",
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId,metadata.a,metadata.a",
    ],
    ids=["empty", "spelled otherwise", "order", "one missing", "one more", "metadata twice"],
)
def test_a_header_has_to_be_the_standard_one(tmp_path: Path, header: str) -> None:
    found = places(write(tmp_path / "z", bulk() | {"orgs.csv": f"{header}\n"}))
    assert found == [("orgs.csv", 1, None, "header-wrong")]  # not all that refers to its rows


@pytest.mark.parametrize(
    ("content", "row", "slug"),
    [
        (b"D1,,,Lake\xff,district,,\n", 2, "not-utf-8"),
        (b"D1,,,L\xed\xa0\x80,district,,\n", 2, "not-utf-8"),
        (b"D1,,,Lake,district,,\nS1,,,x\n", 3, "columns-wrong"),
        (b"D1,,,Lake,district,,,,\n", 2, "columns-wrong"),
        (b'D1,,,Lake,district,,\nS1,,,"a"b,school,,D1\n', 3, "csv-damaged"),
        (b'D1,,,Lake,district,,\nS1,,,"never closed,school,,D1\n', 3, "csv-damaged"),
    ],
)
def test_damaged_csv_is_refused_with_its_row(
    tmp_path: Path, content: bytes, row: int, slug: str
) -> None:
    files = bulk()
    header = str(files["orgs.csv"]).splitlines()[0].encode()
    found = places(write(tmp_path / "z", files | {"orgs.csv": header + b"\n" + content}))
    assert found == [("orgs.csv", row, None, slug)]


def test_every_file_that_is_no_text_is_told_of(tmp_path: Path) -> None:
    files = bulk() | {"orgs.csv": b"\xff", "users.csv": b"ok\n\xff", "roles.csv": b"\xef\xbb\xbf"}
    assert places(write(tmp_path / "z", files)) == [
        ("orgs.csv", 1, None, "not-utf-8"),
        ("users.csv", 2, None, "not-utf-8"),
        ("roles.csv", 1, None, "header-wrong"),
    ]


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    """A line break inside a field begins no row, though it is no good in a name."""
    rows = [user("u0", given="Ann\nMary"), user("u1", given="Eve", enabledUser="x"), user("")]
    path = write(tmp_path / "z", bulk(users=rows))
    assert ("users.csv", 2, "givenName", "control-character") in places(path)
    assert ("users.csv", 4, "sourcedId", "value-missing") in places(path)


# What is wrong with a field

FIELDS: dict[str, tuple[Mapping[str, Sequence[Row]], tuple[str, int, str, str]]] = {
    "no id": (
        {"users": [*USERS, user("")]},
        ("users.csv", 4, "sourcedId", "value-missing"),
    ),
    "long id": (
        {"users": [*USERS, user("u" * 256)]},
        ("users.csv", 4, "sourcedId", "too-long"),
    ),
    "id twice": ({"users": [*USERS, USERS[0]]}, ("users.csv", 4, "sourcedId", "id-twice")),
    "no name": (
        {"users": [*USERS, user("u2", "", " ")]},
        ("users.csv", 4, "givenName", "value-missing"),
    ),
    "long name": (
        {"users": [*USERS, user("u2", "A" * 301)]},
        ("users.csv", 4, "givenName", "too-long"),
    ),
    "zero byte": (
        {"users": [*USERS, user("u2", "A\0B")]},
        ("users.csv", 4, "givenName", "control-character"),
    ),
    "status in bulk": (
        {"users": [*USERS, user("u2", status="tobedeleted")]},
        ("users.csv", 4, "status", "status-wrong"),
    ),
    "organization without a name": (
        {"orgs": [*ORGS, org("S3", name="")]},
        ("orgs.csv", 5, "name", "value-missing"),
    ),
    "organization of no kind": (
        {"orgs": [*ORGS, org("S3", "School")]},
        ("orgs.csv", 5, "type", "word-unknown"),
    ),
    "parent that is not there": (
        {"orgs": [*ORGS, org("S3", parent="D2")]},
        ("orgs.csv", 5, "parentSourcedId", "reference-unknown"),
    ),
    "role type": (
        {"roles": [*ROLES, role("r2", "u0", roleType="main")]},
        ("roles.csv", 4, "roleType", "word-unknown"),
    ),
    "role": (
        {"roles": [*ROLES, role("r2", "u0", role="Teacher")]},
        ("roles.csv", 4, "role", "word-unknown"),
    ),
    "no role": (
        {"roles": [*ROLES, role("r2", "u0", role="")]},
        ("roles.csv", 4, "role", "word-unknown"),
    ),
    "american date": (
        {"roles": [*ROLES, role("r2", "u0", beginDate="08/01/2024")]},
        ("roles.csv", 4, "beginDate", "date-wrong"),
    ),
    "day that is none": (
        {"roles": [*ROLES, role("r2", "u0", endDate="2025-02-29")]},
        ("roles.csv", 4, "endDate", "date-wrong"),
    ),
    "date of another calendar": (
        {"roles": [*ROLES, role("r2", "u0", beginDate="2567-08-01")]},
        ("roles.csv", 4, "beginDate", "date-wrong"),
    ),
    "digits of another script": (
        {"roles": [*ROLES, role("r2", "u0", beginDate="٢٠٢٤-08-01")]},
        ("roles.csv", 4, "beginDate", "date-wrong"),
    ),
    "end before begin": (
        {"roles": [*ROLES, role("r2", "u0", endDate="2024-07-31")]},
        ("roles.csv", 4, "endDate", "end-before-begin"),
    ),
    "user that is not there": (
        {"roles": [*ROLES, role("r2", "u9")]},
        ("roles.csv", 4, "userSourcedId", "reference-unknown"),
    ),
    "organization that is not there": (
        {"roles": [*ROLES, role("r2", "u0", orgSourcedId="S9")]},
        ("roles.csv", 4, "orgSourcedId", "reference-unknown"),
    ),
    "too much of a position": (
        {"roles": [*ROLES, role("r2", "u0", **{"metadata.fte": "2.001"})]},
        ("roles.csv", 4, "metadata.fte", "number-wrong"),
    ),
    "share that is no number": (
        {"roles": [*ROLES, role("r2", "u0", **{"metadata.fte": "50%"})]},
        ("roles.csv", 4, "metadata.fte", "number-wrong"),
    ),
    "exempt or not": (
        {"users": [*USERS, user("u2", **{"metadata.exempt": "yes"})]},
        ("users.csv", 4, "metadata.exempt", "word-unknown"),
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_field_is_named_by_file_row_and_column(tmp_path: Path, name: str) -> None:
    rows, place = FIELDS[name]
    assert place in places(write(tmp_path / "z", bulk(**rows)))


@pytest.mark.parametrize(
    ("row", "column", "slug"),
    [
        ({"status": ""}, "status", "status-wrong"),
        ({"status": "inactive"}, "status", "status-wrong"),
        ({"dateLastModified": ""}, "dateLastModified", "instant-wrong"),
        ({"dateLastModified": "yesterday"}, "dateLastModified", "instant-wrong"),
    ],
)
def test_a_delta_says_of_each_row_what_became_of_it(
    tmp_path: Path, row: Row, column: str, slug: str
) -> None:
    rows = [{**delta(user("u0"))[0], **row}]
    path = roster(tmp_path / "z", "delta", orgs=None, users=rows)
    assert places(path) == [("users.csv", 2, column, slug)]


def test_all_that_is_wrong_is_said_at_once_and_no_value_is_repeated(tmp_path: Path) -> None:
    rows = {
        "users": [user("u0", "Secret\0name"), user("u0", **{"metadata.fte": "Secret"})],
        "roles": [role("r0", "Secret", beginDate="Secret", role="Secret")],
    }
    found = flaws_of(write(tmp_path / "z", bulk(**rows)))
    assert [flaw.slug for flaw in found] == [
        *("control-character", "number-wrong", "date-wrong", "word-unknown"),
        *("id-twice", "reference-unknown"),
    ]
    refused = FileRefusedError(found)
    assert "6 flaws; the first: users.csv row 2 givenName" in refused.detail
    assert not any("Secret" in str(flaw) for flaw in (*found, refused))


def test_a_file_that_is_wrong_throughout_is_not_read_to_its_end(tmp_path: Path) -> None:
    rows = [user(f"u{n}", status="gone") for n in range(5000)]
    found = flaws_of(write(tmp_path / "z", bulk(users=rows)))
    assert len(found) == FLAWS_MAX
    assert "100 flaws or more" in FileRefusedError(found).detail
    assert "one flaw" in FileRefusedError(found[:1]).detail


# Properties

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=100,  # in its normal form a letter may become three
).filter(lambda name: name.strip() != "")
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_all(st.lists(st.tuples(ids, names, names), max_size=5, unique_by=lambda row: row[0]))
def test_names_and_ids_of_any_letters_are_read_as_they_are(
    tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    users = [user(source_id, given, family) for source_id, given, family in rows]
    path = write(tmp_path / "z", bulk(users=users, roles=[]))
    found: Sequence[UserRow] = read(path).users
    assert [row.source_id for row in found] == [source_id for source_id, *_ in rows]
    for row, (_, given, _) in zip(found, rows, strict=True):
        assert len(row.details["given_name"]) <= len(given) * 3
        assert row.details["given_name"] == row.details["given_name"].strip() != ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@for_all(st.binary(max_size=400), st.sampled_from(["orgs", "users", "roles", "manifest"]))
def test_no_bytes_break_the_reader(tmp_path: Path, content: bytes, name: str) -> None:
    files = bulk()
    header = str(files[f"{name}.csv"]).splitlines()[0].encode()
    for changed in (content, header + b"\n" + content):
        try:
            read(write(tmp_path / "z", files | {f"{name}.csv": changed}))
        except FileRefusedError:
            continue


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@for_all(st.integers(0, 10_000), st.integers(0, 255))
def test_no_damage_to_a_zip_breaks_the_reader(tmp_path: Path, at: int, value: int) -> None:
    content = bytearray(GRAND_BEND.read_bytes())
    content[at % len(content)] = value
    path = tmp_path / "z"
    path.write_bytes(content)
    try:
        assert read(path).rows >= 0
    except FileRefusedError:
        return


def test_a_zip_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    content = GRAND_BEND.read_bytes()
    path = tmp_path / "z"
    for length in range(0, len(content), 61):
        path.write_bytes(content[:length])
        assert {flaw.slug for flaw in flaws_of(path)} == {"zip-damaged"}


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    assert table("users", []).startswith("sourcedId,")
    assert read(write(tmp_path / "z", bulk(users=[], roles=[]))).users == []
