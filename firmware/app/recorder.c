// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/recorder.h"

#include "lib/mem.h"

MO_ASSERT(MO_RECORDER_DEPTH >= MO_RECORDS_MAX, "an answer holds no more than the ring");

void mo_recorder_init(struct mo_recorder *recorder)
{
	memset(recorder, 0, sizeof(*recorder));
	recorder->next_seq = 1;
}

void mo_recorder_add(struct mo_recorder *recorder, uint64_t time_ns,
		     uint8_t machine, uint8_t from, uint8_t to, uint16_t reason,
		     uint32_t detail)
{
	struct mo_mb_record *record =
		&recorder->ring[recorder->next_seq % MO_RECORDER_DEPTH];

	memset(record, 0, sizeof(*record));
	record->seq = recorder->next_seq++;
	record->time_ns = time_ns;
	record->machine = machine;
	record->from = from;
	record->to = to;
	record->reason = reason;
	record->detail = detail;
}

void mo_recorder_get(const struct mo_recorder *recorder, uint64_t seq,
		     struct mo_mb_records *out)
{
	uint64_t oldest = recorder->next_seq > MO_RECORDER_DEPTH ?
			  recorder->next_seq - MO_RECORDER_DEPTH : 1;
	uint32_t count = 0;

	memset(out, 0, sizeof(*out));
	if (seq < oldest)
		seq = oldest;
	while (seq < recorder->next_seq && count < MO_RECORDS_MAX)
		out->record[count++] = recorder->ring[seq++ % MO_RECORDER_DEPTH];
	out->count = count;
	out->next_seq = seq < recorder->next_seq ? seq : recorder->next_seq;
}
