// SPDX-License-Identifier: GPL-2.0
/*
 * The devlink health reporters "fw" (firmware restart) and "device" (function
 * reset): how each recovers, and what it tells.
 */
#include "mo.h"
#include "dev.h"
#include "devlink.h"
#include "fw.h"
#include "hwmon.h"
#include "regs.h"
#include "reporter.h"
#include "status.h"

#define MO_REPORTER_LOG_MAX	(4 * MO_LOG_CHUNK)

/* A device that is well again needs nothing: somebody else was faster. */
static int mo_reporter_device_recover(struct devlink_health_reporter *reporter, void *ctx,
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

static int mo_reporter_fw_recover(struct devlink_health_reporter *reporter, void *ctx,
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

static void mo_reporter_put_state(struct mo_dev *md, struct devlink_fmsg *fmsg)
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
static void mo_reporter_put_log(struct mo_dev *md, struct devlink_fmsg *fmsg)
{
	struct mo_mb_log_get req = {};
	struct mo_mb_log *log;
	u32 len, total = 0;
	char *text;

	log = kmalloc_obj(*log);
	text = kmalloc(MO_REPORTER_LOG_MAX + 1, GFP_KERNEL);
	if (!log || !text)
		goto free;
	while (total < MO_REPORTER_LOG_MAX) {
		if (mo_mgmt_call(md, 0, MO_MB_LOG_GET, &req, sizeof(req), log, sizeof(*log),
				 NULL))
			break;
		len = min3(le32_to_cpu(log->len), (u32)MO_LOG_CHUNK, MO_REPORTER_LOG_MAX - total);
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

static void mo_reporter_put_registers(struct mo_dev *md, struct devlink_fmsg *fmsg)
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

static int mo_reporter_device_dump(struct devlink_health_reporter *reporter,
				   struct devlink_fmsg *fmsg, void *ctx,
				   struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);

	devlink_fmsg_obj_nest_start(fmsg);
	devlink_fmsg_string_pair_put(fmsg, "cause",
				     mo_gone(md) ? "device has gone" :
				     test_bit(MO_STATE_FATAL, &md->state) ?
				     READ_ONCE(md->fail_text) ?: "device stopped" : "none");
	mo_reporter_put_state(md, fmsg);
	mo_reporter_put_registers(md, fmsg);
	devlink_fmsg_obj_nest_end(fmsg);
	return 0;
}

static int mo_reporter_fw_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			       void *ctx, struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_health_reporter_priv(reporter);

	devlink_fmsg_obj_nest_start(fmsg);
	devlink_fmsg_string_pair_put(fmsg, "cause",
				     !READ_ONCE(md->mgmt.usable) ?
				     "management firmware does not run" :
				     ctx ? "management firmware restarted by itself" : "none");
	mo_reporter_put_state(md, fmsg);
	if (md->blk_mgmt && mo_readable(md)) {
		devlink_fmsg_u32_pair_put(fmsg, "crash pc",
					  mo_rd(md, md->blk_mgmt + MO_MGMT_CRASH_PC));
		devlink_fmsg_u32_pair_put(fmsg, "crash cause",
					  mo_rd(md, md->blk_mgmt + MO_MGMT_CRASH_CAUSE));
	}
	mo_reporter_put_registers(md, fmsg);
	mo_reporter_put_log(md, fmsg);
	devlink_fmsg_obj_nest_end(fmsg);
	return 0;
}

static int mo_reporter_fw_diagnose(struct devlink_health_reporter *reporter,
				   struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	mo_reporter_put_state(devlink_health_reporter_priv(reporter), fmsg);
	return 0;
}

static int mo_reporter_device_diagnose(struct devlink_health_reporter *reporter,
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
static const struct devlink_health_reporter_ops mo_reporter_fw_ops = {
	.name = "fw",
	.recover = mo_reporter_fw_recover,
	.dump = mo_reporter_fw_dump,
	.diagnose = mo_reporter_fw_diagnose,
};

static const struct devlink_health_reporter_ops mo_reporter_device_ops = {
	.name = "device",
	.recover = mo_reporter_device_recover,
	.dump = mo_reporter_device_dump,
	.diagnose = mo_reporter_device_diagnose,
};

int mo_reporters_add(struct mo_dev *md)
{
	struct devlink_health_reporter *reporter;

	reporter = mo_health_reporter_create(mo_devlink(md), &mo_reporter_fw_ops, 0, md);
	if (IS_ERR(reporter))
		return PTR_ERR(reporter);
	md->health.fw = reporter;
	reporter = mo_health_reporter_create(mo_devlink(md), &mo_reporter_device_ops, 0, md);
	if (IS_ERR(reporter)) {
		mo_reporters_del(md);
		return PTR_ERR(reporter);
	}
	md->health.device = reporter;
	return 0;
}

void mo_reporters_del(struct mo_dev *md)
{
	if (md->health.device)
		devl_health_reporter_destroy(md->health.device);
	if (md->health.fw)
		devl_health_reporter_destroy(md->health.fw);
	md->health.device = NULL;
	md->health.fw = NULL;
}
