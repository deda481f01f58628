#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every C++ file in git is formatted as .clang-format says. `--fix` formats instead of checking.
set -euo pipefail
cd "$(dirname "$0")/.."
clang_format=$(command -v clang-format-14) || { echo "format: clang-format-14 is missing; script/bootstrap installs it" >&2; exit 1; }
mode=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && mode=(-i)
git ls-files -z -- '*.h' '*.cpp' | xargs -0 -r -n 20 -P 2 "$clang_format" "${mode[@]}"
echo "format: clean"
