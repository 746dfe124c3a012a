// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/lanes.h"

#include "app/app.h"
#include "drv/laser.h"
#include "drv/pcs.h"
#include "drv/serdes.h"
#include "hw/cmis.h"
#include "hw/event.h"
#include "lib/log.h"
#include "lib/mem.h"

/*
 * Linear links run a decade or two below these when healthy; 2.4e-4 is where
 * the FEC gives up. Entering takes 1e-5 in two windows, leaving 3e-6 in four.
 */
#define DEGRADE_ONE_IN		100000U
#define RECOVER_ONE_IN		333333U
#define DEGRADE_WINDOWS		2
#define RECOVER_WINDOWS		4

static void set_state(struct mo_app *app, uint32_t lane, uint8_t state)
{
	struct mo_lanes *lanes = &app->quality;
	uint8_t from = lanes->state[lane];

	if (from == state)
		return;
	lanes->state[lane] = state;
	/* Lanes that follow the link are in the link's own records. */
	if (state == MO_LANE_DEGRADED || state == MO_LANE_FAILED ||
	    from == MO_LANE_DEGRADED || from == MO_LANE_FAILED)
		mo_recorder_add(&app->recorder, app->now_us * 1000, MO_RECORD_LANE, from,
				state, app->link.state.reason, MO_BIT(lane));
}

static uint16_t impaired(const struct mo_lanes *lanes)
{
	uint16_t mask = 0;

	for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++)
		if (lanes->state[lane] == MO_LANE_DEGRADED ||
		    lanes->state[lane] == MO_LANE_FAILED)
			mask |= (uint16_t)MO_BIT(lane);
	return mask;
}

static void tell(struct mo_app *app, uint16_t before)
{
	uint16_t now = impaired(&app->quality);

	if (now != before)
		mo_app_event(app, MO_EVENT_LANE, 0, (uint16_t)(now ^ before));
}

void mo_lanes_init(struct mo_app *app)
{
	memset(&app->quality, 0, sizeof(app->quality));
	mo_lanes_reset(app);
	mo_timers_set(&app->timers, MO_TIMER_LANES, app->now_us + MO_LANES_WINDOW_US);
}

/* State of a lane whose errors cannot be counted now. */
static uint8_t idle_state(const struct mo_app *app, uint32_t lane)
{
	uint32_t status;

	if (lane >= app->lanes)
		return MO_LANE_ABSENT;
	if (!(app->link.lanes & MO_BIT(lane)))
		return MO_LANE_DISABLED;
	status = mo_serdes_status(lane);
	if (app->link.state.fsm <= MO_LINK_DATAPATH)
		return MO_LANE_INIT;
	if (!(status & MO_SERDES_SIGNAL) || (status & MO_SERDES_FAILED) ||
	    (mo_laser_status(lane) & MO_LASER_FAULT))
		return MO_LANE_FAILED;
	return MO_LANE_INIT;
}

void mo_lanes_reset(struct mo_app *app)
{
	struct mo_lanes *lanes = &app->quality;
	uint16_t before = impaired(lanes);

	lanes->window = false;
	for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++) {
		lanes->bad[lane] = 0;
		lanes->good[lane] = 0;
		set_state(app, lane, app->link.state.carrier && lane < app->lanes &&
				     (app->link.lanes & MO_BIT(lane)) ?
				     MO_LANE_UP : idle_state(app, lane));
	}
	tell(app, before);
}

static void judge(struct mo_app *app, uint32_t lane, uint64_t bits, uint64_t errors)
{
	struct mo_lanes *lanes = &app->quality;
	bool bad = errors > bits / DEGRADE_ONE_IN;
	bool good = errors < bits / RECOVER_ONE_IN;

	lanes->bad[lane] = bad ? (uint8_t)(lanes->bad[lane] + 1) : 0;
	lanes->good[lane] = good ? (uint8_t)(lanes->good[lane] + 1) : 0;
	if (lanes->state[lane] != MO_LANE_DEGRADED && lanes->bad[lane] >= DEGRADE_WINDOWS) {
		set_state(app, lane, MO_LANE_DEGRADED);
		mo_log("lane %u: degraded, more than 1e-5 of its bits are wrong",
		       (unsigned int)lane);
	} else if (lanes->state[lane] == MO_LANE_DEGRADED &&
		   lanes->good[lane] >= RECOVER_WINDOWS) {
		set_state(app, lane, MO_LANE_UP);
		mo_log("lane %u: recovered", (unsigned int)lane);
	}
	if (lanes->bad[lane] > DEGRADE_WINDOWS)
		lanes->bad[lane] = DEGRADE_WINDOWS;
	if (lanes->good[lane] > RECOVER_WINDOWS)
		lanes->good[lane] = RECOVER_WINDOWS;
}

static void end_window(struct mo_app *app)
{
	struct mo_lanes *lanes = &app->quality;
	uint16_t before = impaired(lanes);

	if (!app->link.state.carrier) {
		lanes->window = false;
		for (uint32_t lane = 0; lane < app->lanes; lane++)
			set_state(app, lane, idle_state(app, lane));
		tell(app, before);
		return;
	}
	(void)mo_pcs_snap();
	for (uint32_t lane = 0; lane < app->lanes; lane++) {
		struct mo_pcs_lane now;

		if (!(app->link.lanes & MO_BIT(lane)))
			continue;
		mo_pcs_lane_counters(lane, &now);
		if (lanes->window)
			judge(app, lane, now.bits - lanes->bits[lane],
			      now.bit_errors - lanes->errors[lane]);
		lanes->bits[lane] = now.bits;
		lanes->errors[lane] = now.bit_errors;
	}
	lanes->window = true;
	tell(app, before);
}

