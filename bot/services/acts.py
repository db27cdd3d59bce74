"""What makes a method of a use case one transaction: it is given `tx` and runs whole or not at all.

A method marked so waits for nothing but its statements, and calls no other that is marked: one
act, one transaction. Refuses to know what the acts do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from bot.store.database import Database, Transaction


class UseCase(Protocol):
    """Whatever has a database."""

    @property
    def db(self) -> Database:
        """The database its acts are carried out on."""
        ...


Self = TypeVar("Self", bound=UseCase)
Given = ParamSpec("Given")
T = TypeVar("T")

Act = Callable[Concatenate[Self, Transaction, Given], Coroutine[Any, Any, T]]
Whole = Callable[Concatenate[Self, Given], Coroutine[Any, Any, T]]


def writes(act: Act[Self, Given, T]) -> Whole[Self, Given, T]:
    """Make a method one writing transaction. Errors: also those of `Database.write`."""

    @wraps(act)
    async def whole(self: Self, /, *given: Given.args, **named: Given.kwargs) -> T:
        return await self.db.write(lambda tx: act(self, tx, *given, **named))

    return whole


def looks(act: Act[Self, Given, T]) -> Whole[Self, Given, T]:
    """Make a method one reading transaction that may share a moment with others (`Database.look`).

    For what every update asks, and takes no longer than a handful of rows by their keys.
    """

    @wraps(act)
    async def whole(self: Self, /, *given: Given.args, **named: Given.kwargs) -> T:
        return await self.db.look(lambda tx: act(self, tx, *given, **named))

    return whole


def reads(act: Act[Self, Given, T]) -> Whole[Self, Given, T]:
    """Make a method one reading transaction. Errors: also those of `Database.read`."""

    @wraps(act)
    async def whole(self: Self, /, *given: Given.args, **named: Given.kwargs) -> T:
        return await self.db.read(lambda tx: act(self, tx, *given, **named))

    return whole
