// SPDX-License-Identifier: GPL-2.0-or-later
/* Mailbox commands for diagnosis: sensors, flight recorder, log. */
#include "app/app.h"
#include "app/handlers.h"

enum mo_mb_status mo_handle_SENSORS_GET(struct mo_app *app, const struct mo_mb_none *request,
					struct mo_mb_sensors *response)
{
	(void)request;
	mo_sensors_fill(app, response);
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_RECORDER_GET(struct mo_app *app,
					 const struct mo_mb_recorder_get *request,
					 struct mo_mb_records *response)
{
	mo_recorder_get(&app->recorder, request->seq, response);
	return MO_MB_OK;
}

enum mo_mb_status mo_handle_LOG_GET(struct mo_app *app, const struct mo_mb_log_get *request,
				    struct mo_mb_log *response)
{
	mo_logbuf_get(&app->log, request->offset, response);
	return MO_MB_OK;
}
