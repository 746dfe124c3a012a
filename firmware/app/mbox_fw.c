// SPDX-License-Identifier: GPL-2.0-or-later
/* Mailbox commands of the firmware itself: version, flash. */
#include "app/app.h"
#include "app/handlers.h"
#include "lib/mem.h"

enum mo_mb_status mo_handle_VERSION_GET(struct mo_app *app, const struct mo_mb_none *request,
					struct mo_mb_version *response)
{
	const struct mo_fw_hdr *hdr = &app->boot.hdr;

	(void)request;
	response->ver_major = hdr->ver_major;
	response->ver_minor = hdr->ver_minor;
	response->ver_patch = hdr->ver_patch;
	response->key_id = (__u8)hdr->key_id;
	response->abi_major = MO_FW_ABI_MAJOR;
	response->abi_minor = MO_FW_ABI_MINOR;
	response->board = mo_read32(MO_SOC_SYS_BOARD);
	response->security_version = hdr->security_version;
	memcpy(response->build_id, hdr->build_id, sizeof(response->build_id));
	response->source = app->boot.source;
	response->slot = app->boot.slot;
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_FLASH_INFO(struct mo_app *app, const struct mo_mb_none *request,
				       struct mo_mb_flash_info *response)
{
	(void)request;
	mo_update_info(app, response);
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_FLASH_WRITE(struct mo_app *app,
					const struct mo_mb_flash_write *request,
					struct mo_mb_flash_job *response)
{
	enum mo_mb_status status = mo_update_write(app, request->slot);

	mo_update_job(app, response);
	return status;
}

enum mo_mb_status mo_handle_FLASH_SELECT(struct mo_app *app,
					 const struct mo_mb_flash_write *request,
					 struct mo_mb_flash_job *response)
{
	enum mo_mb_status status = mo_update_select(app, request->slot);

	mo_update_job(app, response);
	return status;
}

enum mo_mb_status mo_handle_FLASH_JOB(struct mo_app *app, const struct mo_mb_none *request,
				      struct mo_mb_flash_job *response)
{
	(void)request;
	mo_update_job(app, response);
	return MO_MB_OK;
}
