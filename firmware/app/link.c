// SPDX-License-Identifier: GPL-2.0-or-later
/* The link's state machine; what its actions do to the hardware is in bringup.c. */
#include "app/link.h"

#include "app/app.h"
#include "app/bringup.h"
#include "app/receive.h"
#include "lib/log.h"
#include "lib/mem.h"

#define STABLE_US	5000	/* light without a break before the receivers adapt to it */
#define REPORT_US	300000	/* waiting that long becomes a reason */
#define LOCK_US		200000	/* adaptation, before it is started anew */
#define ALIGN_US	50000	/* alignment, before its lack becomes a reason */
#define RETRY_US	1000000	/* errors: quiet time before the next attempt */
#define PATH_RETRY_US	5000000
#define SAME_LOSS_NS	1000000	/* what a loss shows within that time belongs together */

struct context {
	struct mo_app *app;
	struct mo_receive rx;
};

typedef bool (*guard_fn)(const struct context *ctx);
typedef void (*action_fn)(struct context *ctx);

static struct mo_link *link_of(const struct context *ctx)
{
	return &ctx->app->link;
}

static void timer(struct context *ctx, uint64_t after_us)
{
	mo_timers_set(&ctx->app->timers, MO_TIMER_LINK, ctx->app->now_us + after_us);
}

static void set_reason(struct context *ctx, enum mo_link_reason reason, uint32_t lanes)
{
	struct mo_link *link = link_of(ctx);

	if (link->state.reason != reason || link->state.reason_lanes != lanes)
		link->changed = true;
	link->state.reason = reason;
	link->state.reason_lanes = lanes;
}

/* Guards: what is wanted and what the module is */

static bool g_admin_down(const struct context *ctx)
{
	return !link_of(ctx)->state.admin_up;
}

static bool g_overheat(const struct context *ctx)
{
	return ctx->app->thermal.level == MO_THERMAL_ALARM;
}

static bool g_no_module(const struct context *ctx)
{
	return ctx->app->module.fsm == MO_MODULE_ABSENT;
}

static bool g_module_fault(const struct context *ctx)
{
	return ctx->app->module.fsm == MO_MODULE_FAULT;
}

static bool g_module_io(const struct context *ctx)
{
	return ctx->app->module.fsm == MO_MODULE_IO_ERROR;
}

static bool g_module_unknown(const struct context *ctx)
{
	return !mo_module_identified(&ctx->app->module);
}

static bool g_unsupported(const struct context *ctx)
{
	const struct mo_link *link = link_of(ctx);

	return !mo_link_choose(link->want_modes & mo_module_modes(&ctx->app->module),
			       link->want_fec);
}

static bool g_module_ready(const struct context *ctx)
{
	return ctx->app->module.fsm == MO_MODULE_READY;
}

static bool g_module_not_ready(const struct context *ctx)
{
	return !g_module_ready(ctx);
}

/* Guards: reception */

static bool g_dark(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_LIGHT;
}

static bool g_light(const struct context *ctx)
{
	return ctx->rx.step > MO_RX_LIGHT;
}

static bool g_light_stable(const struct context *ctx)
{
	const struct mo_link *link = link_of(ctx);

	return g_light(ctx) && link->stable_us &&
	       ctx->app->now_us >= link->stable_us + STABLE_US;
}

static bool g_unadapted(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_LOCK;
}

static bool g_adapt_failed(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_LOCK && ctx->rx.failed;
}

static bool g_adapted(const struct context *ctx)
{
	return ctx->rx.step > MO_RX_LOCK;
}

static bool g_unaligned(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_ALIGN;
}

static bool g_errors(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_ERRORS;
}

static bool g_aligned(const struct context *ctx)
{
	return ctx->rx.step > MO_RX_ERRORS;
}

static bool g_peer_waits(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_PEER;
}

static bool g_good(const struct context *ctx)
{
	return ctx->rx.step == MO_RX_GOOD;
}

/* Actions: getting going */

static void a_stop(struct context *ctx)
{
	mo_bringup_stop(ctx->app);
	mo_module_want(ctx->app, false);
	link_of(ctx)->started_us = 0;
	set_reason(ctx, MO_REASON_ADMIN_DOWN, 0);
}

static void fault(struct context *ctx, enum mo_link_reason reason)
{
	mo_bringup_stop(ctx->app);
	set_reason(ctx, reason, 0);
}

static void a_overheat(struct context *ctx)
{
	fault(ctx, MO_REASON_OVERHEAT);
	mo_module_want(ctx->app, false);
}

