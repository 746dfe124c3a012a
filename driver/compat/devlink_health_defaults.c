// SPDX-License-Identifier: GPL-2.0
/* struct devlink_health_reporter_ops carries the graceful period. */
#include <net/devlink.h>

const struct devlink_health_reporter_ops probe = { .default_graceful_period = 1 };
