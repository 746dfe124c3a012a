# SPDX-License-Identifier: GPL-2.0-or-later
# Part of making the build root: headers of both Debian kernels in the root, the
# kernels themselves unpacked beside it. Sourced with the root as $1 and $APT set.
#
# KERNELS/stable, KERNELS/backports: the version as `uname -r` says it.
# KERNELS/<version>/: the unpacked packages (vmlinuz, modules, System.map, config).
suite=$2
kernels=$(dirname "$1")/kernels
mkdir -p "$kernels"

add_kernel() { # NAME PACKAGE-WITH-SUITE
	headers=$($APT --no-install-recommends -s install "$2" |
		sed -n 's/^Inst \(linux-headers-[0-9][^ ]*-amd64\) .*/\1/p' | head -n1)
	version=${headers#linux-headers-}
	[ -n "$version" ] || { echo "no kernel headers behind $2" >&2; exit 1; }
	$APT install "$headers"
	echo "$version" >"$kernels/$1"
	mkdir -p "$kernels/$version" "$kernels/debs"
	for part in image binary modules base; do
		(cd "$kernels/debs" && env APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" \
			apt-get -q -oAPT::Sandbox::User=root download "linux-$part-$version") ||
			[ "$part" != image ] || exit 1
	done
	for deb in "$kernels"/debs/*.deb; do
		dpkg-deb -x "$deb" "$kernels/$version"
	done
	rm -rf "$kernels/debs"
}

add_kernel stable linux-headers-amd64
add_kernel backports "linux-headers-amd64/$suite"
