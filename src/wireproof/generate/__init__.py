"""JSON Schema to values. Pure."""
