"""What a run leaves behind for others to check: badges' reports, signed statements, bundles, submissions."""
