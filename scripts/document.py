"""Write the reference pages that follow from the code: docs/events.md and docs/problems.md.

`--check` writes nothing and fails when a page is not what the code says (a test calls it).
"""

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import api
import ledger
import projections
from ledger.errors import LedgerError
from ledger.events import EVENT_CLASSES
from ledger.events.base import Event
from projections.registry import PROJECTIONS

DOCS = Path(__file__).parent.parent / "docs"


def first_sentence(subject: type) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(subject) or "").split("\n\n")[0].split())


def events_page() -> str:
    """Every event class: topic, meaning, fields, grouped by the file of its stream."""
    lines = [
        "# Events",
        "",
        "Every fact the ledger can hold, one heading a stream. This page is written from the code",
        "(`scripts/document`). All events also carry `occurred_at` and `actor_id`; the stream and",
        "the version are columns of the log.",
    ]
    module = ""
    for topic, event_class in sorted(EVENT_CLASSES.items(), key=lambda pair: pair[1].__module__):
        if event_class.__module__ != module:
            module = event_class.__module__
            lines += ["", f"## {module.rsplit('.', 1)[1]}", ""]
        own = [name for name in event_class.model_fields if name not in Event.model_fields]
        fields = ", ".join(f"`{name}`" for name in own) or "-"
        lines.append(f"- `{topic}` **{event_class.__name__}**: {first_sentence(event_class)}")
        takers = [one.name for one in PROJECTIONS if event_class in one.classes]
        lines.append(f"  Fields: {fields}. Read by: {', '.join(takers) or 'no projection'}.")
    return "\n".join(lines) + "\n"


def _error_classes() -> list[type[LedgerError]]:
    for package in (ledger, projections, api):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                importlib.import_module(found.name)
    classes, todo = [], [LedgerError]
    while todo:
        classes.append(todo.pop())
        todo += classes[-1].__subclasses__()
    return sorted(classes, key=lambda error: (error.status, error.slug))


def problems_page() -> str:
    """Every problem slug: status, title and where it comes from."""
    lines = [
        "# Problems",
        "",
        "Every refusal is `application/problem+json` with one of these slugs in `type`. This page",
        "is written from the code (`scripts/document`).",
        "",
        "| status | slug | title |",
        "|---|---|---|",
    ]
    lines += [
        f"| {error.status} | `{error.slug}` | {first_sentence(error)} |"
        for error in _error_classes()
    ]
    return "\n".join(lines) + "\n"


PAGES = {"events.md": events_page, "problems.md": problems_page}


def main() -> int:
    """Exit status: 0 written or up to date, 1 a page differs from the code (`--check`)."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if check:
            current = path.read_text("utf-8") if path.exists() else ""
            stale += [name] if current != text else []
        else:
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"docs/{name} is not what the code says; run scripts/document")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
