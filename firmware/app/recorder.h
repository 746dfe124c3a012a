/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flight recorder: the last transitions of the state machines. */
#ifndef MO_APP_RECORDER_H
#define MO_APP_RECORDER_H

#include "hw/mbox.h"

#define MO_RECORDER_DEPTH	128

struct mo_recorder {
	uint64_t next_seq;	/* the first record has 1 */
	struct mo_mb_record ring[MO_RECORDER_DEPTH];
};

void mo_recorder_init(struct mo_recorder *recorder);
/* `machine` is MO_RECORD_*; states are those of that machine. */
void mo_recorder_add(struct mo_recorder *recorder, uint64_t time_ns,
		     uint8_t machine, uint8_t from, uint8_t to, uint16_t reason,
		     uint32_t detail);
/* Number of the next record. */
static inline uint64_t mo_recorder_next(const struct mo_recorder *recorder)
{
	return recorder->next_seq;
}
/* As many records from `seq` on as fit, oldest first. */
void mo_recorder_get(const struct mo_recorder *recorder, uint64_t seq,
		     struct mo_mb_records *out);

#endif /* MO_APP_RECORDER_H */
