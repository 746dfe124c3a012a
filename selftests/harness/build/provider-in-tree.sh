#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the build root: the provider as a part of rdma-core, built by that
# project's cmake in a copy of its source, without warnings of its own.
#   provider-in-tree.sh RDMA-CORE JOBS
set -eu
rdma_core=$1 jobs=$2
cd "$(dirname "$0")/../../.."
tree=build/$(basename "$rdma_core")
mkdir -p "$tree"
rsync --archive --delete --exclude=/build --exclude=/providers/mesh_optical --exclude=/CMakeLists.txt "$rdma_core/" "$tree/"
[ -f "$tree/CMakeLists.txt" ] || cp "$rdma_core/CMakeLists.txt" "$tree/"
rdma/provider/install.sh "$tree"
[ -f "$tree/build/build.ninja" ] ||
	cmake -S "$tree" -B "$tree/build" -G Ninja -Wno-dev -DNO_PYVERBS=1 -DNO_MAN_PAGES=1 -DENABLE_WERROR=1 \
		-DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_SYSCONFDIR=/etc >/dev/null
pabi=$(sed -n 's/^set(IBVERBS_PABI_VERSION "\(.*\)")$/\1/p' "$tree/CMakeLists.txt")
ninja --quiet -C "$tree/build" -j"$jobs" "lib/libmesh_optical-rdmav$pabi.so"
# What it exports and needs is what the build outside of the tree has.
for file in "$tree/build/lib/libmesh_optical-rdmav$pabi.so" "build/provider/libmesh_optical-rdmav$pabi.so"; do
	nm -D --undefined-only "$file" | awk '/IBVERBS/ { print $2 }' | sort >"$tree/symbols.$(basename "$(dirname "$file")")"
done
cmp "$tree/symbols.lib" "$tree/symbols.provider"
grep -qx 'driver mesh_optical' "$tree/build/providers/mesh_optical/mesh_optical.driver"
