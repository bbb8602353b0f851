"""Each command loads when it is asked for: none is lost, and none waits for the others."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module

import typer
from typer.core import TyperGroup

import api
from api.cli import HOMES, app

HELP = """
import sys
from api.cli import main
sys.argv = ["mcledger", "token", "--help"]
try:
    main()
finally:
    print(*sys.modules)
"""


def test_help_for_a_command_loads_neither_the_server_nor_the_ledger() -> None:
    said = subprocess.run(
        [sys.executable, "-c", HELP], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    loaded = set(said.split())
    assert "api.cli_server" in loaded
    assert not loaded & {"fastapi", "uvicorn", "ledger.events", "ledger.store", "projections"}


def test_every_command_is_found_by_its_name() -> None:
    top = _group(app)
    groups = {top.commands[name].help for name in top.commands}
    for group in _groups():
        if group.help is None:  # its commands have no name before theirs
            for name, command in group.commands.items():
                assert top.commands[name].help == command.help, name
        else:
            assert group.help in groups


def test_help_lists_every_command_by_its_name() -> None:
    top = _group(app)
    assert [top.commands[name].name for name in top.commands] == list(top.commands)


def test_each_group_loads_every_module_that_adds_to_it() -> None:
    _groups()  # whatever adds to a group has done so
    top = _group(app)
    for name, homes in HOMES.items():
        known = {f"api.{home.partition(':')[0]}" for home in homes}
        command = top.commands[name]
        parts = command.commands.values() if isinstance(command, TyperGroup) else [command]
        assert {one.callback.__module__ for one in parts} <= known, name


def test_what_no_command_is_called_is_none() -> None:
    top = _group(app)
    assert top.commands.get("tokn") is None
    assert len(top.commands) == len(list(top.commands)) == len(set(top.commands))


def _groups() -> list[TyperGroup]:
    """Every set of commands in the modules of the command line."""
    modules = (
        import_module(f"api.{found.name}")
        for found in pkgutil.iter_modules(api.__path__)
        if found.name.startswith("cli_")
    )
    made = {id(one): one for module in modules for one in vars(module).values() if _is_made(one)}
    return [_group(one) for one in made.values()]


def _is_made(value: object) -> bool:
    return isinstance(value, typer.Typer)


def _group(made: typer.Typer) -> TyperGroup:
    return typer.main.get_group(made)
