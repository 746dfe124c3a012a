/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rest of the driver asks of the datapath.
 */
#ifndef MO_NETDEV_H
#define MO_NETDEV_H

#include <linux/types.h>

struct mo_dev;
struct net_device;

/* The device is up. Allocates and registers the netdev. devl_lock held. */
int mo_net_create(struct mo_dev *md);
/* Unregisters and frees it; also on a dead device. devl_lock held. */
void mo_net_destroy(struct mo_dev *md);
/*
 * The device is about to be reset, or has gone: detaches the netdev, stops
 * traffic, frees what lives in the device (commands may fail) and keeps all
 * settings and counters. May come twice. devl_lock held, takes rtnl itself.
 */
void mo_net_detach(struct mo_dev *md);
/* The device is up again: replays settings and goes on. devl_lock held. */
int mo_net_attach(struct mo_dev *md);
/* MO_EVENT_QUEUE_ERROR or MO_EVENT_CQ_ERROR of @object. Process context, event_lock held. */
void mo_net_queue_error(struct mo_dev *md, u8 event, u32 object, u16 code);
/* The device behind a netdev, NULL if it is not ours. */
struct mo_dev *mo_net_to_dev(const struct net_device *netdev);

#endif /* MO_NETDEV_H */
