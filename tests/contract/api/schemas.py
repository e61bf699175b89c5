"""Compares JSON Schemas of two documents after following their references."""

from __future__ import annotations

from typing import Any

ANNOTATIONS = {"title", "description", "examples"}
"""What says nothing about which values fit; descriptions are compared apart."""
UNORDERED = {"required", "enum"}
UNIONS = {"anyOf", "oneOf"}


class Comparison:
    """Of `ours` with `theirs`; each is a whole document."""

    def __init__(self, ours: dict, theirs: dict) -> None:
        self._ours, self._theirs = ours, theirs
        self._met: set[tuple[str, str]] = set()
        self.differences: list[str] = []
        self.descriptions: list[str] = []

    def compare(self, ours: Any, theirs: Any, path: str) -> None:
        """Note where the two schemas differ."""
        pair = (str(ours.get("$ref")), str(theirs.get("$ref")))
        if "None" not in pair:
            if pair in self._met:
                return  # a schema inside itself
            self._met.add(pair)
        ours, theirs = self._followed(ours, self._ours), self._followed(theirs, self._theirs)
        if (said := theirs.get("description")) is not None and ours.get("description") != said:
            self.descriptions.append(path)
        for name in sorted((ours.keys() | theirs.keys()) - ANNOTATIONS):
            if name not in ours or name not in theirs:
                self.differences.append(f"{path}: {name} is only in {'ours' if name in ours else 'theirs'}")
            else:
                self._keyword(name, ours[name], theirs[name], f"{path}/{name}")

    def _keyword(self, name: str, ours: Any, theirs: Any, path: str) -> None:
        if name in UNIONS or name == "prefixItems":
            self._each(
                self._in_order(name, ours, self._ours), self._in_order(name, theirs, self._theirs), path
            )
        elif name == "properties":
            if ours.keys() != theirs.keys():
                self.differences.append(f"{path}: {sorted(ours.keys() ^ theirs.keys())}")
            for member in ours.keys() & theirs.keys():
                self.compare(ours[member], theirs[member], f"{path}/{member}")
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            self.compare(ours, theirs, path)
        elif (sorted(ours) if name in UNORDERED else ours) != (
            sorted(theirs) if name in UNORDERED else theirs
        ):
            self.differences.append(f"{path}: {ours} is not {theirs}")

    def _each(self, ours: list, theirs: list, path: str) -> None:
        if len(ours) != len(theirs):
            self.differences.append(f"{path}: {len(ours)} and {len(theirs)} schemas")
        for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            self.compare(one, other, f"{path}/{at}")

    def _in_order(self, name: str, schemas: list, document: dict) -> list:
        """Put the members of a union in an order of their own: which comes first says nothing."""
        if name == "prefixItems":
            return schemas
        return sorted(schemas, key=lambda schema: _key(self._followed(schema, document)))

    @staticmethod
    def _followed(schema: dict, document: dict) -> dict:
        while "$ref" in schema:
            name = schema["$ref"].removeprefix("#/components/schemas/")
            schema = document["components"]["schemas"][name]
        return schema


def _key(schema: dict) -> str:
    return str((schema.get("type"), schema.get("format"), sorted(schema.get("properties", ()))))
