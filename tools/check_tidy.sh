#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy over the modules without coroutines (all of their files) and over other files that changed since BASE. Clang 14 does not
# parse what GCC 12's library does for coroutines, so files of net, stack, cloud, transform, watch, app and the emulator's listeners that
# reach <coroutine> are left to GCC's warnings and the sanitizers.
#
#   check_tidy.sh [--changed] [BASE]     --changed: only changed files, of the pure modules too. Default BASE: origin/main, else HEAD~1
set -euo pipefail
cd "$(dirname "$0")/.."
clang_tidy=$(command -v clang-tidy-14) || { echo "tidy: clang-tidy-14 is missing; script/bootstrap installs it" >&2; exit 1; }

pure=(base config model core formats tts azure dps amqp hub)
changed_only=no
if [[ ${1:-} == --changed ]]; then changed_only=yes; shift; fi
base=${1:-}
if [[ -z $base ]]; then
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then base=$(git rev-parse --verify --quiet HEAD~1 || git rev-parse HEAD); fi
fi

cmake --preset tidy >/dev/null
files=$(mktemp)
trap 'rm -f "$files"' EXIT
python3 - "$changed_only" "$base" "${pure[@]}" >"$files" <<'PY'
import json, pathlib, re, subprocess, sys
changed_only, base, pure = sys.argv[1] == "yes", sys.argv[2], sys.argv[3:]
root = pathlib.Path.cwd()
changed = set(subprocess.run(["git", "diff", "--name-only", base, "--"], check=True, capture_output=True, text=True).stdout.split())

def reaches_coroutines(path, seen):
    """By the project's own includes, to any depth."""
    if path in seen or not path.exists():
        return False
    seen.add(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    if re.search(r'#\s*include\s*<(coroutine|boost/asio/)', text):
        return True
    return any(reaches_coroutines(folder / name, seen)
               for name in re.findall(r'#\s*include\s*"([^"]+)"', text) for folder in (root / "src", root))

for entry in json.loads((root / "build/tidy/compile_commands.json").read_text()):
    path = pathlib.Path(entry["file"])
    try:
        name = path.relative_to(root).as_posix()
    except ValueError:
        continue
    if name.startswith("build/"):
        continue
    in_pure = any(name.startswith(f"src/{module}/") for module in pure)
    wanted = name in changed or name.removesuffix(".cpp") + ".h" in changed or (in_pure and not changed_only and not name.endswith("_test.cpp"))
    if wanted and (in_pure or not reaches_coroutines(path, set())):
        print(name)
PY
sort -u -o "$files" "$files"
count=$(wc -l <"$files")
started=$SECONDS
# GCC's own warning flags are in the compile commands; clang must not stumble over those that it does not know.
xargs -r -n 1 -P "$(nproc)" "$clang_tidy" -p build/tidy --quiet --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-error <"$files" \
  2> >(grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' >&2 || true)
echo "tidy: clean, $count files in $((SECONDS - started)) s"
