/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Identities and version numbers of the hardware interface.
 */
#ifndef MO_HW_IDS_H
#define MO_HW_IDS_H

#include "types.h"

/*
 * Placeholder: no vendor id has been assigned by the PCI-SIG. This one stands
 * in no list that we know of; replace it here, and nowhere else, once assigned.
 */
#define MO_PCI_VENDOR_ID	0x4d4f
#define MO_PCI_DEVICE_ID	0x0810
#define MO_PCI_SUBSYS_DEVKIT	0x0001
#define MO_PCI_REVISION		0x01
#define MO_PCI_CLASS		0x020000	/* Ethernet controller */

#define MO_MAGIC		0x4853454d	/* "MESH", little endian */

/*
 * Version of everything in this folder that the host sees. Another major:
 * the driver refuses the device. A newer minor of the device: the driver
 * works and uses what it knows. Raise the minor when something is added that
 * an old driver may ignore, the major when anything changes its meaning.
 */
#define MO_IF_MAJOR		1
#define MO_IF_MINOR		0

/*
 * Version of the mailbox protocol between host and management firmware
 * (mbox.h). Another major: the driver refuses the firmware and says which one
 * it needs; a newer minor: it warns and goes on. The major is also part of
 * the firmware's file name.
 */
#define MO_FW_ABI_MAJOR		2
#define MO_FW_ABI_MINOR		0

#define MO_FW_FILE		"mesh_optical/mo-fw-2.pldm"

/* Boards, as bits of mo_fw_hdr.board_mask and as value of the BOARD register. */
#define MO_BOARD_DEVKIT_800G	0	/* one 800G-DR8 port, 8 lanes */
#define MO_BOARD_LAB_400G	1	/* one 400G-DR4 port, 4 lanes */

#define MO_MAX_PORTS		4
#define MO_MAX_LANES		8
/*
 * A port's lanes may be divided into planes: each a link of its own, with lanes,
 * FEC, MAC and fibre, over which the port spreads its traffic. Whatever is about a
 * port carries the number of a plane, 0 for the first; no device has more than that
 * one yet.
 */
#define MO_MAX_PLANES		8

#endif /* MO_HW_IDS_H */
