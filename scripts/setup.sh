#!/bin/sh
# Makes .venv with the locked dependencies. Needs a Python 3.11 or 3.12, or one it can get; says so in a sentence if not.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; }
# Debian takes venv and ensurepip out of its Python: they come as a package of their own.
whole() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }

python=
for candidate in "${PYTHON:-}" python3.12 python3.11 python3; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 && fits "$candidate"; then python=$candidate; break; fi
done

# Needs: python3, any version. Leaves: $python, a 3.12 that uv has fetched.
python_through_uv() {
  say "setup: this machine's Python is not 3.11 or 3.12; getting a 3.12 through uv"
  mkdir -p .cache
  [ -x .cache/uv/bin/uv ] || { python3 -m venv .cache/uv && .cache/uv/bin/pip install -q uv; } || return 1
  .cache/uv/bin/uv python install -q --install-dir .cache/python 3.12 || return 1
  python=$(.cache/uv/bin/uv python find --no-project 3.12) || return 1
}

as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
if [ -n "$python" ] && ! whole "$python" || { [ -z "$python" ] && ! whole python3; }; then
  as_root || { say "setup: Python has no venv module here. Install it first: sudo apt-get install python3-venv"; exit 1; }
  say "setup: installing python3-venv with apt-get"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >/dev/null
fi
[ -n "$python" ] || python_through_uv || { say "setup: Python 3.11 or 3.12 is needed and uv could not fetch one. Install python3.12 and try again."; exit 1; }

if [ -x .venv/bin/python ] && ! fits .venv/bin/python; then rm -rf .venv; fi
# a package that was only half installed is taken for whole by the next installation
if [ -e .venv/.unfinished ]; then rm -rf .venv; fi
if [ ! -x .venv/bin/python ]; then
  say "setup: making .venv with $("$python" --version)"
  "$python" -m venv .venv
fi
say "setup: installing the locked dependencies (half a minute or so the first time)"
touch .venv/.unfinished
# uv takes a tenth of pip's time. It reads none of pip's settings: where those say where to look it would go past them.
pip() { .venv/bin/python -m pip "$@" --quiet --disable-pip-version-check; }
if .venv/bin/python -m pip config list | grep -E 'index|proxy' >/dev/null; then
  install() { pip install "$@"; }
else
  sed -n '/^uv==/,/[^\\]$/p' requirements.lock >.venv/uv.lock
  pip install --require-hashes -r .venv/uv.lock
  install() {
    .venv/bin/uv pip install --quiet --python .venv/bin/python "$@" && return
    say "setup: uv could not do it; pip does it now (some minutes)"
    pip install --force-reinstall "$@"
  }
fi
install --require-hashes -r requirements.lock
install --no-deps --no-build-isolation -e .
rm .venv/.unfinished
touch .venv/.ready
say "setup: done"
