// SPDX-License-Identifier: GPL-2.0
/* Long IPv6 packets carry a jumbo option that drivers have to remove. */
#include <net/ipv6.h>

int probe(struct sk_buff *skb);

int probe(struct sk_buff *skb)
{
	return ipv6_hopopt_jumbo_remove(skb);
}
