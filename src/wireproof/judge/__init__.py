"""Transcript in, findings out. Pure: no socket, clock, random or file."""