void mo_lanes_timer(struct mo_app *app)
{
	mo_timers_set(&app->timers, MO_TIMER_LANES, app->now_us + MO_LANES_WINDOW_US);
	mo_link_renew(app);
	end_window(app);
	mo_optics_publish(app);
}

/* A monitor of 16 bits per lane. */
static uint16_t monitor(const struct mo_module *module, uint32_t address, uint32_t lane)
{
	return mo_be16(&module->state[address - MO_PAGE_LEN + 2 * lane]);
}

static uint32_t lane_flags(const struct mo_module *module, uint32_t lane)
{
	/* Flags of lanes, and what they are called in the mailbox. */
	static const struct {
		uint8_t address;
		uint32_t flag;
	} map[] = {
		{ MO_CMIS_LF_TX_FAULT, MO_LANE_F_TX_FAULT },
		{ MO_CMIS_LF_TX_LOS, MO_LANE_F_TX_LOS },
		{ MO_CMIS_LF_TX_POWER_HIGH_ALARM, MO_LANE_F_TX_POWER_HIGH_ALARM },
		{ MO_CMIS_LF_TX_POWER_LOW_ALARM, MO_LANE_F_TX_POWER_LOW_ALARM },
		{ MO_CMIS_LF_TX_POWER_HIGH_WARN, MO_LANE_F_TX_POWER_HIGH_WARN },
		{ MO_CMIS_LF_TX_POWER_LOW_WARN, MO_LANE_F_TX_POWER_LOW_WARN },
		{ MO_CMIS_LF_BIAS_HIGH_ALARM, MO_LANE_F_BIAS_HIGH_ALARM },
		{ MO_CMIS_LF_BIAS_LOW_ALARM, MO_LANE_F_BIAS_LOW_ALARM },
		{ MO_CMIS_LF_BIAS_HIGH_WARN, MO_LANE_F_BIAS_HIGH_WARN },
		{ MO_CMIS_LF_BIAS_LOW_WARN, MO_LANE_F_BIAS_LOW_WARN },
		{ MO_CMIS_LF_RX_LOS, MO_LANE_F_RX_LOS },
		{ MO_CMIS_LF_RX_LOL, MO_LANE_F_RX_LOL },
		{ MO_CMIS_LF_RX_POWER_HIGH_ALARM, MO_LANE_F_RX_POWER_HIGH_ALARM },
		{ MO_CMIS_LF_RX_POWER_LOW_ALARM, MO_LANE_F_RX_POWER_LOW_ALARM },
		{ MO_CMIS_LF_RX_POWER_HIGH_WARN, MO_LANE_F_RX_POWER_HIGH_WARN },
		{ MO_CMIS_LF_RX_POWER_LOW_WARN, MO_LANE_F_RX_POWER_LOW_WARN },
	};
	uint32_t flags = 0;

	/* As polled, not as latched: what is true now. The latched ones are ethtool's. */
	for (uint32_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (module->state[map[i].address - MO_PAGE_LEN] & MO_BIT(lane))
			flags |= map[i].flag;
	return flags;
}

void mo_lanes_fill(struct mo_app *app, struct mo_mb_lanes *out)
{
	const struct mo_module *module = &app->module;

	memset(out, 0, sizeof(*out));
	out->time_ns = mo_pcs_snap();
	out->count = app->lanes;
	for (uint32_t lane = 0; lane < app->lanes; lane++) {
		struct mo_mb_lane *to = &out->lane[lane];
		struct mo_pcs_lane counters;

		to->lane = (__u8)lane;
		to->state = app->quality.state[lane];
		if (!app->link.state.carrier)
			to->state = idle_state(app, lane);
		to->dp_state = mo_module_dp_state(module, lane);
		if (module->has_state) {
			to->flags |= MO_LANE_F_HAS_OPTICS | lane_flags(module, lane);
			to->tx_power_nw =
				(uint32_t)monitor(module, MO_CMIS_11_TX_POWER, lane) * 100;
			to->rx_power_nw =
				(uint32_t)monitor(module, MO_CMIS_11_RX_POWER, lane) * 100;
			to->bias_ua = (uint32_t)monitor(module, MO_CMIS_11_BIAS, lane) * 2;
			to->laser_temp_mc = (uint32_t)mo_laser_temp(lane);
		}
		if (mo_serdes_status(lane) & MO_SERDES_LOCK) {
			to->flags |= MO_LANE_F_HAS_SNR;
			to->snr_mdb = mo_serdes_snr(lane);
		}
		mo_pcs_lane_counters(lane, &counters);
		if (counters.bits) {
			to->flags |= MO_LANE_F_HAS_BITS;
			to->bits = counters.bits;
			to->bit_errors = counters.bit_errors;
			to->symbol_errors = counters.symbol_errors;
		}
	}
}

void mo_fec_fill(struct mo_app *app, struct mo_mb_fec *out)
{
	memset(out, 0, sizeof(*out));
	out->time_ns = mo_pcs_snap();
	out->codewords = mo_pcs_counter(MO_SOC_PCS_CW_LO);
	out->corrected = mo_pcs_counter(MO_SOC_PCS_CW_CORR_LO);
	out->uncorrectable = mo_pcs_counter(MO_SOC_PCS_CW_UNCORR_LO);
	for (uint32_t bin = 0; bin < MO_FEC_BINS; bin++)
		out->bins[bin] = mo_pcs_bin(bin);
	for (uint32_t lane = 0; lane < app->lanes; lane++) {
		struct mo_pcs_lane counters;

		mo_pcs_lane_counters(lane, &counters);
		out->lane_symbol_errors[lane] = counters.symbol_errors;
	}
}
