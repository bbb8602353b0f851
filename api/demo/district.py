"""A second district for the demo, made up from a seed, and OneRoster files that change rosters."""

import csv
import io
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME = "Maple Fork Schools (generated sample, not a real place)"
DISTRICT = "mf-district"
SCHOOLS = {"mf-elementary": "Maple Fork Elementary", "mf-high": "Maple Fork High School"}
ZONE = "America/New_York"

_GIVEN = (
    "Ada",
    "Bela",
    "Carmen",
    "Dele",
    "Esra",
    "Farid",
    "Grace",
    "Hoa",
    "Ines",
    "Jamal",
    "Kirsi",
    "Luca",
    "Mina",
    "Noor",
    "Owen",
    "Priya",
    "Quinn",
    "Rosa",
    "Sven",
    "Talia",
)
_FAMILY = ("Abara", "Brandt", "Castillo", "Dang", "Eriksen", "Fofana", "Gupta", "Haddad", "Ito",
           "Jansen", "Kaya", "Lindqvist", "Moreau", "Nakamura", "O'Brien", "Petrov")  # fmt: skip

_HEADERS = {
    "users": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
    "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,"
    "resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,"
    "primaryOrgSourcedId,pronouns",
    "roles": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
    "orgSourcedId,userProfileSourcedId,metadata.fte,metadata.exempt",
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
}
_FILES = ("academicSessions", "assessmentLineItems", "assessmentResults", "categories", "classes",
          "classResources", "courses", "courseResources", "demographics", "enrollments",
          "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs",
          "resources", "resultLearningObjectiveIds", "results", "resultScoreScales", "roles",
          "scoreScales", "userProfiles", "userResources", "users")  # fmt: skip

Row = Mapping[str, str]


def _csv(header: str, rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header.split(","), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_zip(path: Path, mode: str, files: Mapping[str, Sequence[Row]]) -> Path:
    """Write a OneRoster 1.2 zip. `mode` is bulk or delta for every file that is given."""
    manifest = [
        {"propertyName": "manifest.version", "value": "1.0"},
        {"propertyName": "oneroster.version", "value": "1.2"},
    ]
    for name in _FILES:
        value = mode if name in files else "absent"
        manifest.append({"propertyName": f"file.{name}", "value": value})
    manifest.append({"propertyName": "source.systemName", "value": "sample generator"})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", _csv("propertyName,value", manifest))
        for name, rows in files.items():
            archive.writestr(f"{name}.csv", _csv(_HEADERS[name], rows))
    return path


def write_generated_district(path: Path, *, teachers: int = 40, seed: int = 2025) -> Path:
    """The whole generated district: organizations, users and roles, with FTE and exempt status."""
    chance = random.Random(seed)  # noqa: S311 - sample names, not secrets
    orgs: list[Row] = [{"sourcedId": DISTRICT, "name": NAME, "type": "district"}]
    orgs += [
        {"sourcedId": key, "name": name, "type": "school", "parentSourcedId": DISTRICT}
        for key, name in SCHOOLS.items()
    ]
    users, roles = [], []
    for number in range(1, teachers + 1):
        user, school = f"mf-{number:04d}", chance.choice(sorted(SCHOOLS))
        users.append(_user(user, chance.choice(_GIVEN), chance.choice(_FAMILY), school))
        roles.append(
            role(
                user,
                school,
                first_day=f"{chance.randint(2005, 2024)}-08-15",
                fte=chance.choice(("1.0", "1.0", "1.0", "0.5")),
            )
        )
    return write_zip(path, "bulk", {"orgs": orgs, "users": users, "roles": roles})


def write_new_hire(path: Path, user: str, name: str, first_day: str) -> Path:
    """A delta file: one teacher more, on the day she begins."""
    given, _, family = name.partition(" ")
    school = sorted(SCHOOLS)[1]
    touched = {"status": "active", "dateLastModified": f"{first_day}T12:00:00Z"}
    hired = {**_user(user, given, family or given, school), **touched}
    position = {**role(user, school, first_day=first_day), **touched}
    return write_zip(path, "delta", {"users": [hired], "roles": [position]})


def _user(user: str, given: str, family: str, school: str) -> Row:
    return {
        "sourcedId": user,
        "enabledUser": "true",
        "username": user,
        "givenName": given,
        "familyName": family,
        "identifier": user,
        "email": f"{user}@maplefork.example",
        "primaryOrgSourcedId": school,
    }


def role(user: str, school: str, *, first_day: str, fte: str = "1.0", last_day: str = "") -> Row:
    """One teaching position as a roster row; two half positions are two rows."""
    return {
        "sourcedId": f"r-{user}",
        "userSourcedId": user,
        "roleType": "primary",
        "role": "teacher",
        "beginDate": first_day,
        "endDate": last_day,
        "orgSourcedId": school,
        "metadata.fte": fte,
        "metadata.exempt": "true",
    }
