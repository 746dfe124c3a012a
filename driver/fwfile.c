// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware files: takes a PLDM package apart and checks what can be checked
 * before the device sees it. The signature is the boot ROM's business.
 */
#include <linux/firmware.h>
#include <linux/pldmfw.h>

#include "mo.h"
#include "fw.h"
#include "status.h"

struct mo_fwfile_ctx {
	struct pldmfw pldm;
	struct mo_fw_image *img;
};

static int mo_fwfile_package_data(struct pldmfw *pldm, const u8 *data, u16 length)
{
	return 0;
}

static int mo_fwfile_component_table(struct pldmfw *pldm, struct pldmfw_component *comp,
				     u8 transfer_flag)
{
	return 0;
}

static int mo_fwfile_component(struct pldmfw *pldm, struct pldmfw_component *comp)
{
	struct mo_fwfile_ctx *ctx = container_of(pldm, struct mo_fwfile_ctx, pldm);

	if (comp->identifier == MO_FW_COMP_CONTROL) {
		ctx->img->data = comp->component_data;
		ctx->img->len = comp->component_size;
	}
	return 0;
}

static const struct pldmfw_ops mo_fwfile_ops = {
	.match_record = pldmfw_op_pci_match_record,
	.send_package_data = mo_fwfile_package_data,
	.send_component_table = mo_fwfile_component_table,
	.flash_component = mo_fwfile_component,
};

/* What pldmfw's errors mean to somebody who has a file in hand. */
static const char *mo_fwfile_pldm_text(int err)
{
	switch (err) {
	case -EFAULT:
	case -ENODATA:
		return "file is truncated";
	case -EBADMSG:
		return "checksum of the package is wrong, file is damaged";
	case -EINVAL:
		return "not a PLDM firmware package, or a damaged one";
	case -ENOENT:
		return "package has no image for this device";
	case -EOPNOTSUPP:
		return "package is of another PLDM revision";
	default:
		return "package cannot be read";
	}
}

/* The signed header in front of the component, as the ROM would see it. */
static const char *mo_fwfile_check(struct mo_dev *md, const struct mo_fw_image *img)
{
	const struct mo_fw_hdr *hdr;
	u32 image_len;

	if (!img->data)
		return "package has no management firmware";
	if (img->len < sizeof(*hdr))
		return "image is truncated";
	hdr = (const struct mo_fw_hdr *)img->data;
	if (le32_to_cpu(hdr->magic) != MO_FW_MAGIC)
		return mo_fw_error_text(MO_FW_ERR_MAGIC);
	if (le16_to_cpu(hdr->hdr_version) != MO_FW_HDR_VERSION ||
	    le16_to_cpu(hdr->hdr_len) != MO_FW_HDR_LEN)
		return mo_fw_error_text(MO_FW_ERR_HDR_VERSION);
	if (le16_to_cpu(hdr->component) != MO_FW_COMP_CONTROL)
		return mo_fw_error_text(MO_FW_ERR_COMPONENT);
	image_len = le32_to_cpu(hdr->image_len);
	if (image_len > MO_FW_IMAGE_MAX)
		return mo_fw_error_text(MO_FW_ERR_LAYOUT);
	if (image_len > img->len - sizeof(*hdr))
		return mo_fw_error_text(MO_FW_ERR_TRUNCATED);
	if (md->id.board >= 32 || !(le32_to_cpu(hdr->board_mask) & MO_BIT(md->id.board)))
		return mo_fw_error_text(MO_FW_ERR_BOARD);
	if (le16_to_cpu(hdr->if_major) != md->if_version >> 16 ||
	    le16_to_cpu(hdr->if_minor) > (md->if_version & 0xffff))
		return mo_fw_error_text(MO_FW_ERR_IF_VERSION);
	return NULL;
}

/**
 * mo_fwfile_parse() - find this device's image in a package
 * @md: device
 * @fw: file
 * @img: gets the image; it points into @fw
 *
 * Return: NULL, or what is wrong with the file.
 */
const char *mo_fwfile_parse(struct mo_dev *md, const struct firmware *fw,
			    struct mo_fw_image *img)
{
	struct mo_fwfile_ctx ctx = {
		.pldm.ops = &mo_fwfile_ops,
		.pldm.dev = md->dev,
		.img = img,
	};
	const struct mo_fw_hdr *hdr;
	const char *text;
	int err;

	memset(img, 0, sizeof(*img));
	err = pldmfw_flash_image(&ctx.pldm, fw);
	if (err)
		return mo_fwfile_pldm_text(err);
	text = mo_fwfile_check(md, img);
	if (text)
		return text;

	hdr = (const struct mo_fw_hdr *)img->data;
	img->len = sizeof(*hdr) + le32_to_cpu(hdr->image_len);
	img->version = MO_FW_VERSION(hdr->ver_major, hdr->ver_minor, hdr->ver_patch);
	memcpy(img->build_id, hdr->build_id, sizeof(img->build_id));
	img->abi_major = le16_to_cpu(hdr->abi_major);
	img->abi_minor = le16_to_cpu(hdr->abi_minor);
	return NULL;
}
