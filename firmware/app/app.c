// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/app.h"

#include "drv/mbox.h"
#include "drv/serdes.h"
#include "drv/timer.h"
#include "drv/wdog.h"
#include "hw/ids.h"
#include "lib/log.h"
#include "lib/mem.h"

#define IRQ(name)	MO_BIT(MO_SOC_IRQ_##name)

/* Whose log the characters belong to; set at each step. */
static struct mo_app *current;

static void log_sink(char c)
{
	mo_logbuf_put(&current->log, c);
}

static void enable_interrupts(const struct mo_app *app)
{
	uint32_t mask = IRQ(I2C) | IRQ(MODULE) | IRQ(SERDES) | IRQ(PCS);

	/* Levels that stay while their cause is being worked on would end every wait. */
	if (!app->mailbox.pending)
		mask |= IRQ(MBOX);
	if (app->update.started)
		mask |= IRQ(FLASH);
	mo_write32(MO_SOC_INTC_ENABLE, mask);
}

static void heartbeat(struct mo_app *app)
{
	mo_timers_set(&app->timers, MO_TIMER_HEARTBEAT, app->now_us + MO_HEARTBEAT_US);
	mo_write32(MO_SOC_SYS_HEARTBEAT, ++app->heartbeat);
	mo_wdog_kick();
}

static void monitor(struct mo_app *app)
{
	mo_timers_set(&app->timers, MO_TIMER_MONITOR, app->now_us + MO_MONITOR_US);
	mo_thermal_look(app);
	mo_module_poll(app);
}

void mo_app_init(struct mo_app *app)
{
	const struct mo_boot_info *boot = mo_mem(MO_BOOT_INFO_ADDR, sizeof(*boot));

	memset(app, 0, sizeof(*app));
	current = app;
	mo_log_set_sink(log_sink);
	if (boot->magic == MO_BOOT_INFO_MAGIC)
		app->boot = *boot;
	/* Without the ROM's keys no image counts as signed. */
	if (app->boot.keys != MO_ROOT_KEYS)
		memset(&app->boot.root_keys, 0, sizeof(app->boot.root_keys));
	app->now_us = mo_timer_now();
	app->lanes = mo_serdes_lanes();
	app->ports = mo_read32(MO_SOC_SYS_PORTS);
	mo_write32(MO_SOC_SYS_FW_VERSION, (uint32_t)app->boot.hdr.ver_major << 16 |
					  (uint32_t)app->boot.hdr.ver_minor << 8 |
					  app->boot.hdr.ver_patch);
	mo_write32(MO_SOC_SYS_FW_ABI, (uint32_t)MO_FW_ABI_MAJOR << 16 | MO_FW_ABI_MINOR);
	mo_log("mesh optical management firmware %u.%u.%u, board %u, %u lanes",
	       app->boot.hdr.ver_major, app->boot.hdr.ver_minor, app->boot.hdr.ver_patch,
	       (unsigned int)mo_read32(MO_SOC_SYS_BOARD), (unsigned int)app->lanes);
	mo_timers_init(&app->timers);
	mo_recorder_init(&app->recorder);
	mo_link_init(app);
	mo_lanes_init(app);
	mo_module_init(app);
	if (mo_wdog_start(MO_WATCHDOG_US) != MO_OK)
		mo_log("watchdog does not start");
	heartbeat(app);
	monitor(app);
	app->started = true;
	mo_optics_publish(app);
	mo_write32(MO_SOC_SYS_STATE, MO_MGMT_RUNNING);
	mo_timers_arm(&app->timers);
	enable_interrupts(app);
}

static void run_timers(struct mo_app *app)
{
	static const struct {
		enum mo_timer_id id;
		void (*run)(struct mo_app *app);
	} handlers[] = {
		{ MO_TIMER_LINK, mo_link_timer },
		{ MO_TIMER_HEARTBEAT, heartbeat },
		{ MO_TIMER_CMIS, mo_cmis_timer },
		{ MO_TIMER_MODULE, mo_module_timer },
		{ MO_TIMER_DPATH, NULL },
		{ MO_TIMER_LANES, mo_lanes_timer },
		{ MO_TIMER_MONITOR, monitor },
	};

	MO_ASSERT(sizeof(handlers) / sizeof(handlers[0]) == MO_TIMER_COUNT, "a timer is missing");
	for (uint32_t i = 0; i < MO_TIMER_COUNT; i++) {
		if (!mo_timers_take(&app->timers, handlers[i].id, app->now_us))
			continue;
		if (handlers[i].run)
			handlers[i].run(app);
		else
			mo_dpath_event(app, MO_DPATH_EV_TIMER);
	}
}

void mo_app_step(struct mo_app *app)
{
	uint32_t pending;

	current = app;
	app->now_us = mo_timer_now();
	pending = mo_read32(MO_SOC_INTC_PENDING);
	/* What stops traffic comes first. */
	if (pending & (IRQ(SERDES) | IRQ(PCS)))
		mo_link_interrupt(app);
	if (pending & IRQ(MODULE))
		mo_module_interrupt(app);
	if (pending & IRQ(I2C))
		mo_cmis_interrupt(app);
	if (app->update.step != MO_UPDATE_IDLE)
		mo_update_run(app);
	if (pending & IRQ(MBOX))
		mo_mailbox_interrupt(app);
	run_timers(app);
	mo_timers_arm(&app->timers);
	enable_interrupts(app);
}

bool mo_app_busy(const struct mo_app *app)
{
	return mo_update_busy(&app->update);
}

void mo_app_event(struct mo_app *app, uint8_t type, uint8_t code, uint16_t data)
{
	(void)app;
	mo_mbox_event(type, code, data);
}
