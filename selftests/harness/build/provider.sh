#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the build root: compile the RDMA provider, its unit tests and the programs of the guests' tests.
#   provider.sh RDMA-CORE JOBS
# RDMA-CORE is that project's source: Debian's libibverbs-dev lacks the headers
# that a provider needs. What they would find after rdma-core's own cmake run is
# laid out in build/provider/include; the library that is linked to is Debian's.
set -eu
rdma_core=$1 jobs=$2
cd "$(dirname "$0")/../../.."
target=build/provider
include=$target/include
pabi=$(sed -n 's/^set(IBVERBS_PABI_VERSION "\(.*\)")$/\1/p' "$rdma_core/CMakeLists.txt")
[ -n "$pabi" ] || { echo "$rdma_core: no IBVERBS_PABI_VERSION in CMakeLists.txt" >&2; exit 1; }
mkdir -p "$include/kernel-abi" "$target/obj" "$target/test" "$target/data" "$target/abuse"
for pair in infiniband=libibverbs rdma=kernel-headers/rdma util=util ccan=ccan; do
	ln -sfn "$rdma_core/${pair#*=}" "$include/${pair%%=*}"
done
python3 "$rdma_core/buildlib/make_abi_structs.py" "$rdma_core/kernel-headers/rdma/ib_user_verbs.h" \
	"$include/kernel-abi/ib_user_verbs.h"
cat >"$include/config.h.new" <<EOF
#define HAVE_STATEMENT_EXPR 1
#define HAVE_BUILTIN_TYPES_COMPATIBLE_P 1
#define HAVE_TYPEOF 1
#define HAVE_ISBLANK 1
#define HAVE_BUILTIN_CLZ 1
#define HAVE_BUILTIN_CLZL 1
#define SIZEOF_LONG $(getconf LONG_BIT | awk '{ print $1 / 8 }')
#define IBVERBS_PABI_VERSION $pabi
EOF
cmp -s "$include/config.h.new" "$include/config.h" || mv "$include/config.h.new" "$include/config.h"
rm -f "$include/config.h.new"
exec make --no-print-directory -s -j"$jobs" -f rdma/provider/tests/Makefile O="$target" \
	MAP="$rdma_core/buildlib/provider.map" PABI="$pabi"
