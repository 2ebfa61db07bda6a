#!/bin/sh
# Writes tools/constraints.txt: the newest versions that pyproject.toml allows, of everything.
# Run it with the oldest Python that we support, so that packages which only that one needs are pinned too.
# usage: make constraints PYTHON=python3.11
set -eu
cd "$(dirname "$0")/.."

python=$(sh tools/python.sh "${1:-}")
rm -rf build/constraints
"$python" -m venv build/constraints
build/constraints/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
{
  echo "# Pinned versions of all dependencies. Written by \`make constraints\` with $("$python" --version); do not edit."
  build/constraints/bin/python -m pip freeze --disable-pip-version-check --exclude-editable
} > build/constraints.txt
mv build/constraints.txt tools/constraints.txt
rm -rf build/constraints
