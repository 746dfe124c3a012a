#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the build root: install everything that was built below one folder, as
# `make install` gives it to a user.
#   stage.sh FOLDER
set -eu
stage=$1
source=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$source"
new=$stage.new
rm -rf "$new"
mkdir -p "$new"
for name in stable backports; do
	version=$(selftests/buildroot --kernel "$name")
	modules=$source/build/modules/$version
	make --no-print-directory -s -C "/usr/src/linux-headers-$version" M="$modules" DEPMOD=true CONFIG_MODULE_SIG_ALL= \
		INSTALL_MOD_PATH="$source/$new/usr" INSTALL_MOD_DIR=updates INSTALL_MOD_STRIP=1 modules_install >/dev/null
done
DESTDIR=$source/$new cmake --install build/userspace >/dev/null
install -d "$new/usr/lib/x86_64-linux-gnu/libibverbs" "$new/etc/libibverbs.d"
install -m 644 --strip build/provider/libmesh_optical-rdmav*.so "$new/usr/lib/x86_64-linux-gnu/libibverbs/"
echo "driver mesh_optical" >"$new/etc/libibverbs.d/mesh_optical.driver"
if [ -d firmware/blobs ]; then
	mkdir -p "$new/usr/lib/firmware/mesh_optical"
	for blob in firmware/blobs/*.pldm; do
		[ ! -f "$blob" ] || install -m 644 "$blob" "$new/usr/lib/firmware/mesh_optical/"
	done
fi
for page in Documentation/man/*.[1-9]; do
	[ ! -f "$page" ] || install -D -m 644 "$page" "$new/usr/share/man/man${page##*.}/${page##*/}"
done
# Unchanged content keeps its times: whoever depends on it sees no change.
mkdir -p "$stage"
rsync --recursive --links --perms --checksum --delete "$new/" "$stage/"
rm -rf "$new"
