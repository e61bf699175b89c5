"""The profiles: configurations that come with the bridge, so that nobody has to write one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from otel_bridge.config import Profile
from otel_bridge.config_file.nodes import with_value
from otel_bridge.config_file.problems import Origin, Rank
from otel_bridge.config_file.references import escaped
from otel_bridge.config_file.yaml_tree import parsed
from otel_bridge.profiles import wandb_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.nodes import Node

PROFILES: Final[tuple[str, ...]] = get_args(Profile)
_FOLDER: Final = Path(__file__).with_name("profiles")
_PROJECT_VARIABLES: Final = Origin("WANDB_ENTITY, WANDB_PROJECT", Rank.PROFILE)


def text_of(profile: str) -> str:
    """Return a profile as it is written."""
    return (_FOLDER / f"{profile}.yaml").read_text(encoding="utf-8")


def profile_layer(profile: str, environ: Mapping[str, str]) -> Node:
    """Return a profile; a sidecar's project is what the variables of Weave's users say. Raise BadSetting."""
    tree = parsed(text_of(profile), f"profile {profile}", Rank.PROFILE)
    if profile != "sidecar":
        return tree
    project = wandb_project(environ)
    return with_value(tree, ("exporters", "weave", "project"), escaped(project), _PROJECT_VARIABLES)
