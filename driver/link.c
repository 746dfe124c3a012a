// SPDX-License-Identifier: GPL-2.0
/*
 * The link as the firmware reports it, and what the host asks of it. All
 * decisions are the firmware's; this file keeps the last report, the requests
 * (to replay them to firmware that starts anew), and passes news on to those who
 * have subscribed.
 */
#include "mo.h"
#include "cmd.h"
#include "optics.h"
#include "trace.h"

static void mo_link_send_work(struct work_struct *work);

int mo_link_init(struct mo_dev *md)
{
	struct mo_link *link = &md->link;
	int err;

	mutex_init(&link->lock);
	mutex_init(&link->send_lock);
	INIT_WORK(&link->send_work, mo_link_send_work);
	spin_lock_init(&link->snap_lock);
	BLOCKING_INIT_NOTIFIER_HEAD(&link->news);
	link->snap.reason = cpu_to_le16(MO_REASON_FW_DEAD);
	link->area = dma_alloc_coherent(md->dev, sizeof(*link->area), &link->area_dma,
					GFP_KERNEL);
	err = link->area ? mo_optics_init(md) : -ENOMEM;
	if (!err)
		err = mo_recorder_init(md);
	if (err)
		mo_link_exit(md);
	return err;
}

void mo_link_exit(struct mo_dev *md)
{
	struct mo_link *link = &md->link;

	cancel_work_sync(&link->send_work);
	if (link->area)
		dma_free_coherent(md->dev, sizeof(*link->area), link->area, link->area_dma);
	link->area = NULL;
	mo_optics_exit(md);
	mo_recorder_exit(md);
}

/* Gives the area to the device, after a reset. */
int mo_link_start(struct mo_dev *md)
{
	int err;

	if (!(md->features & MO_F_MGMT))
		return 0;
	err = mo_optics_start(md);
	if (err)
		return err;
	memset(md->link.area, 0, sizeof(*md->link.area));
	return mo_cmd_area_set(md, 0, MO_AREA_LINK, md->link.area_dma,
			       sizeof(*md->link.area), 0);
}

void mo_link_stop(struct mo_dev *md)
{
	/* The link outlives this function, so what was asked of it last has to arrive. */
	flush_work(&md->link.send_work);
	cancel_work_sync(&md->link.send_work);
	if (md->features & MO_F_MGMT)
		mo_cmd_area_set(md, 0, MO_AREA_LINK, 0, 0, 0);
	mo_optics_stop(md);
	mo_link_fw_down(md);
}

/* A consistent copy of the area; false if the device never finishes one. */
static bool mo_link_copy(const struct mo_link_state *area, struct mo_link_state *ls)
{
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		__le32 end = READ_ONCE(area->gen_end);

		dma_rmb();	/* the end of the last write before its content */
		memcpy(ls, area, sizeof(*ls));
		dma_rmb();	/* the content before the start of the next write */
		if (READ_ONCE(area->gen) == end && ls->gen_end == end)
			return true;
		cpu_relax();
	}
	return false;
}

static void mo_link_tell(struct mo_dev *md, enum mo_link_news news, u32 lanes)
{
	struct mo_link_note note = { .md = md, .lanes = lanes };

	blocking_notifier_call_chain(&md->link.news, news, &note);
}

/* Takes a new state over and tells everybody. */
static void mo_link_publish(struct mo_dev *md, const struct mo_link_state *ls)
{
	struct mo_link *link = &md->link;
	struct mo_link_state old;
	u32 now, before;

	spin_lock(&link->snap_lock);
	old = link->snap;
	link->snap = *ls;
	/* Firmware that starts anew counts from 0 again. */
	now = le32_to_cpu(ls->down_count);
	before = le32_to_cpu(old.down_count);
	link->downs += now >= before ? now - before : now;
	spin_unlock(&link->snap_lock);

	trace_mo_link(md, ls);
	if (!memcmp(&old, ls, sizeof(old)))
		return;
	mo_link_tell(md, MO_LINK_CHANGED, 0);
}

