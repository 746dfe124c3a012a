#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kselftests.sh SOURCE TARGET: the kernel's selftests drivers/net and drivers/net/hw, with
# their C helpers and BPF objects compiled, laid out as `make install` of kselftest does.
# SOURCE is what ksource.py has unpacked. Runs in the build root.
set -eu

source=$1
target=$2
tests=$source/tools/testing/selftests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The uAPI of the kernel under test, for programs: what headers_install takes out of it.
mkdir -p "$work/include/linux" "$work/bpf/bpf" "$work/ynl"
cp -a "$source/include/uapi/linux/." "$work/include/linux/"
find "$work/include" -name '*.h' -exec sed -i -E \
	-e '/^#include <linux\/compiler(_types)?\.h>/d' \
	-e 's/\b(__user|__force|__iomem|__attribute_const__)\b//g' \
	-e 's/\b__packed\b/__attribute__((packed))/g' \
	-e 's/^(#(ifndef|define|endif).*)\b_UAPI/\1/' {} +

mkdir -p "$target/drivers" "$target/net/forwarding" "$target/kselftest"
(cd "$tests" && tar -c drivers/net/Makefile drivers/net/*.py drivers/net/lib drivers/net/hw net/lib net/lib.sh kselftest/ktap_helpers.sh \
	net/forwarding/lib.sh net/forwarding/tc_common.sh net/forwarding/ipip_lib.sh) | tar -x -C "$target"
cp -a "$source/tools/net/ynl" "$target/net/lib/ynl"
cp -a "$source/Documentation/netlink/specs" "$target/net/lib/specs"
find "$target" -name '*.[ch]' -delete
: > "$target/kselftest-list.txt" # the suite's mark of an installed copy

compile() { # OUTPUT SOURCE [OPTION...]
	output=$1
	input=$2
	shift 2
	gcc -O2 -g1 -D_GNU_SOURCE= -D__EXPORTED_HEADERS__= -isystem "$work/include" -I "$tests" -o "$target/$output" "$tests/$input" "$@"
}

compile net/lib/csum net/lib/csum.c
compile net/lib/gro net/lib/gro.c
compile net/lib/xdp_helper net/lib/xdp_helper.c
compile drivers/net/napi_id_helper drivers/net/napi_id_helper.c
compile drivers/net/so_txtime drivers/net/so_txtime.c

# Netlink clients in C, generated from the kernel's descriptions. The generator would hold
# these against their schema, with a module that the build root does not have.
mkdir "$work/python"
echo 'def validate(*_): pass' > "$work/python/jsonschema.py"
for family in ethtool netdev psp; do
	options=
	[ "$family" != ethtool ] || options="--user-header linux/ethtool_netlink.h --exclude-op stats-get"
	for part in header source; do
		suffix=c
		[ "$part" != header ] || suffix=h
		# shellcheck disable=SC2086 # options are words
		PYTHONPATH=$work/python python3 "$source/tools/net/ynl/pyynl/ynl_gen_c.py" --mode user --$part \
			--spec "$source/Documentation/netlink/specs/$family.yaml" -o "$work/ynl/$family-user.$suffix" $options
	done
done
ynl() { # OUTPUT SOURCE FAMILY...
	output=$1
	input=$2
	shift 2
	sources=$source/tools/net/ynl/lib/ynl.c
	for family; do
		sources="$sources $work/ynl/$family-user.c"
	done
	# shellcheck disable=SC2086 # sources are words
	compile "$output" "$input" $sources -I "$source/tools/net/ynl/lib" -I "$work/ynl" -include linux/netlink.h
}
ynl drivers/net/psp_responder drivers/net/psp_responder.c psp
ynl drivers/net/hw/toeplitz drivers/net/hw/toeplitz.c ethtool
ynl drivers/net/hw/ncdevmem drivers/net/hw/ncdevmem.c netdev ethtool

# BPF objects.
cp "$source/tools/lib/bpf/bpf_helpers.h" "$source/tools/lib/bpf/bpf_endian.h" "$work/bpf/bpf/"
python3 "$source/scripts/bpf_doc.py" --header --file "$source/tools/include/uapi/linux/bpf.h" > "$work/bpf/bpf/bpf_helper_defs.h"
for object in net/lib/xdp_dummy net/lib/xdp_metadata net/lib/xdp_native drivers/net/hw/nk_forward \
	drivers/net/hw/nk_primary_rx_redirect; do
	clang-19 -O2 -g --target=bpf -D__EXPORTED_HEADERS__= -I "$work/bpf" -isystem "$work/include" -idirafter /usr/include/x86_64-linux-gnu \
		-c "$tests/$object.bpf.c" -o "$target/$object.bpf.o"
done
