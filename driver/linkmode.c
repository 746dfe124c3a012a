// SPDX-License-Identifier: GPL-2.0
/*
 * Link modes, FEC modes and reasons in ethtool's terms. Translates; link.c
 * keeps and sends.
 */
#include <linux/ethtool.h>
#include <linux/linkmode.h>

#include "mo.h"
#include "optics.h"

/* A link mode of the device, and ethtool's names of it by medium. */
struct mo_linkmode {
	u32 mode;
	u32 mbps;
	u8 lanes;
	u16 dr;
	u16 fr;
	u16 cr;
};

/* ethtool has no single-mode name for 25G and none for 800G over one pair. */
static const struct mo_linkmode mo_linkmodes[] = {
	{ MO_LM_25G_R1, 25000, 1, ETHTOOL_LINK_MODE_25000baseSR_Full_BIT,
	  ETHTOOL_LINK_MODE_25000baseSR_Full_BIT, ETHTOOL_LINK_MODE_25000baseCR_Full_BIT },
	{ MO_LM_50G_R1, 50000, 1, ETHTOOL_LINK_MODE_50000baseDR_Full_BIT,
	  ETHTOOL_LINK_MODE_50000baseLR_ER_FR_Full_BIT, ETHTOOL_LINK_MODE_50000baseCR_Full_BIT },
	{ MO_LM_100G_R1, 100000, 1, ETHTOOL_LINK_MODE_100000baseDR_Full_BIT,
	  ETHTOOL_LINK_MODE_100000baseLR_ER_FR_Full_BIT, ETHTOOL_LINK_MODE_100000baseCR_Full_BIT },
	{ MO_LM_200G_R2, 200000, 2, ETHTOOL_LINK_MODE_200000baseDR2_Full_BIT,
	  ETHTOOL_LINK_MODE_200000baseLR2_ER2_FR2_Full_BIT,
	  ETHTOOL_LINK_MODE_200000baseCR2_Full_BIT },
	{ MO_LM_400G_R4, 400000, 4, ETHTOOL_LINK_MODE_400000baseDR4_Full_BIT,
	  ETHTOOL_LINK_MODE_400000baseLR4_ER4_FR4_Full_BIT,
	  ETHTOOL_LINK_MODE_400000baseCR4_Full_BIT },
	{ MO_LM_800G_R8, 800000, 8, ETHTOOL_LINK_MODE_800000baseDR8_Full_BIT,
	  ETHTOOL_LINK_MODE_800000baseDR8_2_Full_BIT, ETHTOOL_LINK_MODE_800000baseCR8_Full_BIT },
};

/* A mode that the hardware interface gains needs its row above. */
#define X(name, bit, mbps, lanes, rate, fec) + 1
static_assert(ARRAY_SIZE(mo_linkmodes) == 0 MO_LINK_MODES(X));
#undef X

static void mo_linkmode_fill(unsigned long *mask, u32 modes, u8 media)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mo_linkmodes); i++) {
		const struct mo_linkmode *lm = &mo_linkmodes[i];

		if (!(modes & lm->mode))
			continue;
		if (media == MO_MEDIA_CR)
			__set_bit(lm->cr, mask);
		else if (media == MO_MEDIA_FR)
			__set_bit(lm->fr, mask);
		else
			__set_bit(lm->dr, mask);
	}
}

static void mo_linkmode_fill_fec(unsigned long *mask, u32 fec)
{
	if (fec & MO_FEC_OFF)
		__set_bit(ETHTOOL_LINK_MODE_FEC_NONE_BIT, mask);
	if (fec & MO_FEC_BASER)
		__set_bit(ETHTOOL_LINK_MODE_FEC_BASER_BIT, mask);
	if (fec & (MO_FEC_RS528 | MO_FEC_RS544))
		__set_bit(ETHTOOL_LINK_MODE_FEC_RS_BIT, mask);
}

/* Modes of the device that ethtool's mask names, whatever the medium. */
static u32 mo_linkmode_parse(const unsigned long *mask)
{
	u32 modes = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mo_linkmodes); i++) {
		const struct mo_linkmode *lm = &mo_linkmodes[i];

		if (test_bit(lm->dr, mask) || test_bit(lm->fr, mask) || test_bit(lm->cr, mask))
			modes |= lm->mode;
	}
	return modes;
}

