"""One pack a folder; pure. Packs do not import each other; `jsonrpc` is the ground that they share."""
