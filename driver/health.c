// SPDX-License-Identifier: GPL-2.0
/*
 * Health of the device: the devlink reporter "fw" with its two recoveries
 * (firmware restart, function reset), and a look at signs of life every now
 * and then. The look reads memory; it reads a register only when the device
 * has stopped writing there.
 */
#include "mo.h"

#define MO_HEALTH_PERIOD_US	250000
#define MO_HEALTH_WATCH_MS	1000
#define MO_HEALTH_SILENT	2
#define MO_HEALTH_LOG_MAX	(4 * MO_LOG_CHUNK)

/* What a report is about; handed to dump and recover. */
enum mo_health_cause {
	MO_HEALTH_FIRMWARE = 1,		/* management core crashed */
	MO_HEALTH_FUNCTION,		/* admin queue dead or device stopped */
};

/* What is wrong now, for a recovery that the user asks for. */
static enum mo_health_cause mo_health_now(struct mo_dev *md)
{
	if (test_bit(MO_STATE_FATAL, &md->state) ||
	    test_bit(MO_STATE_RESETTING, &md->state))
		return MO_HEALTH_FUNCTION;
	if ((md->features & MO_F_MGMT) && !READ_ONCE(md->mgmt.usable))
		return MO_HEALTH_FIRMWARE;
	return 0;
}

static int mo_health_recover(struct devlink_health_reporter *reporter, void *ctx,
			     struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);
	enum mo_health_cause cause = ctx ? *(enum mo_health_cause *)ctx : mo_health_now(md);
	int err = 0;

	if (mo_gone(md)) {
		NL_SET_ERR_MSG(extack, "device has gone");
		return -ENODEV;
	}
	if (cause == MO_HEALTH_FUNCTION)
		err = mo_dev_reset(md);
	else if (cause == MO_HEALTH_FIRMWARE)
		err = mo_fw_restart(md, extack);
	if (!err && cause == MO_HEALTH_FIRMWARE) {
		mo_hwmon_init(md);
		dev_info(md->dev, "management firmware was restarted, link settings are replayed\n");
	}
	return err;
}

static void mo_health_put_state(struct mo_dev *md, struct devlink_fmsg *fmsg)
{
	const struct mo_mb_version *ver = &md->mgmt.version;
	char version[24];

	devlink_fmsg_string_pair_put(fmsg, "state", mo_mgmt_state_text(md->mgmt.state));
	devlink_fmsg_string_pair_put(fmsg, "error", mo_fw_error_text(md->mgmt.error));
	if (READ_ONCE(md->mgmt.usable)) {
		snprintf(version, sizeof(version), "%u.%u.%u", ver->ver_major, ver->ver_minor,
			 ver->ver_patch);
		devlink_fmsg_string_pair_put(fmsg, "version", version);
	}
	devlink_fmsg_u64_pair_put(fmsg, "crashes", md->mgmt.crashes);
	devlink_fmsg_u64_pair_put(fmsg, "function resets", md->health.resets);
}

/* The firmware's text log, if there is somebody to ask for it. */
static void mo_health_put_log(struct mo_dev *md, struct devlink_fmsg *fmsg)
{
	struct mo_mb_log_get req = {};
	struct mo_mb_log *log;
	u32 len, total = 0;
	char *text;

	log = kmalloc_obj(*log);
	text = kmalloc(MO_HEALTH_LOG_MAX + 1, GFP_KERNEL);
	if (!log || !text)
		goto free;
	while (total < MO_HEALTH_LOG_MAX) {
		if (mo_mgmt_call(md, 0, MO_MB_LOG_GET, &req, sizeof(req), log, sizeof(*log),
				 NULL))
			break;
		len = min3(le32_to_cpu(log->len), (u32)MO_LOG_CHUNK, MO_HEALTH_LOG_MAX - total);
		if (!len)
			break;
		memcpy(text + total, log->text, len);
		total += len;
		req.offset = cpu_to_le32(le32_to_cpu(log->offset) + len);
	}
	if (total) {
		text[total] = 0;
		devlink_fmsg_string_pair_put(fmsg, "log", text);
	}
free:
	kfree(text);
	kfree(log);
}

