"""LAST: calls at rest."""
