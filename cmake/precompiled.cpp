// SPDX-License-Identifier: Apache-2.0
// CMake ties precompiled headers to a target, and a target to a file.
