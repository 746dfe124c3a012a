// SPDX-License-Identifier: GPL-2.0
/*
 * Health of the device: the devlink reporters "fw" (firmware restart) and
 * "device" (function reset), and a look at signs of life every now and then.
 * The look reads memory; it reads a register only when the device has stopped
 * writing there.
 */
#include "mo.h"
#include "cmd.h"
#include "dev.h"
#include "devlink.h"
#include "fw.h"
#include "hwmon.h"
#include "regs.h"
#include "status.h"

#define MO_HEALTH_PERIOD_US	250000
#define MO_HEALTH_WATCH_MS	1000
#define MO_HEALTH_SILENT	2
#define MO_HEALTH_LOG_MAX	(4 * MO_LOG_CHUNK)

/* A device that is well again needs nothing: somebody else was faster. */
static int mo_health_device_recover(struct devlink_health_reporter *reporter, void *ctx,
				    struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);
	int err;

	if (!mo_dev_adopt(md)) {
		NL_SET_ERR_MSG(extack, "device has gone");
		return -ENODEV;
	}
	if (!test_bit(MO_STATE_FATAL, &md->state) &&
	    !test_bit(MO_STATE_RESETTING, &md->state) &&
	    test_bit(MO_STATE_ADMIN_UP, &md->state))
		return 0;
	if (test_bit(MO_STATE_FROZEN, &md->state)) {
		NL_SET_ERR_MSG(extack, "device is being reset or suspended");
		return -EBUSY;
	}
	err = mo_dev_reset(md);
	if (err)
		NL_SET_ERR_MSG(extack, "device cannot be reset; see the kernel log");
	mo_health_settle(md);
	return err;
}

static int mo_health_fw_recover(struct devlink_health_reporter *reporter, void *ctx,
				struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);
	int err;

	if (mo_gone(md)) {
		NL_SET_ERR_MSG(extack, "device has gone");
		return -ENODEV;
	}
	if (!(md->features & MO_F_MGMT))
		return 0;
	if (!md->up || test_bit(MO_STATE_RESETTING, &md->state)) {
		NL_SET_ERR_MSG(extack,
			       "device is down: recover reporter 'device', or reload, first");
		return -ENETDOWN;
	}
	err = mo_fw_restart(md, mo_devlink_fw_policy(md), extack);
	if (err)
		return err;
	mo_hwmon_init(md);
	dev_info(md->dev, "management firmware was restarted, link settings are replayed\n");
	return 0;
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

static void mo_health_put_registers(struct mo_dev *md, struct devlink_fmsg *fmsg)
{
	const char *name;
	unsigned int i;
	u32 offset;

	devlink_fmsg_pair_nest_start(fmsg, "registers");
	devlink_fmsg_obj_nest_start(fmsg);
	for (i = 0; i < mo_regs_count() && mo_readable(md); i++)
		if (mo_regs_row(md, i, &name, &offset))
			devlink_fmsg_u32_pair_put(fmsg, name, mo_rd(md, offset));
	devlink_fmsg_obj_nest_end(fmsg);
	devlink_fmsg_pair_nest_end(fmsg);
}

static int mo_health_device_dump(struct devlink_health_reporter *reporter,
				 struct devlink_fmsg *fmsg, void *ctx,
				 struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);

	devlink_fmsg_obj_nest_start(fmsg);
	devlink_fmsg_string_pair_put(fmsg, "cause",
				     mo_gone(md) ? "device has gone" :
				     test_bit(MO_STATE_FATAL, &md->state) ?
				     READ_ONCE(md->fail_text) ?: "device stopped" : "none");
	mo_health_put_state(md, fmsg);
	mo_health_put_registers(md, fmsg);
	devlink_fmsg_obj_nest_end(fmsg);
	return 0;
}

static int mo_health_fw_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			     void *ctx, struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);

	devlink_fmsg_obj_nest_start(fmsg);
	devlink_fmsg_string_pair_put(fmsg, "cause",
				     !READ_ONCE(md->mgmt.usable) ?
				     "management firmware does not run" :
				     ctx ? "management firmware restarted by itself" : "none");
	mo_health_put_state(md, fmsg);
	if (md->blk_mgmt && mo_readable(md)) {
		devlink_fmsg_u32_pair_put(fmsg, "crash pc",
					  mo_rd(md, md->blk_mgmt + MO_MGMT_CRASH_PC));
		devlink_fmsg_u32_pair_put(fmsg, "crash cause",
					  mo_rd(md, md->blk_mgmt + MO_MGMT_CRASH_CAUSE));
	}
	mo_health_put_registers(md, fmsg);
	mo_health_put_log(md, fmsg);
	devlink_fmsg_obj_nest_end(fmsg);
	return 0;
}

static int mo_health_fw_diagnose(struct devlink_health_reporter *reporter,
				 struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	mo_health_put_state(devlink_health_reporter_priv(reporter), fmsg);
	return 0;
}

