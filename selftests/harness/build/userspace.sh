#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the build root: compile ofemu and ofctl (with -DBUILD_TESTING=ON their tests).
#   userspace.sh JOBS [BUILD-FOLDER [cmake arguments]]
set -eu
jobs=$1 target=${2:-build/userspace}
[ $# -lt 2 ] || shift
shift
cd "$(dirname "$0")/../../.."
[ -f "$target/build.ninja" ] || cmake -S userspace -B "$target" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF "$@" >/dev/null
exec ninja --quiet -C "$target" -j"$jobs"
