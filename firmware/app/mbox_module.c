// SPDX-License-Identifier: GPL-2.0-or-later
/* Mailbox commands of the module. */
#include "app/app.h"
#include "app/handlers.h"
#include "hw/cmis.h"
#include "lib/mem.h"

enum mo_mb_status mo_handle_MODULE_GET(struct mo_app *app, const struct mo_mb_none *request,
				       struct mo_mb_module *response)
{
	(void)request;
	mo_module_fill(app, response);
	return MO_MB_OK;
}

static enum mo_mb_status check(const struct mo_app *app, const struct mo_mb_page *at)
{
	uint32_t end = (uint32_t)at->offset + at->len;

	if (at->len == 0 || at->len > MO_MB_PAGE_MAX || end > 256 ||
	    (at->offset < MO_CMIS_PAGE_LEN && (end > MO_CMIS_PAGE_LEN || at->page || at->bank)))
		return MO_MB_ERR_PARAM;
	switch (app->module.fsm) {
	case MO_MODULE_ABSENT:
		return MO_MB_ERR_NO_MODULE;
	case MO_MODULE_IO_ERROR:
		return MO_MB_ERR_MODULE_IO;
	case MO_MODULE_RESET:
	case MO_MODULE_WAIT_MGMT:
	case MO_MODULE_IDENTIFY:
		return MO_MB_ERR_BUSY;
	default:
		return MO_MB_OK;
	}
}

/*
 * Latched flags clear when they are read, and the firmware reads them all the
 * time: the host gets those that were seen since it last looked.
 */
static void give_flags(uint8_t *data, const struct mo_mb_page *at, uint8_t *flags,
		       uint32_t first, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t address = first + i;

		if (address < at->offset || address >= (uint32_t)at->offset + at->len)
			continue;
		data[address - at->offset] |= flags[i];
		flags[i] = 0;
	}
}

static void answer(struct mo_app *app, const struct mo_mb_page *at)
{
	struct mo_mb_page_data *out = (struct mo_mb_page_data *)app->mailbox.response.body;
	struct mo_module *module = &app->module;

	out->at = *at;
	memcpy(out->data, app->page, at->len);
	if (at->offset < MO_CMIS_PAGE_LEN)
		give_flags(out->data, at, module->module_flags, MO_CMIS_LOW_FLAGS,
			   sizeof(module->module_flags));
	else if (at->page == MO_CMIS_PAGE_11)
		give_flags(out->data, at, module->lane_flags, MO_CMIS_11_LANE_FLAGS,
			   sizeof(module->lane_flags));
	mo_mailbox_complete(app, MO_MB_OK, out, sizeof(*out));
}

static void read_done(struct mo_app *app, uint32_t last, enum mo_error error)
{
	const struct mo_mb_page *at = (const struct mo_mb_page *)app->mailbox.request.body;

	if (!app->mailbox.pending)
		return; /* the first of two failed and was answered */
	if (error != MO_OK) {
		mo_mailbox_complete(app, error == MO_ERR_STATE ? MO_MB_ERR_NO_MODULE :
								 MO_MB_ERR_MODULE_IO, NULL, 0);
		return;
	}
	if (!last)
		return;
	/* A module that lacks the page selects page 0 instead. */
	if (at->offset >= MO_CMIS_PAGE_LEN &&
	    (app->page_check[0] != at->bank || app->page_check[1] != at->page)) {
		app->cmis.page_known = false;
		mo_mailbox_complete(app, MO_MB_ERR_PAGE, NULL, 0);
		return;
	}
	answer(app, at);
}

enum mo_mb_status mo_handle_MODULE_READ(struct mo_app *app, const struct mo_mb_page *request,
					struct mo_mb_page_data *response)
{
	enum mo_mb_status status = check(app, request);

	if (status != MO_MB_OK)
		return status;
	if (request->offset >= MO_CMIS_PAGE_LEN && request->bank == 0 &&
	    request->page < MO_MODULE_STATIC_PAGES) {
		response->at = *request;
		memcpy(response->data,
		       &app->module.pages[request->page][request->offset - MO_CMIS_PAGE_LEN],
		       request->len);
		return MO_MB_OK;
	}
	/* Both in the queue or none: two places are needed. */
	if (app->cmis.count + 2 > MO_CMIS_QUEUE)
		return MO_MB_ERR_BUSY;
	if (mo_cmis_read(app, request->bank, request->page, request->offset, request->len,
			 app->page, read_done, 0) != MO_OK ||
	    mo_cmis_read(app, 0, 0, MO_CMIS_LOW_BANK, 2, app->page_check, read_done, 1) != MO_OK)
		return MO_MB_ERR_BUSY;
	return MO_MB_PENDING;
}

enum mo_mb_status mo_handle_MODULE_SET(struct mo_app *app,
				       const struct mo_mb_module_set *request,
				       struct mo_mb_none *response)
{
	(void)response;
	if (request->mask & ~(MO_MODULE_SET_POWER | MO_MODULE_SET_RESET))
		return MO_MB_ERR_PARAM;
	if ((request->mask & MO_MODULE_SET_POWER) &&
	    request->power_policy != MO_MODULE_POWER_HIGH &&
	    request->power_policy != MO_MODULE_POWER_AUTO)
		return MO_MB_ERR_PARAM;
	if ((request->mask & MO_MODULE_SET_RESET) && app->module.fsm == MO_MODULE_ABSENT)
		return MO_MB_ERR_NO_MODULE;
	if (request->mask & MO_MODULE_SET_POWER) {
		app->module.policy = request->power_policy;
		mo_module_event(app, MO_MODULE_EV_POWER);
	}
	if (request->mask & MO_MODULE_SET_RESET)
		mo_module_event(app, MO_MODULE_EV_RESET);
	mo_optics_publish(app);
	return MO_MB_OK;
}
