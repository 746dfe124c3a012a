/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the link's actions do to SerDes, lasers, PCS and MAC. */
#ifndef MO_APP_BRINGUP_H
#define MO_APP_BRINGUP_H

#include <stdbool.h>

#include "hw/link.h"

struct mo_app;

/* Everything off, dark. Counts a loss when the link was up. */
void mo_bringup_stop(struct mo_app *app);
/* SerDes, PCS and data path of the chosen mode; lasers may emit. */
void mo_bringup_start(struct mo_app *app);
void mo_bringup_adapt(struct mo_app *app);
/* Whether the partner is told to wait. */
void mo_bringup_hold(struct mo_app *app, bool hold);
/* Frames pass. */
void mo_bringup_up(struct mo_app *app);
/* Frames stop; `reason` is that of the loss when they passed. */
void mo_bringup_down(struct mo_app *app, enum mo_link_reason reason);
/* Lanes whose laser does not emit although it should. */
uint8_t mo_bringup_tx_faults(const struct mo_app *app);

#endif /* MO_APP_BRINGUP_H */
