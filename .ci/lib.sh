# Shared by .ci/run and .ci/full: a scratch folder, a copy of the tree as git sees it, and named steps.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$scratch"' EXIT
exec </dev/null
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1 PYTHONDONTWRITEBYTECODE=1

step() {
  printf '\n=== %s (%ss) ===\n' "$1" "$SECONDS"
}

# A Python that runs and is new enough; $1 narrows it to one version.
find_python() {
  local candidate
  for candidate in ${1:+"python$1" "$HOME/.pyenv/versions/$1".*/bin/python} ${1:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c "import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11) or not '$1' in ('', '%d.%d' % sys.version_info[:2]))" >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# What a fresh clone would hold, plus what is not committed yet.
copy_tree() {
  mkdir -p "$1"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done |
    tar --null --files-from=- -cf -) | tar -xf - -C "$1"
}

# Debian's Chromium for tests/browser, in a few minutes at most; without it those tests are skipped by name.
install_browser() {
  local as_root="" seconds=240 log="$scratch/browser.log"
  if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then return; fi
  command -v apt-get >/dev/null || { echo "SKIPPED: no browser, and no apt-get to install one"; return; }
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  # shellcheck disable=SC2086  # as_root is empty or two words
  timeout "$seconds" $as_root sh -c 'export DEBIAN_FRONTEND=noninteractive
    apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update -qq &&
    apt-get install -qq -y --no-install-recommends chromium chromium-driver' >"$log" 2>&1 ||
    { echo "SKIPPED: no browser, and it could not be installed:"; tail -n 3 "$log"; }
}

# Debian's Prometheus with its promtool, unpacked and not installed; without it its tests are skipped by name.
unpack_prometheus() {
  local found="$scratch/prometheus"
  if command -v prometheus >/dev/null && command -v promtool >/dev/null; then return; fi
  mkdir -p "$found"
  if (cd "$found" && timeout 240 apt-get download -qq prometheus && dpkg -x prometheus_*.deb .) >"$found/log" 2>&1; then
    export PATH="$found/usr/bin:$PATH"
  else
    echo "SKIPPED: no Prometheus, and it could not be had"
  fi
}

# The n-th command of the README that makes a virtual environment: 1 runs the bridge, 2 runs the tests.
readme_command() {
  grep '^python3 -m venv' "$root/README.md" | sed -n "$1p"
}