static void a_no_module(struct context *ctx)
{
	fault(ctx, MO_REASON_NO_MODULE);
	link_of(ctx)->started_us = 0;
}

static void a_module_fault(struct context *ctx)
{
	fault(ctx, MO_REASON_MODULE_FAULT);
}

static void a_module_io(struct context *ctx)
{
	fault(ctx, MO_REASON_MODULE_IO);
}

static void a_unsupported(struct context *ctx)
{
	fault(ctx, MO_REASON_MODULE_UNSUPPORTED);
}

static void started(struct context *ctx)
{
	if (!link_of(ctx)->started_us)
		link_of(ctx)->started_us = ctx->app->now_us;
}

static void a_module_init(struct context *ctx)
{
	uint16_t trouble = ctx->app->module.trouble;

	mo_bringup_stop(ctx->app);
	started(ctx);
	mo_module_want(ctx->app, true);
	/* A module that is being reset for its trouble keeps that as the reason. */
	set_reason(ctx, trouble ? (enum mo_link_reason)trouble : MO_REASON_MODULE_NOT_READY, 0);
}

static void a_start(struct context *ctx)
{
	struct mo_app *app = ctx->app;
	struct mo_link *link = link_of(ctx);

	mo_bringup_stop(app);
	started(ctx);
	mo_module_want(app, true);
	link->mode = mo_link_choose(link->want_modes & mo_module_modes(&app->module),
				    link->want_fec);
	mo_bringup_start(app);
	set_reason(ctx, MO_REASON_STARTING, 0);
}

static void a_path_failed(struct context *ctx)
{
	fault(ctx, ctx->app->dpath.rejected ? MO_REASON_MODULE_UNSUPPORTED :
	      ctx->app->module.fsm == MO_MODULE_IO_ERROR ? MO_REASON_MODULE_IO :
							   MO_REASON_MODULE_NOT_READY);
	timer(ctx, PATH_RETRY_US);
}

static void a_again(struct context *ctx)
{
	mo_link_event(ctx->app, MO_LINK_EV_BEGIN);
}

/* Actions: reception */

static void note_light(struct context *ctx)
{
	struct mo_link *link = link_of(ctx);

	if (!g_light(ctx)) {
		link->stable_us = 0;
		/* Without light nothing is being brought up; the clock starts with it. */
		link->started_us = 0;
		return;
	}
	if (!link->stable_us) {
		link->stable_us = ctx->app->now_us;
		started(ctx);
	}
}

static void a_wait_light(struct context *ctx)
{
	struct mo_link *link = link_of(ctx);

	link->stable_us = 0;
	link->report_us = ctx->app->now_us + REPORT_US;
	if (g_light(ctx)) {
		note_light(ctx);
		timer(ctx, STABLE_US);
	} else {
		timer(ctx, REPORT_US);
	}
}

static void a_watch_light(struct context *ctx)
{
	struct mo_link *link = link_of(ctx);

	note_light(ctx);
	if (link->stable_us)
		timer(ctx, STABLE_US);
	else if (ctx->app->now_us < link->report_us)
		timer(ctx, link->report_us - ctx->app->now_us);
	else
		mo_timers_stop(&ctx->app->timers, MO_TIMER_LINK);
}

static void a_report_dark(struct context *ctx)
{
	set_reason(ctx, MO_REASON_NO_LIGHT, ctx->rx.dark);
	link_of(ctx)->started_us = 0;
}

static void a_dark_again(struct context *ctx)
{
	struct mo_link_state *state = &link_of(ctx)->state;

	/* Later stages may notice first; what follows at once is the cause. */
	if (ctx->app->now_us * 1000 - state->changed_ns < SAME_LOSS_NS &&
	    (state->last_reason == MO_REASON_NO_ALIGN ||
	     state->last_reason == MO_REASON_NO_LOCK ||
	     state->last_reason == MO_REASON_FEC_UNCORR)) {
		state->last_reason = MO_REASON_NO_LIGHT;
		link_of(ctx)->changed = true;
	}
	set_reason(ctx, MO_REASON_NO_LIGHT, ctx->rx.dark);
	a_wait_light(ctx);
}

static void a_adapt(struct context *ctx)
{
	mo_bringup_adapt(ctx->app);
	timer(ctx, LOCK_US);
}

static void a_adapt_failed(struct context *ctx)
{
	set_reason(ctx, MO_REASON_ADAPT_FAILED, ctx->rx.failed);
	timer(ctx, LOCK_US);
}

