// SPDX-License-Identifier: GPL-2.0-or-later
/* The block in host memory that answers reads of the host without a message. */
#include "app/optics.h"

#include "app/app.h"
#include "drv/mac.h"

void mo_optics_publish(struct mo_app *app)
{
	struct mo_optics *out = mo_mac_optics();

	out->time_ns = app->now_us * 1000;
	mo_lanes_fill(app, &out->lanes);
	mo_fec_fill(app, &out->fec);
	mo_link_caps_fill(app, &out->caps);
	mo_sensors_fill(app, &out->sensors);
	mo_module_fill(app, &out->module);
	out->record_seq = mo_recorder_next(&app->recorder);
	mo_mac_publish_optics();
}
