#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# probe.sh OUT FILE... -- COMPILER FLAGS...
# Writes a header that defines MO_HAVE_<NAME> for each FILE (<name>.c) that the
# kernel's own compiler and flags accept.
set -eu

out=$1
shift
files=
while [ "$1" != -- ]; do
	files="$files $1"
	shift
done
shift

{
	echo "/* SPDX-License-Identifier: GPL-2.0 */"
	echo "/* Made by driver/compat/probe.sh from the kernel's headers. */"
	for file in $files; do
		name=$(basename "$file" .c | tr '[:lower:]' '[:upper:]')
		if "$@" -Werror=implicit-function-declaration \
			-Werror=incompatible-pointer-types -Werror=int-conversion \
			-fsyntax-only "$file" 2>/dev/null; then
			echo "#define MO_HAVE_$name 1"
		fi
	done
} >"$out.tmp"
# A kernel whose headers do not even parse would look like one without features.
echo '#include <net/devlink.h>' >"$out.c"
"$@" -fsyntax-only "$out.c"
rm -f "$out.c"
mv "$out.tmp" "$out"
