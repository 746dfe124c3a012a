# SPDX-License-Identifier: GPL-2.0-or-later
# Version of the firmware. The security version is raised when older images must never run again:
# a device whose fuse (SYS_SECURITY_VERSION) was raised refuses them.
FW_VERSION := 0.3.0
FW_SECURITY_VERSION := 1
# Boards, bit per MO_BOARD_*: DEVKIT_800G, LAB_400G
FW_BOARDS := 0x3
