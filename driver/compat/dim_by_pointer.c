// SPDX-License-Identifier: GPL-2.0
/* Samples of interrupt moderation are passed by pointer. */
#include <linux/dim.h>

void probe(struct dim *dim, const struct dim_sample *sample);
void probe(struct dim *dim, const struct dim_sample *sample)
{
	net_dim(dim, sample);
}