static void a_adapt_again(struct context *ctx)
{
	if (ctx->rx.unlocked)
		set_reason(ctx, MO_REASON_NO_LOCK, ctx->rx.unlocked);
	a_adapt(ctx);
}

static void a_wait_align(struct context *ctx)
{
	mo_bringup_hold(ctx->app, true);
	timer(ctx, ALIGN_US);
}

static void a_no_align(struct context *ctx)
{
	const struct mo_receive *rx = &ctx->rx;
	const struct mo_link *link = link_of(ctx);

	/* Blocks on every lane, but markers on none: the partner codes differently. */
	if (rx->blocks == link->lanes && rx->unaligned == link->lanes)
		set_reason(ctx, MO_REASON_FEC_MISMATCH, rx->unaligned);
	else
		set_reason(ctx, MO_REASON_NO_ALIGN, rx->unaligned);
	timer(ctx, RETRY_US);
}

static void a_errors(struct context *ctx)
{
	set_reason(ctx, MO_REASON_FEC_UNCORR, 0);
	timer(ctx, RETRY_US);
}

static void a_wait_peer(struct context *ctx)
{
	mo_bringup_hold(ctx->app, false);
	timer(ctx, REPORT_US);
}

static void a_report_peer(struct context *ctx)
{
	uint8_t faults = mo_bringup_tx_faults(ctx->app);

	if (faults)
		set_reason(ctx, MO_REASON_TX_FAULT, faults);
	else
		set_reason(ctx, MO_REASON_REMOTE_FAULT, 0);
	timer(ctx, RETRY_US);
}

static void a_up(struct context *ctx)
{
	set_reason(ctx, MO_REASON_NONE, 0);
	mo_timers_stop(&ctx->app->timers, MO_TIMER_LINK);
	mo_bringup_up(ctx->app);
}

/* Actions: losses. The gate closes first. */

static void lost(struct context *ctx, enum mo_link_reason reason, uint32_t lanes)
{
	mo_bringup_down(ctx->app, reason);
	set_reason(ctx, reason, lanes);
}

static void a_lost_light(struct context *ctx)
{
	lost(ctx, MO_REASON_NO_LIGHT, ctx->rx.dark);
	mo_bringup_hold(ctx->app, true);
	a_wait_light(ctx);
}

static void a_lost_lock(struct context *ctx)
{
	lost(ctx, MO_REASON_NO_LOCK, ctx->rx.unadapted);
	mo_bringup_hold(ctx->app, true);
	a_adapt(ctx);
}

static void a_lost_align(struct context *ctx)
{
	lost(ctx, MO_REASON_NO_ALIGN, ctx->rx.unaligned);
	a_wait_align(ctx);
}

static void a_lost_errors(struct context *ctx)
{
	lost(ctx, MO_REASON_FEC_UNCORR, 0);
	mo_bringup_hold(ctx->app, true);
	timer(ctx, RETRY_US);
}

static void a_lost_peer(struct context *ctx)
{
	uint8_t faults = mo_bringup_tx_faults(ctx->app);

	lost(ctx, faults ? MO_REASON_TX_FAULT : MO_REASON_REMOTE_FAULT, faults);
	timer(ctx, RETRY_US);
}

#define ANY	0xff	/* every state */
#define LIVE	0xfe	/* DATAPATH .. UP: the module is in use */
#define SAME	0xff

