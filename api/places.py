"""Finds the routes that a request may mean by the shape of its address.

The framework holds an address against one route after the other. Of some three hundred that takes
as long as a small query; by the fixed parts of an address it is one look into a table.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

Fixed = tuple[str | None, ...]  # the parts of an address between slashes; null where an id stands


class Places(BaseRoute):
    """All routes of an app, by where they are. An address that is no place of ours matches none."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routers: dict[Fixed, APIRouter] = {}
        self._shapes: dict[int, list[tuple[bool, ...]]] = {}
        for route in routes:
            if isinstance(route, Route) and ":path}" not in route.path:
                self._add(route)
        for shapes in self._shapes.values():
            shapes.sort(reverse=True)  # what is fixed goes before what may be anything

    def _add(self, route: Route) -> None:
        fixed = tuple(None if "{" in part else part for part in route.path.split("/"))
        shape = tuple(part is not None for part in fixed)
        shapes = self._shapes.setdefault(len(shape), [])
        if shape not in shapes:
            shapes.append(shape)
        if fixed not in self._routers:
            self._routers[fixed] = APIRouter(redirect_slashes=False)
        self._routers[fixed].routes.append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Full as soon as the address is a place: whether its method is one is asked there."""
        if scope["type"] == "http" and not scope.get("root_path"):
            parts = scope["path"].split("/")
            for shape in self._shapes.get(len(parts), ()):
                held = zip(parts, shape, strict=True)
                fixed = tuple(part if is_fixed else None for part, is_fixed in held)
                router = self._routers.get(fixed)
                if router is not None:
                    return Match.FULL, {"place": router}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        router: APIRouter = scope["place"]
        await router.app(scope, receive, send)
