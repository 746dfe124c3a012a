/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Firmware images: the signed header in front of every component.
 *
 * The file is a PLDM firmware package, revision 1 (DMTF DSP0267), whose
 * components each start with struct mo_fw_hdr, followed by image_len bytes.
 * The boot ROM trusts nothing but what it verified itself: the header by its
 * Ed25519 signature, the image by the SHA-512 in the header.
 */
#ifndef MO_HW_FWIMG_H
#define MO_HW_FWIMG_H

#include "types.h"

#define MO_FW_MAGIC		0x57464f4d	/* "MOFW", little endian */
#define MO_FW_HDR_VERSION	1
#define MO_FW_HDR_LEN		256
#define MO_FW_SIGNED_LEN	192	/* the signature covers bytes 0..191 */
#define MO_FW_IMAGE_MAX		(192 * 1024)

/* Components of a package; the PLDM component identifier has the same value. */
#define MO_FW_COMP_CONTROL	0x0001	/* management core firmware */

/* key_id: which of the ROM's root keys signed. */
#define MO_FW_KEY_PRODUCTION	1
#define MO_FW_KEY_DEVELOPMENT	2

/**
 * struct mo_fw_hdr - signed header of a firmware component
 * @magic: MO_FW_MAGIC
 * @hdr_version: MO_FW_HDR_VERSION
 * @hdr_len: MO_FW_HDR_LEN
 * @component: MO_FW_COMP_*
 * @key_id: MO_FW_KEY_*
 * @ver_major: semantic version of the firmware
 * @ver_minor: see @ver_major
 * @ver_patch: see @ver_major
 * @rsvd0: zero
 * @abi_major: MO_FW_ABI_MAJOR that the image speaks
 * @abi_minor: MO_FW_ABI_MINOR that the image speaks
 * @if_major: MO_IF_MAJOR that the image needs from the device
 * @if_minor: least MO_IF_MINOR that the image needs from the device
 * @security_version: refused when lower than the device's fuse value
 * @board_mask: bit per MO_BOARD_* on which the image may run
 * @image_len: bytes after the header, a multiple of 4
 * @load_addr: where the ROM copies the image (management core address)
 * @entry: first instruction (management core address)
 * @rsvd1: zero
 * @build_id: first 20 bytes of the SHA-512 of the sources and tools
 * @rsvd2: zero
 * @sha512: hash of the image
 * @signature: Ed25519 over bytes 0..MO_FW_SIGNED_LEN-1
 */
struct mo_fw_hdr {
	__le32 magic;
	__le16 hdr_version;
	__le16 hdr_len;
	__le16 component;
	__le16 key_id;
	__u8 ver_major;
	__u8 ver_minor;
	__u8 ver_patch;
	__u8 rsvd0;
	__le16 abi_major;
	__le16 abi_minor;
	__le16 if_major;
	__le16 if_minor;
	__le32 security_version;
	__le32 board_mask;
	__le32 image_len;
	__le32 load_addr;
	__le32 entry;
	__le32 rsvd1;
	__u8 build_id[20];
	__u8 rsvd2[60];
	__u8 sha512[64];
	__u8 signature[64];
};

MO_ASSERT_SIZE(mo_fw_hdr, MO_FW_HDR_LEN);
MO_ASSERT(MO_OFFSETOF(mo_fw_hdr, sha512) == 128, "mo_fw_hdr.sha512");
MO_ASSERT(MO_OFFSETOF(mo_fw_hdr, signature) == MO_FW_SIGNED_LEN,
	  "mo_fw_hdr.signature");

/*
 * State of the management core, as the MGMT_STATE register and the event
 * MO_EVENT_MGMT report it: X(NAME, value, text).
 */
#define MO_MGMT_STATES(X) \
	X(RESET, 0, "held in reset") \
	X(ROM, 1, "boot ROM waits for an image") \
	X(VERIFY, 2, "boot ROM verifies an image") \
	X(BOOT, 3, "firmware starts") \
	X(RUNNING, 4, "firmware runs") \
	X(REJECTED, 5, "boot ROM refused the image") \
	X(CRASHED, 6, "firmware crashed or its watchdog expired")

enum mo_mgmt_state {
#define X(name, value, text) MO_MGMT_##name = (value),
	MO_MGMT_STATES(X)
#undef X
};

/*
 * Why the boot ROM refused an image, or why the core crashed
 * (MGMT_ERROR register): X(NAME, value, text). Append only.
 */
#define MO_FW_ERRORS(X) \
	X(NONE, 0, "no error") \
	X(EMPTY, 1, "no image in this place") \
	X(TRUNCATED, 2, "image is truncated") \
	X(MAGIC, 3, "not a firmware image (bad magic)") \
	X(HDR_VERSION, 4, "header version is not supported") \
	X(COMPONENT, 5, "component is not management firmware") \
	X(BOARD, 6, "image is for another board") \
	X(IF_VERSION, 7, "image needs another hardware interface") \
	X(KEY, 8, "signing key is unknown or disabled on this device") \
	X(SIGNATURE, 9, "signature does not verify") \
	X(HASH, 10, "image does not match its signed hash") \
	X(SECURITY_VERSION, 11, "security version is older than the device allows") \
	X(LAYOUT, 12, "load address, entry or length is out of range") \
	X(WATCHDOG, 32, "watchdog expired") \
	X(TRAP, 33, "unexpected trap") \
	X(PANIC, 34, "firmware stopped itself") \
	X(INJECTED, 35, "crash was injected")

enum mo_fw_error {
#define X(name, value, text) MO_FW_ERR_##name = (value),
	MO_FW_ERRORS(X)
#undef X
};

#endif /* MO_HW_FWIMG_H */
