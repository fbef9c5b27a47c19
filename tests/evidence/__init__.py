"""Badges, signed statements, bundles, submissions."""
