"""Upgrades run on the file system of the contract tests, which can lose power."""

from tests.contract.conftest import tape, vfs

__all__ = ["tape", "vfs"]