/* Whether one of @modes can run with one of @fec, as the firmware will judge. */
static bool mo_linkmode_fits(u32 modes, u8 fec)
{
	u32 fits = 0;

#define X(name, bit, mbps, lanes, rate, def) \
	if (fec & (MO_FEC_AUTO | MO_RATE_FEC_##rate)) \
		fits |= MO_LM_##name;
	MO_LINK_MODES(X)
#undef X
	return modes & fits;
}

/* FEC that at least one of @modes can run with. */
static u8 mo_linkmode_fec(u32 modes)
{
	u8 fec = 0;

#define X(name, bit, mbps, lanes, rate, def) \
	if (modes & MO_LM_##name) \
		fec |= MO_RATE_FEC_##rate;
	MO_LINK_MODES(X)
#undef X
	return fec;
}

/* Modes of the port that its module has too; all while none has said what it can do. */
static u32 mo_linkmode_usable(const struct mo_mb_link_caps *caps)
{
	u32 modes = le32_to_cpu(caps->port_modes);

	return caps->module_modes ? modes & le32_to_cpu(caps->module_modes) : modes;
}

int mo_link_get_ksettings(struct mo_dev *md, struct ethtool_link_ksettings *ks)
{
	struct mo_mb_link_caps caps = {};
	struct mo_link_state ls;
	u32 modes, want;
	u8 want_fec, fec;

	ethtool_link_ksettings_zero_link_mode(ks, supported);
	ethtool_link_ksettings_zero_link_mode(ks, advertising);
	ethtool_link_ksettings_zero_link_mode(ks, lp_advertising);

	/* Without firmware nothing is known, and the link is down. */
	mo_optics_get(md, caps, &caps, NULL);
	mo_link_requested(md, &want, &want_fec);
	modes = mo_linkmode_usable(&caps);

	mo_linkmode_fill(ks->link_modes.supported, modes, caps.media);
	/* Of the module's modes, too: others could not be had. */
	fec = caps.port_fec & mo_linkmode_fec(modes);
	mo_linkmode_fill_fec(ks->link_modes.supported, fec);
	mo_linkmode_fill(ks->link_modes.advertising, want ? modes & want : modes, caps.media);
	mo_linkmode_fill_fec(ks->link_modes.advertising,
			     want_fec && !(want_fec & MO_FEC_AUTO) ? want_fec : fec);
	ethtool_link_ksettings_add_link_mode(ks, supported,
					     FIBRE);
	ethtool_link_ksettings_add_link_mode(ks, advertising, FIBRE);

	switch (caps.media) {
	case MO_MEDIA_CR:
		ks->base.port = PORT_DA;
		break;
	case MO_MEDIA_NONE:
		ks->base.port = PORT_NONE;
		break;
	default:
		ks->base.port = PORT_FIBRE;
		break;
	}
	ks->base.autoneg = AUTONEG_DISABLE;

	mo_link_get(md, &ls);
	if (ls.carrier) {
		ks->base.speed = le32_to_cpu(ls.speed_mbps);
		ks->base.duplex = DUPLEX_FULL;
		ks->lanes = ls.lanes;
	} else {
		ks->base.speed = SPEED_UNKNOWN;
		ks->base.duplex = DUPLEX_UNKNOWN;
		ks->lanes = 0;
	}
	return 0;
}

/* Modes of a speed and a number of lanes; 0 is any. */
static u32 mo_linkmode_at(u32 mbps, u32 lanes)
{
	u32 modes = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mo_linkmodes); i++) {
		const struct mo_linkmode *lm = &mo_linkmodes[i];

		if ((!mbps || lm->mbps == mbps) && (!lanes || lm->lanes == lanes))
			modes |= lm->mode;
	}
	return modes;
}

/*
 * Optical links do not negotiate: a speed, or a mask of modes of which the
 * firmware takes the fastest that fits, is what can be asked for; a number of
 * lanes narrows either. A mask with everything that the module can do leaves
 * nothing out, also of what the next module can do.
 *
 * ethtool changes what it was told of last, so @ks has both: what differs from
 * that is what the user asks for. Of a link that is up it has a speed even if
 * nobody asked for one.
 */
int mo_link_set_ksettings(struct mo_dev *md, const struct ethtool_link_ksettings *ks)
{
	struct ethtool_link_ksettings old = {};
	u32 modes, possible, usable, advertised, want;
	struct mo_mb_link_caps caps;
	bool new_mask, speed;
	u8 want_fec;
	int err;

	if (ks->base.autoneg == AUTONEG_ENABLE)
		return -EINVAL;
	err = mo_optics_get(md, caps, &caps, NULL);
	if (err)
		return err;
	possible = le32_to_cpu(caps.port_modes);
	usable = mo_linkmode_usable(&caps);

	mo_link_get_ksettings(md, &old);
	advertised = mo_linkmode_parse(ks->link_modes.advertising);
	new_mask = advertised != mo_linkmode_parse(old.link_modes.advertising);
	speed = ks->base.speed && ks->base.speed != (u32)SPEED_UNKNOWN;
	if (speed && new_mask && ks->base.speed == old.base.speed && !ks->lanes)
		speed = false;

	modes = possible & mo_linkmode_at(speed ? ks->base.speed : 0, ks->lanes);
	if ((new_mask || !speed) && (advertised & usable) != usable)
		modes &= advertised;
	if (!modes)
		return -EINVAL;
	mo_link_requested(md, &want, &want_fec);
	if (!mo_linkmode_fits(modes, want_fec ?: MO_FEC_AUTO))
		return -EOPNOTSUPP;
	mo_link_set_modes(md, modes);
	return 0;
}

static u32 mo_fec_to_ethtool(u8 fec)
{
	u32 mask = 0;

	if (fec & MO_FEC_AUTO)
		mask |= ETHTOOL_FEC_AUTO;
	if (fec & MO_FEC_OFF)
		mask |= ETHTOOL_FEC_OFF;
	if (fec & MO_FEC_BASER)
		mask |= ETHTOOL_FEC_BASER;
	if (fec & (MO_FEC_RS528 | MO_FEC_RS544))
		mask |= ETHTOOL_FEC_RS;
	return mask;
}

int mo_link_get_fecparam(struct mo_dev *md, struct ethtool_fecparam *fec)
{
	struct mo_link_state ls;
	u8 want_fec;
	u32 want;

	mo_link_get(md, &ls);
	mo_link_requested(md, &want, &want_fec);
	fec->fec = mo_fec_to_ethtool(want_fec ?: MO_FEC_AUTO);
	fec->active_fec = ls.carrier ? mo_fec_to_ethtool(ls.fec) : ETHTOOL_FEC_NONE;
	return 0;
}

int mo_link_set_fecparam(struct mo_dev *md, const struct ethtool_fecparam *fec)
{
	struct mo_mb_link_caps caps;
	u8 mask = 0, want_fec;
	u32 want;
	int err;

	if (fec->fec & ~(u32)(ETHTOOL_FEC_AUTO | ETHTOOL_FEC_OFF | ETHTOOL_FEC_BASER |
			      ETHTOOL_FEC_RS))
		return -EOPNOTSUPP;
	err = mo_optics_get(md, caps, &caps, NULL);
	if (err)
		return err;
	if (fec->fec & ETHTOOL_FEC_OFF)
		mask |= MO_FEC_OFF;
	if (fec->fec & ETHTOOL_FEC_BASER)
		mask |= MO_FEC_BASER;
	if (fec->fec & ETHTOOL_FEC_RS)
		mask |= MO_FEC_RS528 | MO_FEC_RS544;
	mask &= caps.port_fec;
	if (fec->fec & ETHTOOL_FEC_AUTO)
		mask |= MO_FEC_AUTO;
	mo_link_requested(md, &want, &want_fec);
	if (!mo_linkmode_fits(want ?: mo_linkmode_usable(&caps), mask))
		return -EOPNOTSUPP;
	mo_link_set_fec(md, mask);
	return 0;
}

/* A reason without a counterpart in ethtool. */
#define MO_EXT_NONE			0xff
#define ETHTOOL_LINK_EXT_STATE_NONE	MO_EXT_NONE
#define ETHTOOL_LINK_EXT_SUBSTATE_NONE	0

static const struct {
	u8 state;
	u8 substate;
} mo_ext_states[] = {
#define X(name, value, ext, sub, blame, text) \
	[value] = { ETHTOOL_LINK_EXT_STATE_##ext, ETHTOOL_LINK_EXT_SUBSTATE_##sub },
	MO_LINK_REASONS(X)
#undef X
};

/**
 * mo_link_get_ext_state() - why there is no link
 * @md: device
 * @info: gets state and substate
 *
 * Return: 0, -ENODATA when ethtool has no word for it.
 */
int mo_link_get_ext_state(struct mo_dev *md, struct ethtool_link_ext_state_info *info)
{
	struct mo_link_state ls;
	u16 reason;

	mo_link_get(md, &ls);
	reason = le16_to_cpu(ls.reason);
	if (ls.carrier || reason >= ARRAY_SIZE(mo_ext_states) ||
	    mo_ext_states[reason].state == MO_EXT_NONE)
		return -ENODATA;
	info->link_ext_state = mo_ext_states[reason].state;
	info->__link_ext_substate = mo_ext_states[reason].substate;
	return 0;
}
