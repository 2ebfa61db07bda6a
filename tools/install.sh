#!/bin/sh
# Makes .venv with the pinned versions of tools/constraints.txt and this project in it (editable).
# usage: tools/install.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."

python=$(sh tools/python.sh "${1:-}")
version='import sys; print(*sys.version_info[:3])'
wanted=$("$python" -c "$version")
if [ "$(.venv/bin/python -c "$version" 2>/dev/null || true)" != "$wanted" ]; then
  rm -rf .venv
  echo "making .venv with $("$python" --version)"
  # A failed attempt (Debian without python3-venv, for one) must not look like a finished one.
  "$python" -m venv .venv || { rm -rf .venv; exit 1; }
fi
echo "installing the pinned dependencies (tools/constraints.txt)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c tools/constraints.txt \
  --config-settings editable_mode=compat -e '.[dev]' # a path, not an import hook, which would cost every start 10 ms
touch .venv/installed
