// SPDX-License-Identifier: GPL-2.0-or-later
/* Mailbox commands of the link and its lanes. */
#include "app/app.h"
#include "app/handlers.h"
#include "lib/mem.h"

enum mo_mb_status mo_handle_LINK_GET(struct mo_app *app, const struct mo_mb_none *request,
				     struct mo_link_state *response)
{
	(void)request;
	mo_link_publish(app);
	*response = app->link.state;
	response->lanes_ok = mo_link_lanes_ok(app);
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_LINK_CAPS_GET(struct mo_app *app, const struct mo_mb_none *request,
					  struct mo_mb_link_caps *response)
{
	(void)request;
	mo_link_caps_fill(app, response);
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_LINK_SET(struct mo_app *app, const struct mo_mb_link_set *request,
				     struct mo_mb_none *response)
{
	enum mo_mb_status status = mo_link_set(app, request);

	(void)response;
	/* Who has been answered finds what he set. */
	if (status == MO_MB_OK)
		mo_optics_publish(app);
	return status;
}

static void lanes_done(struct mo_app *app, uint32_t arg, enum mo_error error)
{
	struct mo_mb_lanes *out = (struct mo_mb_lanes *)app->mailbox.response.body;

	(void)arg;
	(void)error; /* a module that went away has no monitors, and that is the answer */
	mo_lanes_fill(app, out);
	mo_mailbox_complete(app, MO_MB_OK, out, sizeof(*out));
}

enum mo_mb_status mo_handle_LANES_GET(struct mo_app *app, const struct mo_mb_none *request,
				      struct mo_mb_lanes *response)
{
	(void)request;
	/* Monitors as they are now: the poll, and behind it in the queue the answer. */
	mo_module_poll(app);
	if (mo_module_managed(&app->module) &&
	    mo_cmis_read(app, 0, 0, 0, 1, app->page, lanes_done, 0) == MO_OK)
		return MO_MB_PENDING;
	mo_lanes_fill(app, response);
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_FEC_GET(struct mo_app *app, const struct mo_mb_none *request,
				    struct mo_mb_fec *response)
{
	(void)request;
	mo_fec_fill(app, response);
	return MO_MB_OK;
}