static const struct link_row {
	uint8_t state;
	uint8_t event;
	guard_fn guard;
	action_fn action;
	uint8_t next;
} link_rows[] = {
	/* The first that is true decides where a start leads. */
	{ ANY, MO_LINK_EV_BEGIN, g_admin_down, a_stop, MO_LINK_OFF },
	{ ANY, MO_LINK_EV_BEGIN, g_overheat, a_overheat, MO_LINK_FAULT },
	{ ANY, MO_LINK_EV_BEGIN, g_no_module, a_no_module, MO_LINK_NO_MODULE },
	{ ANY, MO_LINK_EV_BEGIN, g_module_fault, a_module_fault, MO_LINK_FAULT },
	{ ANY, MO_LINK_EV_BEGIN, g_module_io, a_module_io, MO_LINK_FAULT },
	{ ANY, MO_LINK_EV_BEGIN, g_module_unknown, a_module_init, MO_LINK_MODULE_INIT },
	{ ANY, MO_LINK_EV_BEGIN, g_unsupported, a_unsupported, MO_LINK_FAULT },
	{ ANY, MO_LINK_EV_BEGIN, g_module_ready, a_start, MO_LINK_DATAPATH },
	{ ANY, MO_LINK_EV_BEGIN, NULL, a_module_init, MO_LINK_MODULE_POWER },

	{ MO_LINK_OFF, ANY, NULL, NULL, SAME },
	{ ANY, MO_LINK_EV_THERMAL, NULL, a_again, SAME },
	/* A module whose bus hangs goes on making light. */
	{ LIVE, MO_LINK_EV_MODULE, g_module_io, NULL, SAME },
	{ LIVE, MO_LINK_EV_MODULE, g_module_not_ready, a_again, SAME },
	{ LIVE, MO_LINK_EV_MODULE, NULL, NULL, SAME },
	{ ANY, MO_LINK_EV_MODULE, NULL, a_again, SAME },
	{ MO_LINK_FAULT, MO_LINK_EV_TIMER, NULL, a_again, SAME },
	{ LIVE, MO_LINK_EV_PATH_FAILED, NULL, a_path_failed, MO_LINK_FAULT },

	{ MO_LINK_DATAPATH, MO_LINK_EV_PATH_ACTIVE, NULL, a_wait_light, MO_LINK_WAIT_LIGHT },

	{ MO_LINK_WAIT_LIGHT, MO_LINK_EV_TIMER, g_light_stable, a_adapt, MO_LINK_WAIT_LOCK },
	{ MO_LINK_WAIT_LIGHT, MO_LINK_EV_TIMER, g_dark, a_report_dark, SAME },
	{ MO_LINK_WAIT_LIGHT, MO_LINK_EV_TIMER, NULL, a_watch_light, SAME },
	{ MO_LINK_WAIT_LIGHT, MO_LINK_EV_STATUS, NULL, a_watch_light, SAME },

	{ MO_LINK_WAIT_LOCK, MO_LINK_EV_STATUS, g_dark, a_dark_again, MO_LINK_WAIT_LIGHT },
	{ MO_LINK_WAIT_LOCK, MO_LINK_EV_STATUS, g_adapted, a_wait_align, MO_LINK_WAIT_ALIGN },
	{ MO_LINK_WAIT_LOCK, MO_LINK_EV_STATUS, g_adapt_failed, a_adapt_failed, SAME },
	{ MO_LINK_WAIT_LOCK, MO_LINK_EV_TIMER, NULL, a_adapt_again, SAME },

	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_STATUS, g_dark, a_dark_again, MO_LINK_WAIT_LIGHT },
	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_STATUS, g_unadapted, a_adapt, MO_LINK_WAIT_LOCK },
	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_STATUS, g_errors, a_errors, SAME },
	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_STATUS, g_aligned, a_wait_peer, MO_LINK_WAIT_PEER },
	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_TIMER, g_unaligned, a_no_align, SAME },
	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_TIMER, g_errors, a_adapt, MO_LINK_WAIT_LOCK },
	{ MO_LINK_WAIT_ALIGN, MO_LINK_EV_TIMER, g_aligned, a_wait_peer, MO_LINK_WAIT_PEER },

	{ MO_LINK_WAIT_PEER, MO_LINK_EV_STATUS, g_dark, a_lost_light, MO_LINK_WAIT_LIGHT },
	{ MO_LINK_WAIT_PEER, MO_LINK_EV_STATUS, g_unadapted, a_lost_lock, MO_LINK_WAIT_LOCK },
	{ MO_LINK_WAIT_PEER, MO_LINK_EV_STATUS, g_unaligned, a_lost_align, MO_LINK_WAIT_ALIGN },
	{ MO_LINK_WAIT_PEER, MO_LINK_EV_STATUS, g_errors, a_lost_errors, MO_LINK_WAIT_ALIGN },
	{ MO_LINK_WAIT_PEER, MO_LINK_EV_STATUS, g_good, a_up, MO_LINK_UP },
	{ MO_LINK_WAIT_PEER, MO_LINK_EV_TIMER, g_peer_waits, a_report_peer, SAME },

	{ MO_LINK_UP, MO_LINK_EV_STATUS, g_dark, a_lost_light, MO_LINK_WAIT_LIGHT },
	{ MO_LINK_UP, MO_LINK_EV_STATUS, g_unadapted, a_lost_lock, MO_LINK_WAIT_LOCK },
	{ MO_LINK_UP, MO_LINK_EV_STATUS, g_unaligned, a_lost_align, MO_LINK_WAIT_ALIGN },
	{ MO_LINK_UP, MO_LINK_EV_STATUS, g_errors, a_lost_errors, MO_LINK_WAIT_ALIGN },
	{ MO_LINK_UP, MO_LINK_EV_STATUS, g_peer_waits, a_lost_peer, MO_LINK_WAIT_PEER },
};

