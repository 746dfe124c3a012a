#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# First program of a guest: stacks the read-only images (vda lowest) under a
# tmpfs and hands over to the guest's init.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in /modules/*; do
	insmod "$module"
done
lower=
for letter in a b c; do
	tries=0
	while [ ! -b /dev/vd$letter ]; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || { echo "testbed: no disk vd$letter"; exec sleep 1000000; }
		sleep 0.02
	done
	mkdir -p /layers/$letter
	mount -t erofs -o ro /dev/vd$letter /layers/$letter
	lower=/layers/$letter${lower:+:$lower}
done
mkdir /layers/top
mount -t tmpfs -o size=75%,mode=755 top /layers/top
mkdir /layers/top/upper /layers/top/work
mount -t overlay -o lowerdir=$lower,upperdir=/layers/top/upper,workdir=/layers/top/work root /root
mount --move /dev /root/dev
umount /proc /sys
exec switch_root /root /usr/lib/mesh-optical-testbed/init
