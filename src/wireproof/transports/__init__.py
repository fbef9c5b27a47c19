"""Links: they move a frame and know no protocol."""
