#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the build root: compile both kernel modules for one of Debian's kernels.
#   modules.sh stable|backports JOBS [MO_OUT=FOLDER] [make arguments]
# kbuild writes beside its sources, so it works on a copy in build/modules/VERSION.
set -eu
name=$1 jobs=$2
shift 2
source=$(cd "$(dirname "$0")/../../.." && pwd)
version=$("$source/selftests/buildroot" --kernel "$name")
target=$source/build/modules/$version
for argument; do
	case $argument in
	MO_OUT=*) target=$source/build/${argument#*=} ;;
	esac
done
mkdir -p "$target"
rsync --archive --delete --prune-empty-dirs \
	--exclude='*.mod.c' --exclude='compat*_gen.h' \
	--include='*/' --include='*.[chS]' --include='*.sh' --include='Kbuild' --include='Makefile' --exclude='*' \
	"$source/Kbuild" "$source/driver" $([ -d "$source/rdma" ] && echo "$source/rdma") "$target/"
exec make --no-print-directory -s -j"$jobs" -C "/usr/src/linux-headers-$version" M="$target" "$@" modules
