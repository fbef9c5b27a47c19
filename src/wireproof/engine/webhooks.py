"""Webhooks while playing: where the places that an exchange names lie, and waiting for what comes there."""

from __future__ import annotations

from wireproof.engine.session import Session
from wireproof.model.exchange import Exchange
from wireproof.model.wire import Kind, Record


async def places(session: Session, exchange: Exchange) -> dict[str, str]:
    """Of each `{{hook.NAME}}` of the exchange its capture and the URL of a place that nothing was sent to yet.

    Raises OSError where no webhook can be opened."""
    if not exchange.hooks:
        return {}
    hook = await session.webhook()
    turn = len(session.records)
    made = {f"hook.{name}": hook.place(f"{session.id}-{turn}/{name}") for name in exchange.hooks}
    session.owners |= dict.fromkeys(made.values(), exchange.span)
    return made


async def delivered(session: Session, url: str, limit: float) -> tuple[str, int | None]:
    """Waits for the first request to that URL which no earlier expectation took: (outcome, seq of its record)."""
    taken = {one.meta.get("seq") for one in session.records if one.kind is Kind.AWAIT}

    def find() -> Record | None:
        came = (one for one in session.records if one.kind is Kind.DELIVERY and one.meta.get("url") == url)
        return next((one for one in came if one.seq not in taken), None)

    await session.wait(lambda: find() is not None or session.link_over, limit)
    found = find()
    return ("answered", found.seq) if found is not None else ("timeout", None)