/* The device wrote the area; event work, event_lock held. */
void mo_link_event(struct mo_dev *md)
{
	struct mo_link_state ls;

	lockdep_assert_held(&md->event_lock);
	if (!(md->features & MO_F_MGMT) || READ_ONCE(md->mgmt.expect_restart))
		return;
	if (!mo_link_copy(md->link.area, &ls)) {
		dev_err_ratelimited(md->dev, "link state in memory is never consistent\n");
		return;
	}
	/* Not written since the reset. */
	if (!ls.gen)
		return;
	mo_link_publish(md, &ls);
}

/* No firmware, no link: it is down until the next report. */
void mo_link_fw_down(struct mo_dev *md)
{
	struct mo_link_state ls;

	mutex_lock(&md->event_lock);
	mo_link_get(md, &ls);
	if (ls.carrier)
		ls.last_reason = cpu_to_le16(MO_REASON_FW_DEAD);
	ls.carrier = 0;
	ls.lanes_ok = 0;
	ls.reason = cpu_to_le16(MO_REASON_FW_DEAD);
	mo_link_publish(md, &ls);
	mutex_unlock(&md->event_lock);
}

/* Firmware restarted: what it reported meanwhile, or reports from now on. */
static void mo_link_refresh(struct mo_dev *md)
{
	mo_optics_sync(md);
	if (mo_cmd_area_sync(md, 0, MO_AREA_LINK))
		return;
	mutex_lock(&md->event_lock);
	mo_link_event(md);
	mutex_unlock(&md->event_lock);
}

void mo_link_get(struct mo_dev *md, struct mo_link_state *ls)
{
	struct mo_link *link = &md->link;

	spin_lock(&link->snap_lock);
	*ls = link->snap;
	spin_unlock(&link->snap_lock);
}

/* Losses of carrier that the firmware has counted, also before it started anew. */
u64 mo_link_downs(struct mo_dev *md)
{
	struct mo_link *link = &md->link;
	u64 downs;

	spin_lock(&link->snap_lock);
	downs = link->downs;
	spin_unlock(&link->snap_lock);
	return downs;
}

/* No answer of the firmware, or none at all: the replay brings the request. */
static bool mo_link_unanswered(int err)
{
	return err == -EHOSTDOWN || err == -ENETDOWN || err == -ECANCELED || err == -EIO ||
	       err == -ENODEV || err == -ETIMEDOUT;
}

/*
 * Sends all requests as they are now; without firmware they wait for it. What
 * the firmware refuses although it was checked does not count, nor is it
 * replayed: what it took last stays. Sleeps until the firmware answers, so
 * whoever holds RTNL queues the work instead.
 */
static int mo_link_send(struct mo_dev *md)
{
	struct mo_link *link = &md->link;
	struct mo_link_request want;
	struct mo_mb_link_set req;
	u32 mask;
	int err;

	mutex_lock(&link->send_lock);
	mutex_lock(&link->lock);
	want = link->want;
	mask = link->want_mask;
	mutex_unlock(&link->lock);
	err = 0;
	if (!mask || !READ_ONCE(md->mgmt.usable))
		goto unlock;

	req = (struct mo_mb_link_set){
		.mask = cpu_to_le32(mask),
		.admin_up = want.admin_up,
		.fec = want.fec,
		.modes = cpu_to_le32(want.modes),
	};
	err = mo_mgmt_call(md, 0, MO_MB_LINK_SET, &req, sizeof(req), NULL, 0, NULL);
	mutex_lock(&link->lock);
	if (!err) {
		link->taken = want;
		link->taken_mask = mask;
	} else if (!mo_link_unanswered(err)) {
		dev_err(md->dev, "firmware does not take the link settings: %pe\n",
			ERR_PTR(err));
		/* Not if somebody has asked for something else meanwhile. */
		if (link->want.fec == want.fec && link->want.modes == want.modes &&
		    (want.fec != link->taken.fec || want.modes != link->taken.modes)) {
			link->want.fec = link->taken.fec;
			link->want.modes = link->taken.modes;
			link->want_mask = link->taken_mask | (mask & MO_LINK_SET_ADMIN);
			queue_work(md->wq, &link->send_work);
		}
	}
	mutex_unlock(&link->lock);
unlock:
	mutex_unlock(&link->send_lock);
	return err;
}

