#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each header that a module lists compiles on its own (CMake's VERIFY_INTERFACE_HEADER_SETS). Usage: check_headers.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
cmake --build "$build" --target all_verify_interface_header_sets -- --quiet
echo "headers: clean"
