// SPDX-License-Identifier: GPL-2.0
/* A device can tell that its DMA mappings need no unmapping. */
#include <linux/dma-mapping.h>

bool probe(struct device *dev);
bool probe(struct device *dev)
{
	return dma_need_unmap(dev);
}
