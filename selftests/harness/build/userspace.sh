#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the build root: compile ofemu and ofctl; in a BUILD-FOLDER of its own, their
# tests too.
#   userspace.sh JOBS [BUILD-FOLDER [cmake arguments]]
set -eu
jobs=$1 target=${2:-build/userspace}
programs=
[ $# -ge 2 ] || programs='ofemu ofctl'
[ $# -lt 2 ] || shift
shift
cd "$(dirname "$0")/../../.."
[ -f "$target/build.ninja" ] || cmake -S userspace -B "$target" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr "$@" >/dev/null
exec ninja --quiet -C "$target" -j"$jobs" $programs
