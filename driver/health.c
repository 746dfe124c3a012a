// SPDX-License-Identifier: GPL-2.0
/*
 * Health of the device: a look at signs of life every now and then, and reports
 * of what failed to devlink, whose reporters (reporter.c) recover. The look reads
 * memory; it reads a register only when the device has stopped writing there.
 */
#include "mo.h"
#include "cmd.h"
#include "regs.h"
#include "status.h"

#define MO_HEALTH_PERIOD_US	250000
#define MO_HEALTH_WATCH_MS	1000
#define MO_HEALTH_SILENT	2

static void mo_health_set(struct devlink_health_reporter *reporter, bool healthy)
{
	if (reporter)
		devlink_health_reporter_state_update(reporter, healthy ?
			DEVLINK_HEALTH_REPORTER_STATE_HEALTHY :
			DEVLINK_HEALTH_REPORTER_STATE_ERROR);
}

/*
 * The core has a reporter recover from nothing while its last recovery failed. Who
 * gets here wants it tried (again), as far as the user lets it recover by itself.
 */
static int mo_health_report(struct mo_dev *md, struct devlink_health_reporter *reporter,
			    const char *text)
{
	int err;

	if (!reporter)
		return 0;
	devl_lock(mo_devlink(md));
	mo_health_set(reporter, true);
	devl_unlock(mo_devlink(md));
	err = devlink_health_report(reporter, text, md);
	if (err)
		dev_err(md->dev, "not recovered from \"%s\": %pe\n", text, ERR_PTR(err));
	return err;
}

/* The function has to be reset; from service work, without locks. */
void mo_health_fatal(struct mo_dev *md, const char *why)
{
	mo_health_report(md, md->health.device, why);
}

/**
 * mo_health_settle() - reporters say how the device is
 * @md: registered device; devl_lock held
 *
 * After all that may have mended or broken it without a report: bring-up, FLR,
 * reload, resume, flash, reset.
 */
void mo_health_settle(struct mo_dev *md)
{
	devl_assert_locked(mo_devlink(md));
	mo_health_set(md->health.device, md->up && !mo_gone(md) &&
		      !test_bit(MO_STATE_FATAL, &md->state) &&
		      !test_bit(MO_STATE_RESETTING, &md->state));
	if ((md->features & MO_F_MGMT) && !mo_gone(md))
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
	int err;

	/* A function reset restarts the firmware as well. */
	if (mo_gone(md) || test_bit(MO_STATE_FATAL, &md->state) ||
	    test_bit(MO_STATE_RESETTING, &md->state))
		return;
	md->health.last_recovery = jiffies ?: 1;
	err = mo_health_report(md, md->health.fw, "management firmware crashed");
	/* Without a firmware that could run only the user helps. */
	if (err && err != -ENOENT && !READ_ONCE(md->mgmt.usable))
		mo_health_crashed(md);
}

static void mo_health_watch_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, health.watch.work);
	struct mo_health_state *health = &md->health;
	u32 gen = le32_to_cpu(READ_ONCE(health->area->gen));
	u32 status;

	mo_eqs_watch(md);
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

