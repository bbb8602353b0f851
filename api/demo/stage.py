"""Speaks to a running ledger over HTTP: as whoever acts, at the time the story has come to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2

from api.auth import mint_development_token
from api.settings import Settings

Answer = dict[str, Any]


class RefusedError(Exception):
    """The ledger refused something that the story takes for granted."""


class Stage:
    """The HTTP client of the demo. Its clock is the story's, sent along as `Ledger-Time`."""

    def __init__(self, address: str, settings: Settings) -> None:
        self._http = httpx2.Client(base_url=address, timeout=30)
        self._settings = settings
        self._tokens: dict[UUID, str] = {}
        self.time = datetime(2025, 7, 1, 14, tzinfo=UTC)
        self.position = 0  # of the newest event this stage has caused
        self.requests = 0

    def close(self) -> None:
        self._http.close()

    def on(self, day: date) -> None:
        """Move the story to the afternoon of a day, never back."""
        self.time = max(self.time, datetime(day.year, day.month, day.day, 18, tzinfo=UTC))

    def later(self, days: int = 1) -> None:
        """Let days pass."""
        self.time += timedelta(days=days)

    def token(self, who: UUID) -> str:
        """A development token that says who calls."""
        if who not in self._tokens:
            self._tokens[who] = mint_development_token(self._settings, who)
        return self._tokens[who]

    def post(self, who: UUID, path: str, body: Answer | None = None) -> Answer:
        """Change something. Raises RefusedError when the ledger refuses."""
        return self._write(who, path, json=body)

    def upload(self, who: UUID, path: str, content: bytes, **fields: str) -> Answer:
        """Hand in a file as a form."""
        return self._write(who, path, files={"file": ("artifact", content)}, data=fields)

    def send_file(self, who: UUID, path: str, file: Path, **fields: str) -> Answer:
        """Hand in a roster."""
        with file.open("rb") as content:
            return self._write(who, path, files={"file": (file.name, content)}, data=fields)

    def get(self, who: UUID, path: str, **parameters: str | int) -> Answer:
        """Read, and see everything that this stage has caused so far."""
        answered = self._http.get(
            path,
            params={"min_position": self.position, **parameters},
            headers={"Authorization": f"Bearer {self.token(who)}"},
        )
        return self._checked(answered)

    def check(self, record: Answer) -> Answer:
        """Have a signed record checked, as anybody may who holds one."""
        return self._checked(self._http.post("/verify", json=record))

    def _write(self, who: UUID, path: str, **sent: Any) -> Answer:
        headers = {
            "Authorization": f"Bearer {self.token(who)}",
            "Idempotency-Key": str(uuid4()),
            "Ledger-Time": self.time.isoformat(),
        }
        self.time += timedelta(minutes=1)
        answer = self._checked(self._http.post(path, headers=headers, **sent))
        self.position = max(self.position, int(answer.get("position", 0)))
        return answer

    def _checked(self, answered: httpx2.Response) -> Answer:
        self.requests += 1
        if answered.is_error:
            request = answered.request
            raise RefusedError(f"{request.method} {request.url.path}: {answered.text}")
        answer: Answer = answered.json()
        return answer
