"""`otel-bridge healthcheck`: a probe for images without a shell (`contract/pipeline-config.md` §5.3)."""

from __future__ import annotations

import http.client
import sys
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

import click

from otel_bridge.ingest.address import DEFAULT_URL, PROBES_FILE, default_data_dir, running_address

TIMEOUT_SECONDS: Final = 5.0
PATHS: Final = {"ready": "/readyz", "live": "/livez", "startup": "/startupz"}


@click.command()
@click.option(
    "--probe", type=click.Choice(tuple(PATHS)), default="ready", show_default=True, help="What to ask."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=default_data_dir,
    envvar="OTEL_BRIDGE_DATA_DIR",
    show_envvar=True,
    help="Where the bridge keeps its address.",
)
@click.option(
    "--url", metavar="URL", help=f"Where probes are served.  [default: of the directory, else {DEFAULT_URL}]"
)
def command(probe: str, data_dir: Path, url: str | None) -> int:
    """Ask a running bridge how it is: exit code 0 when it is well, 1 when it is not or does not answer."""
    base = url or running_address(data_dir, PROBES_FILE) or DEFAULT_URL
    status, said = _ask(base, PATHS[probe])
    click.echo(said, err=status != http.client.OK)
    return 0 if status == http.client.OK else 1


def main(arguments: list[str]) -> NoReturn:
    """Run the command and exit; a bad option is one line and exit code 2, as of every command."""
    try:
        code = command.main(arguments, prog_name="otel-bridge healthcheck", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"otel-bridge: error: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    sys.exit(code)


def _ask(base: str, path: str) -> tuple[int, str]:
    """Return the status and the answer; 0 and why when there is none."""
    try:
        address = urlsplit(base if "//" in base else f"//{base}", scheme="http")
        connection = _connection(address.scheme, address.hostname or "", address.port)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(1 << 16).decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, f"no bridge answers at {base}: {getattr(error, 'strerror', None) or error}"


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    """Connect. A certificate names what others call us by, and a probe holds no secret: any will do."""
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    import ssl  # noqa: PLC0415 - takes longer to import than the rest of a probe

    from otel_bridge.auth.own_tls import own_context  # noqa: PLC0415 - as above

    context = own_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