static int mo_health_device_diagnose(struct devlink_health_reporter *reporter,
				     struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);
	const struct mo_health *area = md->health.area;
	const struct mo_adminq *aq = &md->adminq;

	devlink_fmsg_string_pair_put(fmsg, "device",
				     mo_gone(md) ? "gone" :
				     test_bit(MO_STATE_FATAL, &md->state) ? "failed" :
				     test_bit(MO_STATE_RESETTING, &md->state) ? "stopped" : "up");
	devlink_fmsg_u64_pair_put(fmsg, "function resets", md->health.resets);
	devlink_fmsg_u32_pair_put(fmsg, "heartbeat", le32_to_cpu(READ_ONCE(area->heartbeat)));
	devlink_fmsg_u64_pair_put(fmsg, "dma faults", le64_to_cpu(READ_ONCE(area->dma_faults)));
	devlink_fmsg_u64_pair_put(fmsg, "admin commands", aq->commands);
	devlink_fmsg_u64_pair_put(fmsg, "admin timeouts", aq->timeouts);
	devlink_fmsg_u64_pair_put(fmsg, "admin late completions", aq->late);
	devlink_fmsg_u64_pair_put(fmsg, "admin bad completions", aq->bad);
	return 0;
}

/*
 * One for each thing that fails and recovers by itself: a reporter whose last
 * recovery failed does nothing, so a firmware file that is missing must not
 * keep the function from being reset. No graceful period: recoveries that
 * follow each other are spaced out by mo_backoff_ms() instead, so that each
 * failure ends in a recovery.
 */
static const struct devlink_health_reporter_ops mo_health_fw_ops = {
	.name = "fw",
	.recover = mo_health_fw_recover,
	.dump = mo_health_fw_dump,
	.diagnose = mo_health_fw_diagnose,
};

static const struct devlink_health_reporter_ops mo_health_device_ops = {
	.name = "device",
	.recover = mo_health_device_recover,
	.dump = mo_health_device_dump,
	.diagnose = mo_health_device_diagnose,
};

static void mo_health_report(struct mo_dev *md, struct devlink_health_reporter *reporter,
			     const char *text)
{
	int err;

	if (!reporter)
		return;
	err = devlink_health_report(reporter, text, md);
	if (err)
		dev_err(md->dev, "not recovered from \"%s\": %pe\n", text, ERR_PTR(err));
}

/* The function has to be reset; from service work, without locks. */
void mo_health_fatal(struct mo_dev *md, const char *why)
{
	mo_health_report(md, md->health.device, why);
}

static void mo_health_set(struct devlink_health_reporter *reporter, bool healthy)
{
	if (reporter)
		devlink_health_reporter_state_update(reporter, healthy ?
			DEVLINK_HEALTH_REPORTER_STATE_HEALTHY :
			DEVLINK_HEALTH_REPORTER_STATE_ERROR);
}

/**
 * mo_health_settle() - reporters say how the device is
 * @md: registered device; devl_lock held
 *
 * After all that may have mended or broken it without a report: bring-up, FLR,
 * reload, resume, flash, reset. A reporter that stays in the error state would
 * not recover from the next failure.
 */
void mo_health_settle(struct mo_dev *md)
{
	devl_assert_locked(mo_devlink(md));
	if (mo_gone(md))
		return;
	mo_health_set(md->health.device, md->up && !test_bit(MO_STATE_FATAL, &md->state) &&
		      !test_bit(MO_STATE_RESETTING, &md->state));
	if (md->features & MO_F_MGMT)
		mo_health_set(md->health.fw, READ_ONCE(md->mgmt.usable));
}

/* The management core crashed; from event work. */
void mo_health_crashed(struct mo_dev *md)
{
	struct mo_health_state *health = &md->health;

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
	mo_health_report(md, md->health.fw, "management firmware crashed");
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
		if (!mo_readable(md))
			return;
		status = mo_rd(md, MO_DEV_STATUS);
		if (status == ~0U)
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
	disable_delayed_work_sync(&health->recover);
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

void mo_health_enable(struct mo_dev *md)
{
	enable_delayed_work(&md->health.recover);
}

/* No report starts any more; not under devl_lock, which reports take. */
void mo_health_disable(struct mo_dev *md)
{
	disable_delayed_work_sync(&md->health.recover);
}

int mo_health_register(struct mo_dev *md)
{
	struct devlink_health_reporter *reporter;

	reporter = mo_health_reporter_create(mo_devlink(md), &mo_health_fw_ops, 0, md);
	if (IS_ERR(reporter))
		return PTR_ERR(reporter);
	md->health.fw = reporter;
	reporter = mo_health_reporter_create(mo_devlink(md), &mo_health_device_ops, 0, md);
	if (IS_ERR(reporter)) {
		mo_health_unregister(md);
		return PTR_ERR(reporter);
	}
	md->health.device = reporter;
	return 0;
}

void mo_health_unregister(struct mo_dev *md)
{
	if (md->health.device)
		devl_health_reporter_destroy(md->health.device);
	if (md->health.fw)
		devl_health_reporter_destroy(md->health.fw);
	md->health.device = NULL;
	md->health.fw = NULL;
}
