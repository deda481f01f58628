#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Speaks transform/transform_protocol.h as far as `ready`, and then never again.
printf '\000\000\000\000r'
exec /bin/sleep 1000