/* The link goes down; what is wanted of it stays, for the replay. devl_lock held. */
void mo_link_rest(struct mo_dev *md)
{
	struct mo_mb_link_set req = { .mask = cpu_to_le32(MO_LINK_SET_ADMIN) };

	devl_assert_locked(mo_devlink(md));
	if (!md->up || !(md->features & MO_F_MGMT))
		return;
	/* A request under way would turn it on again; the replay brings it. */
	cancel_work_sync(&md->link.send_work);
	mutex_lock(&md->link.send_lock);
	mo_mgmt_call(md, 0, MO_MB_LINK_SET, &req, sizeof(req), NULL, 0, NULL);
	mutex_unlock(&md->link.send_lock);
}

static void mo_link_send_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, link.send_work);

	mo_link_send(md);
}

/* Notes what is wanted, under link->lock, and has it sent. */
static void mo_link_wanted(struct mo_dev *md, u32 mask)
{
	lockdep_assert_held(&md->link.lock);
	md->link.want_mask |= mask;
	if (md->features & MO_F_MGMT)
		queue_work(md->wq, &md->link.send_work);
}

void mo_link_set_admin(struct mo_dev *md, bool up)
{
	mutex_lock(&md->link.lock);
	md->link.want.admin_up = up;
	mo_link_wanted(md, MO_LINK_SET_ADMIN);
	mutex_unlock(&md->link.lock);
}

void mo_link_set_modes(struct mo_dev *md, u32 modes)
{
	mutex_lock(&md->link.lock);
	md->link.want.modes = modes;
	mo_link_wanted(md, MO_LINK_SET_MODES);
	mutex_unlock(&md->link.lock);
}

void mo_link_set_fec(struct mo_dev *md, u8 fec)
{
	mutex_lock(&md->link.lock);
	md->link.want.fec = fec;
	mo_link_wanted(md, MO_LINK_SET_FEC);
	mutex_unlock(&md->link.lock);
}

/* Modes and FEC that were asked for; 0 = the firmware's choice. */
void mo_link_requested(struct mo_dev *md, u32 *modes, u8 *fec)
{
	mutex_lock(&md->link.lock);
	*modes = md->link.want_mask & MO_LINK_SET_MODES ? md->link.want.modes : 0;
	*fec = md->link.want_mask & MO_LINK_SET_FEC ? md->link.want.fec : 0;
	mutex_unlock(&md->link.lock);
}

int mo_link_replay(struct mo_dev *md)
{
	int err;

	if (!(md->features & MO_F_MGMT))
		return 0;
	err = mo_link_send(md);
	mo_link_refresh(md);
	return err;
}

/* Event work: the module was plugged, pulled, or changed. */
void mo_link_module_event(struct mo_dev *md, u16 code)
{
	/* Firmware that starts reports what is plugged already. */
	if (code <= 1 && READ_ONCE(md->mgmt.usable))
		dev_info(md->dev, "optical module %s\n", code ? "plugged" : "unplugged");
	mo_link_tell(md, MO_LINK_QUALITY, 0);
}

/* Event work: quality of the lanes in @lanes changed. */
void mo_link_lane_event(struct mo_dev *md, u32 lanes)
{
	dev_dbg(md->dev, "quality of lanes 0x%x changed\n", lanes);
	mo_link_tell(md, MO_LINK_QUALITY, lanes & GENMASK(md->id.lanes - 1, 0));
}
