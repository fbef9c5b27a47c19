"""JSON Schema to values: the smallest one (`smallest`), and whatever conforms or just does not (`values`). Pure."""
