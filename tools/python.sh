#!/bin/sh
# Prints the interpreter to use: the one given, or the first on PATH that is Python 3.11 or newer.
# Every candidate is run, not only found: version managers leave names on PATH that answer with an error.
set -eu

suits() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${1:-}" ]; then
  if suits "$1"; then
    echo "$1"
    exit 0
  fi
  echo "error: PYTHON=$1 is not a working Python 3.11 or newer" >&2
  exit 1
fi

for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
  if suits "$candidate"; then
    echo "$candidate"
    exit 0
  fi
done
echo "error: no Python 3.11 or newer found on PATH; install one, or name it: make PYTHON=/path/to/python3" >&2
exit 1