static int mo_health_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			  void *ctx, struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);
	enum mo_health_cause cause = ctx ? *(enum mo_health_cause *)ctx : mo_health_now(md);
	unsigned int i;
	u32 offset;

	devlink_fmsg_obj_nest_start(fmsg);
	devlink_fmsg_string_pair_put(fmsg, "cause",
				     cause == MO_HEALTH_FUNCTION ?
				     READ_ONCE(md->fail_text) ?: "device stopped" :
				     cause == MO_HEALTH_FIRMWARE ?
				     "management firmware does not run" : "none");
	mo_health_put_state(md, fmsg);
	if (md->blk_mgmt && !mo_gone(md)) {
		devlink_fmsg_u32_pair_put(fmsg, "crash pc",
					  mo_rd(md, md->blk_mgmt + MO_MGMT_CRASH_PC));
		devlink_fmsg_u32_pair_put(fmsg, "crash cause",
					  mo_rd(md, md->blk_mgmt + MO_MGMT_CRASH_CAUSE));
	}
	devlink_fmsg_pair_nest_start(fmsg, "registers");
	devlink_fmsg_obj_nest_start(fmsg);
	for (i = 0; i < mo_regs_count() && !mo_gone(md); i++) {
		const char *name;

		if (mo_regs_row(md, i, &name, &offset))
			devlink_fmsg_u32_pair_put(fmsg, name, mo_rd(md, offset));
	}
	devlink_fmsg_obj_nest_end(fmsg);
	devlink_fmsg_pair_nest_end(fmsg);
	mo_health_put_log(md, fmsg);
	devlink_fmsg_obj_nest_end(fmsg);
	return 0;
}

static int mo_health_diagnose(struct devlink_health_reporter *reporter,
			      struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);
	const struct mo_health *area = md->health.area;
	const struct mo_adminq *aq = &md->adminq;

	devlink_fmsg_string_pair_put(fmsg, "device",
				     mo_gone(md) ? "gone" :
				     test_bit(MO_STATE_FATAL, &md->state) ? "failed" :
				     test_bit(MO_STATE_RESETTING, &md->state) ? "stopped" : "up");
	mo_health_put_state(md, fmsg);
	devlink_fmsg_u32_pair_put(fmsg, "heartbeat", le32_to_cpu(READ_ONCE(area->heartbeat)));
	devlink_fmsg_u64_pair_put(fmsg, "dma faults", le64_to_cpu(READ_ONCE(area->dma_faults)));
	devlink_fmsg_u64_pair_put(fmsg, "admin commands", aq->commands);
	devlink_fmsg_u64_pair_put(fmsg, "admin timeouts", aq->timeouts);
	devlink_fmsg_u64_pair_put(fmsg, "admin late completions", aq->late);
	devlink_fmsg_u64_pair_put(fmsg, "admin bad completions", aq->bad);
	return 0;
}

/*
 * No graceful period: recoveries that follow each other are spaced out by
 * mo_backoff_ms() instead, so that each failure ends in a recovery.
 */
static const struct devlink_health_reporter_ops mo_health_fw_ops = {
	.name = "fw",
	.recover = mo_health_recover,
	.dump = mo_health_dump,
	.diagnose = mo_health_diagnose,
};

static void mo_health_report(struct mo_dev *md, enum mo_health_cause cause, const char *text)
{
	int err;

	if (!md->health.fw)
		return;
	err = devlink_health_report(md->health.fw, text, &cause);
	if (err)
		dev_err(md->dev, "not recovered from \"%s\": %pe\n", text, ERR_PTR(err));
}

/* The function has to be reset; from service work, without locks. */
void mo_health_fatal(struct mo_dev *md, const char *why)
{
	mo_health_report(md, MO_HEALTH_FUNCTION, why);
}

