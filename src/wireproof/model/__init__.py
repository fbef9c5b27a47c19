"""The words of the house. Standard library only; every value is frozen, slotted and keyword-only."""
