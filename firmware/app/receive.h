/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the receivers see, as one answer: which lanes fail at which step. */
#ifndef MO_APP_RECEIVE_H
#define MO_APP_RECEIVE_H

#include <stdint.h>

/* Steps of reception, in the order in which they are reached. */
enum mo_receive_step {
	MO_RX_LIGHT,		/* waits for signal */
	MO_RX_LOCK,		/* has signal, waits for clock or adaptation */
	MO_RX_ALIGN,		/* lanes receive, PCS not aligned */
	MO_RX_ERRORS,		/* aligned, but too many errors for the FEC */
	MO_RX_PEER,		/* good, but the partner signals remote fault */
	MO_RX_GOOD,
};

struct mo_receive {
	enum mo_receive_step step;
	uint8_t dark;		/* lanes without signal */
	uint8_t unlocked;	/* lanes without clock */
	uint8_t unadapted;	/* lanes that are not adapted */
	uint8_t failed;		/* lanes whose adaptation failed */
	uint8_t unaligned;	/* lanes without alignment marker lock */
	uint8_t blocks;		/* lanes with block lock */
};

/* `lanes`: those that carry data. */
void mo_receive_look(uint8_t lanes, struct mo_receive *out);

#endif /* MO_APP_RECEIVE_H */
