/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asynchronous events, after the event queues have taken them.
 */
#ifndef MO_EVENT_H
#define MO_EVENT_H

struct mo_dev;
struct work_struct;

void mo_event_work(struct work_struct *work);
void mo_event_reset(struct mo_dev *md);

#endif /* MO_EVENT_H */
