"""The Open Badges API 3.0, as other systems of a teacher ask for her records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema  # type: ignore[import-untyped]  # it brings no types
import pytest

from api.auth import mint_development_token
from ledger.records.proofs import proven
from ledger.records.tokens import from_token
from tests.api.test_records import HOST, issue, issuer_document
from tests.api.world import Answer, Story, World, story

SCHEMAS = Path(__file__).parent.parent / "records" / "schemas"
PATH = "/ims/ob/v3p0/credentials"
DISCOVERY = "/ims/ob/v3p0/discovery"
SERVER = {
    "issuer": "https://id.example",
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
    "registration_endpoint": "https://id.example/register",
    "op_policy_uri": "https://id.example/privacy",
    "op_tos_uri": "https://id.example/terms",
    "code_challenge_methods_supported": ["S256"],
}


def must_fit(answer: Answer, name: str) -> Any:
    """The answer, which has to be as the schema of 1EdTech says."""
    assert answer.headers["content-type"] == "application/json"
    content = json.loads((SCHEMAS / f"ob_v3p0_{name}_schema.json").read_text("utf-8"))
    jsonschema.Draft201909Validator(content).validate(answer.json())
    return answer.json()


@pytest.fixture(scope="module")
def holder(shared_world: World) -> Story:
    """Somebody with three records."""
    first = story(shared_world, token=f"Badge {uuid4()}").award()
    for sample in (1, 2):
        credential = first.issuer.credential(sample)
        district = shared_world.district()
        assessors = first.issuer.assessors(credential, district, 2)
        Story(shared_world, first.issuer, first.teacher, credential, assessors).enroll()
        again = Story(shared_world, first.issuer, first.teacher, credential, assessors)
        again.enrollment = enrollment_of(shared_world, first, credential)
        again.hand_in().review(*levels(again)).decide()
    issue(shared_world)
    return first


def enrollment_of(world: World, one: Story, credential: str) -> str:
    lines = world.seen(one.teacher, f"/v1/people/{one.teacher}/transcript")["items"]
    [found] = [line for line in lines if line["credential_id"] == credential]
    return str(found["enrollment_id"])


def levels(one: Story) -> list[dict[str, str]]:
    """What both assessors see: the highest level of each criterion."""
    version = one.world.seen(one.teacher, f"/v1/credentials/{one.credential}/versions/1")
    rubric = version["definition"]["rubric"]
    best = {row["criterion"]: row["levels"][-1]["level"] for row in rubric}
    return [best, best]


def asked(world: World, one: Story, query: str = "") -> Answer:
    return world.ask(one.teacher, "GET", f"{PATH}{query}")


def links(answer: Answer) -> dict[str, str]:
    return {
        name: url for url, name in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"])
    }


def test_a_teacher_gets_her_records_and_each_is_proved(shared_world: World, holder: Story) -> None:
    answer = asked(shared_world, holder)

    body = must_fit(answer, "getopenbadgecredentialsresponse")
    assert set(body) == {"credential", "compactJwsString"}
    assert len(body["credential"]) == 3
    assert answer.headers["x-total-count"] == "3"
    assert set(links(answer)) == {"first", "last"}
    for document in body["credential"]:
        proven(document, issuer_document(shared_world, document))


def test_pages_lead_to_one_another(shared_world: World, holder: Story) -> None:
    whole = asked(shared_world, holder).json()["credential"]
    answer = asked(shared_world, holder, "?limit=2")
    found = answer.json()["credential"]
    while url := links(answer).get("next"):
        answer = asked(shared_world, holder, url.removeprefix(f"{HOST}{PATH}"))
        found += must_fit(answer, "getopenbadgecredentialsresponse")["credential"]
    assert found == whole
    assert answer.headers["x-total-count"] == "3"
    assert links(answer)["prev"] == f"{HOST}{PATH}?limit=2&offset=0"
    assert links(answer)["last"] == links(answer)["first"].replace("offset=0", "offset=2")


def test_the_same_records_come_as_tokens_for_whoever_asks(
    shared_world: World, holder: Story
) -> None:
    documents = asked(shared_world, holder).json()["credential"]
    answer = asked(shared_world, holder, "?limit=2&form=compactJwsString")
    tokens = must_fit(answer, "getopenbadgecredentialsresponse")["compactJwsString"]
    assert answer.json()["credential"] == [], "each once"
    answer = asked(shared_world, holder, links(answer)["next"].removeprefix(f"{HOST}{PATH}"))
    tokens += answer.json()["compactJwsString"]
    assert answer.headers["x-total-count"] == "3"
    read = [from_token(one, issuer_document(shared_world, documents[0])) for one in tokens]
    unsigned = [{name: one[name] for name in one if name != "proof"} for one in documents]
    assert read == unsigned


def test_since_leaves_out_what_is_older(shared_world: World, holder: Story) -> None:
    past = asked(shared_world, holder, "?since=2020-01-01T00:00:00")
    future = asked(shared_world, holder, "?since=2090-01-01T00:00:00Z")
    assert [one.headers["x-total-count"] for one in (past, future)] == ["3", "0"]
    assert must_fit(future, "getopenbadgecredentialsresponse")["credential"] == []
    assert set(links(future)) == {"first", "last"}


def test_nobody_gets_anothers_records(shared_world: World, holder: Story) -> None:
    for who in (holder.issuer.approver, holder.assessors[0], shared_world.operator):
        answer = shared_world.ask(who, "GET", PATH)
        assert answer.json() == {"credential": [], "compactJwsString": []}


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=x",
        "?form=xml",
        "?offset=-1",
        "?since=yesterday",
        "?page=2",
        "?limit=1&limit=2",
    ],
)
def test_a_query_that_makes_no_sense_is_refused_in_their_words(
    shared_world: World, holder: Story, query: str
) -> None:
    answer = asked(shared_world, holder, query)
    assert answer.status_code == 400
    said = must_fit(answer, "imsx_statusinfo")
    assert code_of(said) == "invalid_query_parameter"


def code_of(said: dict[str, Any]) -> str:
    [field] = said["imsx_codeMinor"]["imsx_codeMinorField"]
    return str(field["imsx_codeMinorFieldValue"])


def test_without_a_token_nobody_is_told_anything(shared_world: World) -> None:
    answer = shared_world.client.get(PATH)
    assert answer.status_code == 401
    assert code_of(must_fit(answer, "imsx_statusinfo")) == "unauthorizedrequest"
    forged = shared_world.client.get(PATH, headers={"Authorization": "Bearer a.b.c"})
    assert forged.status_code == 401


READING = "https://purl.imsglobal.org/spec/ob/v3p0/scope/credential.readonly"
WRITING = READING.replace("readonly", "upsert")


@pytest.mark.parametrize(
    ("scope", "status"),
    [(READING, 200), (f"{WRITING} {READING} offline_access", 200), (WRITING, 403), ("openid", 200)],
)
def test_a_token_of_another_scope_reads_nothing(
    scope: str, status: int, shared_world: World, holder: Story
) -> None:
    answer = with_scope(shared_world, holder, scope, PATH)
    assert answer.status_code == status
    if status == 403:
        assert code_of(must_fit(answer, "imsx_statusinfo")) == "forbidden"


def test_a_token_for_her_other_systems_opens_nothing_else_of_hers(
    shared_world: World, holder: Story
) -> None:
    path = f"/v1/people/{holder.teacher}/transcript"
    answer = with_scope(shared_world, holder, READING, path)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/token-scope")
    assert with_scope(shared_world, holder, "openid", path).status_code == 200


def with_scope(world: World, one: Story, scope: str, path: str) -> Answer:
    token = mint_development_token(world.settings, one.teacher, scope=scope)
    return world.client.get(path, headers={"Authorization": f"Bearer {token}"})


def test_nothing_is_taken_in(shared_world: World, holder: Story) -> None:
    answer = shared_world.post(holder.teacher, PATH, {})
    assert answer.status_code == 405
    assert must_fit(answer, "imsx_statusinfo")["imsx_codeMajor"] == "unsupported"


@pytest.mark.parametrize(
    ("asked_for", "status", "code"),
    [
        ("PUT credentials", 405, "not_allowed"),
        ("DELETE credentials", 405, "not_allowed"),
        ("GET profile", 405, "not_allowed"),
        ("PUT profile", 405, "not_allowed"),
        ("GET credential", 404, "not_found"),
    ],
)
def test_what_is_not_offered_is_refused_in_their_words_too(
    asked_for: str, status: int, code: str, shared_world: World
) -> None:
    method, name = asked_for.split()
    answer = shared_world.ask(None, method, f"/ims/ob/v3p0/{name}")
    assert answer.status_code == status
    assert code_of(must_fit(answer, "imsx_statusinfo")) == code


@pytest.fixture
def server_file(shared_world: World, tmp_path: Path) -> Iterator[Path]:
    """Where this ledger reads what the server that gives out tokens says of itself."""
    file, before = tmp_path / "server.json", shared_world.app.state.settings
    after = before.model_copy(update={"authorization_server_file": file})
    shared_world.app.state.settings = after
    yield file
    shared_world.app.state.settings = before


def test_a_ledger_that_was_told_of_no_server_says_so(shared_world: World) -> None:
    unsaid = shared_world.client.get(DISCOVERY)
    assert unsaid.status_code == 404
    must_fit(unsaid, "imsx_statusinfo")


def test_the_discovery_says_where_tokens_are_and_is_never_protected(
    shared_world: World, server_file: Path
) -> None:
    server_file.write_text(json.dumps(SERVER))

    found = shared_world.client.get(DISCOVERY).json()

    scheme = found["components"]["securitySchemes"]["OAuth2ACG"]
    assert scheme["x-imssf-registrationUrl"] == SERVER["registration_endpoint"]
    assert scheme["flows"]["authorizationCode"]["tokenUrl"] == SERVER["token_endpoint"]
    assert found["servers"] == [{"url": f"{HOST}/ims/ob/v3p0"}]
    assert found["info"]["termsOfService"] == SERVER["op_tos_uri"]


def test_the_discovery_promises_only_what_is_there(shared_world: World, server_file: Path) -> None:
    """Each operation is answered, and nothing is said of the server that it does not say itself."""

    def told(**changes: Any) -> Answer:
        server_file.write_text(json.dumps({**SERVER, **changes}))
        return shared_world.client.get(DISCOVERY)

    found = told().json()
    base = found["servers"][0]["url"].removeprefix(HOST)
    for path, operations in found["paths"].items():
        for method in operations:
            answer = shared_world.client.request(method, f"{base}{path}")
            assert answer.status_code == 401, "it is there, and asks for a token"
    flow = found["components"]["securitySchemes"]["OAuth2ACG"]["flows"]["authorizationCode"]
    assert [scope.rpartition("/")[2] for scope in flow["scopes"]] == ["credential.readonly"]
    assert "refreshUrl" not in flow
    refreshing = told(grant_types_supported=["authorization_code", "refresh_token"]).json()
    flow = refreshing["components"]["securitySchemes"]["OAuth2ACG"]["flows"]["authorizationCode"]
    assert flow["refreshUrl"] == SERVER["token_endpoint"]
    assert told(code_challenge_methods_supported=["plain"]).status_code == 500, "without PKCE"
