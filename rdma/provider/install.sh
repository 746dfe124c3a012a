#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
# Put the provider into an rdma-core source tree, where that project's own build
# then makes it beside its others:
#   rdma/provider/install.sh RDMA-CORE
# Files are copied, with the headers that the kernel's driver shares; running it
# again brings them up to date. The one change outside of providers/mesh_optical
# is its line in CMakeLists.txt.
set -eu
tree=$1
source=$(cd "$(dirname "$0")" && pwd)
top=$source/../..
list=$tree/CMakeLists.txt
grep -q '^add_subdirectory(providers/rxe)' "$list" || { echo "$tree is no source tree of rdma-core" >&2; exit 1; }
target=$tree/providers/mesh_optical
rm -rf "$target"
mkdir -p "$target/hw" "$target/uapi"
cp "$source"/*.[ch] "$source/CMakeLists.txt" "$target/"
cp "$top"/driver/hw/*.h "$target/hw/"
cp "$top/rdma/uapi/mo-abi.h" "$target/uapi/"
grep -q '^add_subdirectory(providers/mesh_optical)' "$list" ||
	sed -i 's/^add_subdirectory(providers\/rxe)$/add_subdirectory(providers\/mesh_optical)\n&/' "$list"
