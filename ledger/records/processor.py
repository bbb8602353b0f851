"""The JSON-LD processor: pyld's, which leaves nothing out unseen and works a context out once.

pyld leaves out of the RDF whatever it cannot name: a node whose id is no address, and a type or a
link that is none. No signature would cover what stands there. It also works out what the words of a
type mean anew for each part of that type, which in a transcript was more than half of all work.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pyld.jsonld import JsonLdProcessor, freeze

from ledger.records.documents import RecordError

_FROZEN: Final = type(freeze({}))
_CONTEXTS_KEPT: Final = 4_096
_ADDRESS: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+-.]*|_):\S*")  # as pyld has it, to the end
_worked_out: dict[tuple[object, ...], tuple[Any, ...]] = {}


class UndefinedTermError(RecordError):
    """The record has a part that no signature would cover."""

    slug = "record-term-undefined"


def forget() -> None:
    """Begin as a new process does, which has worked out no context."""
    _worked_out.clear()


class Processor(JsonLdProcessor):  # type: ignore[misc]
    """Raises UndefinedTermError for a part that would be left out of the RDF."""

    def _process_context(self, active_ctx: Any, local_ctx: Any, *rest: Any, **named: Any) -> Any:
        """What is frozen never changes, so the same two come to the same again.

        The key names them by identity, so both are kept as long as it is. A list of contexts is
        another one in each document, so what it says names it.
        """
        if not isinstance(active_ctx, _FROZEN) or "cycles" in named:
            return super()._process_context(active_ctx, local_ctx, *rest, **named)
        options, *flags = rest
        local = repr(local_ctx) if isinstance(local_ctx, list) else id(local_ctx)
        key = (id(active_ctx), local, *flags, *sorted(named.items()))
        found = _worked_out.get(key)
        if found is None:
            made = super()._process_context(active_ctx, local_ctx, options, *flags, **named)
            if len(_worked_out) >= _CONTEXTS_KEPT:
                _worked_out.clear()
            found = _worked_out[key] = (made, active_ctx, local_ctx)
        return found[0]

    def _graph_to_rdf(self, graph: Any, issuer: Any, options: Any) -> Any:
        """Every node that is linked to is one of the graph, so these are all names there are."""
        for name, node in graph.items():
            words = (word for word in node if not word.startswith("@"))
            for address in (name, *words, *node.get("@type", ())):
                if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
                    said = f"{str(address)[:100]!r}"
                    raise UndefinedTermError(f"{said} is no address, so no signature covers it")
        return super()._graph_to_rdf(graph, issuer, options)
