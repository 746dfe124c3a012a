/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC gate and link publication (MAC block). */
#ifndef MO_DRV_MAC_H
#define MO_DRV_MAC_H

#include "hw/link.h"
#include "hw/mbox.h"
#include "lib/error.h"
#include "lib/io.h"

/* Lets frames pass in both directions at `mbps`. */
MO_MUST_USE enum mo_error mo_mac_open(uint32_t mbps);
/* Stops them, at once. */
void mo_mac_close(void);
/* Sends `state` to the host and raises MO_EVENT_LINK. */
void mo_mac_publish(const struct mo_link_state *state);
/* The block that mo_mac_publish_optics() sends; it keeps what was written there. */
struct mo_optics *mo_mac_optics(void);
/* Sends the block to the host's memory. */
void mo_mac_publish_optics(void);

#endif /* MO_DRV_MAC_H */
