"""Folds over a run's events: the journal that keeps them, and every form in which people read them."""
