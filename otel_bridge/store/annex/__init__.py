"""Beside calls: feedback, prices, objects, tables and files at rest."""