static const char *const state_names[] = {
#define X(name, value, text) [value] = #name,
	MO_LINK_FSM(X)
#undef X
};

static const char *const reason_names[] = {
#define X(name, value, ext, sub, blame, text) [value] = #name,
	MO_LINK_REASONS(X)
#undef X
};

static bool matches(const struct link_row *row, uint8_t state, uint8_t event)
{
	bool live = state >= MO_LINK_DATAPATH && state <= MO_LINK_UP;

	return (row->state == ANY || row->state == state || (row->state == LIVE && live)) &&
	       (row->event == ANY || row->event == event);
}

static void handle(struct mo_app *app, enum mo_link_event event)
{
	struct mo_link *link = &app->link;
	struct context ctx = { .app = app };
	uint8_t from = link->state.fsm;

	if (link->lasers)
		mo_receive_look(link->lanes, &ctx.rx);
	for (uint32_t i = 0; i < sizeof(link_rows) / sizeof(link_rows[0]); i++) {
		const struct link_row *row = &link_rows[i];

		if (!matches(row, from, (uint8_t)event) || (row->guard && !row->guard(&ctx)))
			continue;
		if (row->next != SAME && row->next != from) {
			/* A new state has timers of its own; the action sets them. */
			mo_timers_stop(&app->timers, MO_TIMER_LINK);
			link->state.fsm = row->next;
			link->changed = true;
		}
		if (row->action)
			row->action(&ctx);
		if (link->state.fsm != from) {
			uint16_t reason = link->state.reason;

			mo_recorder_add(&app->recorder, app->now_us * 1000, MO_RECORD_LINK,
					from, link->state.fsm, reason,
					link->state.reason_lanes);
			mo_log("link: %s -> %s (%s)", state_names[from],
			       state_names[link->state.fsm], reason_names[reason]);
			/* What the new state waits for may be there already. */
			if (link->lasers)
				link->posted[MO_LINK_EV_STATUS] = true;
		}
		return;
	}
}

void mo_link_event(struct mo_app *app, enum mo_link_event event)
{
	struct mo_link *link = &app->link;
	bool more = true;

	link->posted[event] = true;
	if (link->running)
		return;
	link->running = true;
	while (more) {
		more = false;
		for (uint32_t i = 0; i < MO_LINK_EV_COUNT; i++) {
			if (!link->posted[i])
				continue;
			link->posted[i] = false;
			handle(app, (enum mo_link_event)i);
			more = true;
			break; /* earlier ones first */
		}
	}
	link->running = false;
	mo_link_publish(app);
}

/* Lanes that `reason` is about now; 0: it is about the port, or is passing. */
static uint32_t lanes_of(const struct context *ctx, enum mo_link_reason reason)
{
	switch (reason) {
	case MO_REASON_NO_LIGHT:
		return ctx->rx.dark;
	case MO_REASON_NO_LOCK:
		return ctx->rx.unlocked ? ctx->rx.unlocked : ctx->rx.unadapted;
	case MO_REASON_ADAPT_FAILED:
		return ctx->rx.failed;
	case MO_REASON_NO_ALIGN:
	case MO_REASON_FEC_MISMATCH:
		return ctx->rx.unaligned;
	case MO_REASON_TX_FAULT:
		return mo_bringup_tx_faults(ctx->app);
	default:
		return 0;
	}
}

void mo_link_renew(struct mo_app *app)
{
	struct mo_link *link = &app->link;
	struct context ctx = { .app = app };
	uint32_t lanes;

	if (link->lasers) {
		mo_receive_look(link->lanes, &ctx.rx);
		lanes = lanes_of(&ctx, (enum mo_link_reason)link->state.reason);
		if (lanes)
			set_reason(&ctx, (enum mo_link_reason)link->state.reason, lanes);
	}
	if (link->state.lanes_ok != mo_link_lanes_ok(app))
		link->changed = true;
	mo_link_publish(app);
}

void mo_link_timer(struct mo_app *app)
{
	mo_link_event(app, MO_LINK_EV_TIMER);
}
