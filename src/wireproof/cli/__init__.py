"""One file a verb: parse, choose, print; no logic."""