/* The management core crashed; from event work. */
void mo_health_crashed(struct mo_dev *md)
{
	struct mo_health_state *health = &md->health;

	if (!test_bit(MO_STATE_SERVICE, &md->state))
		return;
	queue_delayed_work(md->wq, &health->recover,
			   msecs_to_jiffies(mo_backoff_ms(&health->backoff_ms,
							  health->last_recovery)));
}

static void mo_health_recover_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, health.recover.work);

	/* A function reset restarts the firmware as well. */
	if (mo_gone(md) || test_bit(MO_STATE_FATAL, &md->state) ||
	    test_bit(MO_STATE_RESETTING, &md->state))
		return;
	md->health.last_recovery = jiffies ?: 1;
	mo_health_report(md, MO_HEALTH_FIRMWARE, "management firmware crashed");
}

static void mo_health_watch_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, health.watch.work);
	struct mo_health_state *health = &md->health;
	u32 gen = le32_to_cpu(READ_ONCE(health->area->gen));
	u32 status;

	health->silent = gen == health->last_gen ? health->silent + 1 : 0;
	health->last_gen = gen;
	if (health->silent >= MO_HEALTH_SILENT) {
		health->silent = 0;
		status = mo_rd(md, MO_DEV_STATUS);
		if (mo_gone(md))
			return;
		if (status & MO_DEV_STATUS_FATAL) {
			dev_err(md->dev, "device stopped: %s\n",
				mo_fatal_text(mo_rd(md, MO_DEV_FATAL)));
			mo_dev_fail(md, "device stopped");
			return;
		}
		if (!(status & MO_DEV_STATUS_READY)) {
			mo_dev_fail(md, "device was reset behind the driver's back");
			return;
		}
	}
	queue_delayed_work(md->wq, &health->watch, msecs_to_jiffies(MO_HEALTH_WATCH_MS));
}

int mo_health_init(struct mo_dev *md)
{
	struct mo_health_state *health = &md->health;

	INIT_DELAYED_WORK(&health->watch, mo_health_watch_work);
	INIT_DELAYED_WORK(&health->recover, mo_health_recover_work);
	health->area = dma_alloc_coherent(md->dev, sizeof(*health->area), &health->area_dma,
					  GFP_KERNEL);
	return health->area ? 0 : -ENOMEM;
}

void mo_health_exit(struct mo_dev *md)
{
	struct mo_health_state *health = &md->health;

	if (health->area)
		dma_free_coherent(md->dev, sizeof(*health->area), health->area,
				  health->area_dma);
	health->area = NULL;
}

/* The device writes its health from here on, and we look at it. */
int mo_health_start(struct mo_dev *md)
{
	struct mo_health_state *health = &md->health;
	int err;

	memset(health->area, 0, sizeof(*health->area));
	health->last_gen = 0;
	health->silent = 0;
	err = mo_cmd_area_set(md, 0, MO_AREA_HEALTH, health->area_dma, sizeof(*health->area),
			      MO_HEALTH_PERIOD_US);
	if (err)
		return err;
	queue_delayed_work(md->wq, &health->watch, msecs_to_jiffies(MO_HEALTH_WATCH_MS));
	return 0;
}

void mo_health_stop(struct mo_dev *md)
{
	/* The watch takes no lock that we hold. */
	cancel_delayed_work_sync(&md->health.watch);
	mo_cmd_area_set(md, 0, MO_AREA_HEALTH, 0, 0, 0);
}

/* No report starts any more; not under devl_lock, which reports take. */
void mo_health_cancel(struct mo_dev *md)
{
	cancel_delayed_work_sync(&md->health.recover);
}

int mo_health_register(struct mo_dev *md)
{
	struct devlink_health_reporter *reporter;

	reporter = mo_health_reporter_create(mo_devlink(md), &mo_health_fw_ops, 0, md);
	if (IS_ERR(reporter))
		return PTR_ERR(reporter);
	md->health.fw = reporter;
	return 0;
}

void mo_health_unregister(struct mo_dev *md)
{
	if (md->health.fw)
		devl_health_reporter_destroy(md->health.fw);
	md->health.fw = NULL;
}
