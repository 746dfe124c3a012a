/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Area OPTICS (struct mo_optics): published each period and when something changed. */
#ifndef MO_APP_OPTICS_H
#define MO_APP_OPTICS_H

struct mo_app;

void mo_optics_publish(struct mo_app *app);

#endif /* MO_APP_OPTICS_H */
