// SPDX-License-Identifier: GPL-2.0
/*
 * A copy of the firmware's flight recorder. Anybody may read it as often as he
 * likes; the firmware is asked only for records that it says are new.
 */
#include "mo.h"
#include "optics.h"

#define MO_RECORDER_LEN		128	/* as many as the firmware keeps */

int mo_recorder_init(struct mo_dev *md)
{
	struct mo_recorder *rec = &md->recorder;

	mutex_init(&rec->lock);
	rec->record = kcalloc(MO_RECORDER_LEN, sizeof(*rec->record), GFP_KERNEL);
	return rec->record ? 0 : -ENOMEM;
}

void mo_recorder_exit(struct mo_dev *md)
{
	kfree(md->recorder.record);
	md->recorder.record = NULL;
}

static void mo_recorder_add(struct mo_recorder *rec, const struct mo_mb_record *record)
{
	rec->record[rec->count++ % MO_RECORDER_LEN] = *record;
	rec->next = le64_to_cpu(record->seq) + 1;
}

/* Asks for what comes after rec->next; rec->lock held. */
static int mo_recorder_fetch(struct mo_dev *md, struct netlink_ext_ack *extack)
{
	struct mo_recorder *rec = &md->recorder;
	struct mo_mb_recorder_get req;
	struct mo_mb_records *recs;
	u32 i, count, rounds;
	int err = 0;

	recs = kmalloc_obj(*recs);
	if (!recs)
		return -ENOMEM;
	/* Firmware that never comes to an end would keep us here. */
	for (rounds = 0; rounds < MO_RECORDER_LEN && !err; rounds++) {
		req.seq = cpu_to_le64(rec->next);
		err = mo_mgmt_call(md, 0, MO_MB_RECORDER_GET, &req, sizeof(req), recs,
				   sizeof(*recs), extack);
		count = err ? 0 : min_t(u32, le32_to_cpu(recs->count), MO_RECORDS_MAX);
		if (!count)
			break;
		for (i = 0; i < count && !err; i++) {
			u64 seq = le64_to_cpu(recs->record[i].seq);

			/* Nor does it run backwards, or to where there is no next one. */
			if (seq < rec->next || seq == U64_MAX)
				err = -EPROTO;
			else
				mo_recorder_add(rec, &recs->record[i]);
		}
	}
	kfree(recs);
	return err;
}

/**
 * mo_recorder_update() - bring the copy up to date
 * @md: device
 * @extack: gets why it cannot be; may be NULL
 *
 * Sleeps when there is news, and only then.
 *
 * Return: 0 or -errno.
 */
int mo_recorder_update(struct mo_dev *md, struct netlink_ext_ack *extack)
{
	struct mo_recorder *rec = &md->recorder;
	__le64 published;
	u64 next;
	int err;

	err = mo_optics_get(md, record_seq, &published, extack);
	if (err)
		return err;
	next = le64_to_cpu(published);
	mutex_lock(&rec->lock);
	/* Firmware that starts anew counts anew. */
	if (rec->starts != READ_ONCE(md->mgmt.starts)) {
		rec->starts = READ_ONCE(md->mgmt.starts);
		rec->next = 1;
		rec->count = 0;
	}
	if (next > rec->next)
		err = mo_recorder_fetch(md, extack);
	mutex_unlock(&rec->lock);
	return err;
}

/**
 * mo_recorder_next() - the first record from a number on
 * @md: device
 * @seq: number
 * @record: gets it
 *
 * Return: false when the copy has none.
 */
bool mo_recorder_next(struct mo_dev *md, u64 seq, struct mo_mb_record *record)
{
	struct mo_recorder *rec = &md->recorder;
	bool found = false;
	u64 i;

	mutex_lock(&rec->lock);
	i = rec->count > MO_RECORDER_LEN ? rec->count - MO_RECORDER_LEN : 0;
	for (; i < rec->count && !found; i++) {
		*record = rec->record[i % MO_RECORDER_LEN];
		found = le64_to_cpu(record->seq) >= seq;
	}
	mutex_unlock(&rec->lock);
	return found;
}
