"""The one place where versions of the tool stand. Policy: see CONTRIBUTING.md, "Versions"."""

__version__ = "0.1.0"
SUITE_VERSION = "1"
JOURNAL_FORMAT = 1
REPORT_FORMAT = 1
