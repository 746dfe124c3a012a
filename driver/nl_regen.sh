#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# nl_regen.sh KERNEL-SOURCE [DIR]
# Makes DIR/nl_gen.[ch] and DIR/uapi/mesh_optical.h (DIR: this folder) from the
# netlink specification, with the kernel's own generator.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
out=${2:-$here}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# The generator looks for the root of a kernel tree around the specification.
mkdir -p "$tree/Documentation/netlink/specs" "$out/uapi"
touch "$tree/MAINTAINERS"
cp "$kernel"/Documentation/netlink/*.yaml "$tree/Documentation/netlink/"
spec=Documentation/netlink/specs/mesh_optical.yaml
cp "$here/../$spec" "$tree/$spec"

# Groups go into the family, which the generator leaves to nl.c.
gen() { # MODE KIND FILE
	(cd "$tree" && timeout 60 "${PYTHON:-/usr/bin/python3}" \
		"$kernel/tools/net/ynl/pyynl/ynl_gen_c.py" \
		--mode "$1" "--$2" --spec "$spec" -o "$3")
	sed -e 's|<uapi/linux/mesh_optical.h>|"uapi/mesh_optical.h"|' \
		-e '/To regenerate run/d' \
		-e '/^static const struct genl_multicast_group/,/^};/d' \
		"$tree/$3" | cat -s | sed -e '${/^$/d}' >"$out/${4:-$3}"
}

gen uapi header mesh_optical.h uapi/mesh_optical.h
gen kernel header nl_gen.h
gen kernel source nl_gen.c
