// SPDX-License-Identifier: GPL-2.0
/*
 * Board sensors for hwmon. Which there are, and what they show, the firmware
 * publishes.
 */
#include <linux/hwmon.h>

#include "mo.h"
#include "hwmon.h"
#include "optics.h"

#define MO_HWMON_KINDS		6	/* one more than the largest */
#define MO_HWMON_LABEL		(sizeof_field(struct mo_mb_sensor, label) + 1)

/* hwmon's type of each kind of sensor, attributes, and units per hwmon unit. */
static const struct mo_hwmon_type {
	enum hwmon_sensor_types type;
	u32 config;
	u32 limits;
	u32 div;
} mo_hwmon_types[MO_HWMON_KINDS] = {
	[MO_SENSOR_TEMP] = { hwmon_temp, HWMON_T_INPUT | HWMON_T_LABEL,
			     HWMON_T_MAX | HWMON_T_CRIT, 1 },
	[MO_SENSOR_VOLT] = { hwmon_in, HWMON_I_INPUT | HWMON_I_LABEL,
			     HWMON_I_MAX | HWMON_I_CRIT, 1 },
	[MO_SENSOR_POWER] = { hwmon_power, HWMON_P_INPUT | HWMON_P_LABEL,
			      HWMON_P_MAX | HWMON_P_CRIT, 1 },
	[MO_SENSOR_ENERGY] = { hwmon_energy, HWMON_E_INPUT | HWMON_E_LABEL, 0, 1 },
	[MO_SENSOR_CURRENT] = { hwmon_curr, HWMON_C_INPUT | HWMON_C_LABEL,
				HWMON_C_MAX | HWMON_C_CRIT, 1000 },
};

/**
 * struct mo_hwmon - sensors of a device
 * @md: device
 * @values: what there was at registration, for the layout
 * @labels: the sensors' names, which stay what they were at first
 * @index: sensor of a kind and channel
 * @config: attributes per channel, zero-terminated
 * @info: a channel group per kind
 * @infos: pointers to those in use, NULL-terminated
 * @chip: for the hwmon core
 */
struct mo_hwmon {
	struct mo_dev *md;
	struct mo_mb_sensors values;
	char labels[MO_SENSORS_MAX][MO_HWMON_LABEL];
	u8 index[MO_HWMON_KINDS][MO_SENSORS_MAX];
	u32 config[MO_HWMON_KINDS][MO_SENSORS_MAX + 1];
	struct hwmon_channel_info info[MO_HWMON_KINDS];
	const struct hwmon_channel_info *infos[MO_HWMON_KINDS];
	struct hwmon_chip_info chip;
};

static int mo_hwmon_kind(enum hwmon_sensor_types type)
{
	int kind;

	for (kind = 1; kind < MO_HWMON_KINDS; kind++)
		if (mo_hwmon_types[kind].type == type)
			return kind;
	return -EOPNOTSUPP;
}

/* A sensor's values, as published last. */
static int mo_hwmon_get(struct mo_hwmon *hw, unsigned int i, struct mo_mb_sensor *sensor)
{
	struct mo_mb_sensors *fresh;
	int err;

	fresh = kmalloc_obj(*fresh);
	if (!fresh)
		return -ENOMEM;
	err = mo_optics_get(hw->md, sensors, fresh, NULL);
	if (!err && (i >= MO_SENSORS_MAX || i >= le32_to_cpu(fresh->count)))
		err = -ENODATA;
	if (!err)
		*sensor = fresh->sensor[i];
	kfree(fresh);
	return err;
}

static umode_t mo_hwmon_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				int channel)
{
	return 0444;
}

static int mo_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			 int channel, long *val)
{
	struct mo_hwmon *hw = dev_get_drvdata(dev);
	int kind = mo_hwmon_kind(type), err;
	struct mo_mb_sensor sensor;
	s64 value;

	if (kind < 0)
		return kind;
	err = mo_hwmon_get(hw, hw->index[kind][channel], &sensor);
	if (err)
		return err;
	/* Another firmware may have other sensors. */
	if (sensor.kind != kind)
		return -ENODATA;
	/* Attributes have the same order in all kinds only by name. */
	if ((type == hwmon_temp && attr == hwmon_temp_max) ||
	    (type == hwmon_in && attr == hwmon_in_max) ||
	    (type == hwmon_power && attr == hwmon_power_max) ||
	    (type == hwmon_curr && attr == hwmon_curr_max)) {
		value = (s32)le32_to_cpu(sensor.high);
	} else if ((type == hwmon_temp && attr == hwmon_temp_crit) ||
		   (type == hwmon_in && attr == hwmon_in_crit) ||
		   (type == hwmon_power && attr == hwmon_power_crit) ||
		   (type == hwmon_curr && attr == hwmon_curr_crit)) {
		value = (s32)le32_to_cpu(sensor.critical);
	} else {
		if (sensor.flags & MO_SENSOR_F_ABSENT)
			return -ENODATA;
		value = (s64)le64_to_cpu(sensor.value);
	}
	*val = div_s64(value, mo_hwmon_types[kind].div);
	return 0;
}

static int mo_hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				int channel, const char **str)
{
	struct mo_hwmon *hw = dev_get_drvdata(dev);
	int kind = mo_hwmon_kind(type);

	if (kind < 0)
		return kind;
	*str = hw->labels[hw->index[kind][channel]];
	return 0;
}

static const struct hwmon_ops mo_hwmon_ops = {
	.is_visible = mo_hwmon_visible,
	.read = mo_hwmon_read,
	.read_string = mo_hwmon_read_string,
};

/* Channel groups from the firmware's list; sensors of unknown kinds are left out. */
static void mo_hwmon_layout(struct mo_hwmon *hw)
{
	u32 i, count = min_t(u32, le32_to_cpu(hw->values.count), MO_SENSORS_MAX);
	unsigned int n[MO_HWMON_KINDS] = {};
	unsigned int kind, groups = 0;

	hw->values.count = cpu_to_le32(count);
	for (i = 0; i < count; i++) {
		const struct mo_mb_sensor *sensor = &hw->values.sensor[i];
		const struct mo_hwmon_type *type;

		kind = sensor->kind;
		if (!kind || kind >= MO_HWMON_KINDS)
			continue;
		type = &mo_hwmon_types[kind];
		/* The firmware may have left out the NUL. */
		memcpy(hw->labels[i], sensor->label, sizeof(sensor->label));
		hw->index[kind][n[kind]] = i;
		hw->config[kind][n[kind]] = type->config;
		if (sensor->high || sensor->critical)
			hw->config[kind][n[kind]] |= type->limits;
		n[kind]++;
	}
	for (kind = 1; kind < MO_HWMON_KINDS; kind++) {
		if (!n[kind])
			continue;
		hw->info[kind].type = mo_hwmon_types[kind].type;
		hw->info[kind].config = hw->config[kind];
		hw->infos[groups++] = &hw->info[kind];
	}
	hw->chip.ops = &mo_hwmon_ops;
	hw->chip.info = hw->infos;
}

/**
 * mo_hwmon_init() - register the sensors, once there is firmware to ask
 * @md: device; devl_lock held
 *
 * Sensors are a service, not a need: failure is said and goes on.
 */
void mo_hwmon_init(struct mo_dev *md)
{
	struct mo_hwmon *hw;
	struct device *dev;
	int err;

	if (md->hwmon || !READ_ONCE(md->mgmt.usable))
		return;
	hw = kzalloc_obj(*hw);
	if (!hw)
		return;
	hw->md = md;
	err = mo_optics_get(md, sensors, &hw->values, NULL);
	if (err)
		goto free;
	mo_hwmon_layout(hw);
	if (!hw->infos[0])
		goto free;
	dev = hwmon_device_register_with_info(md->dev, MO_DRV_NAME, hw, &hw->chip, NULL);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto free;
	}
	md->hwmon = dev;
	md->hwmon_data = hw;
	return;

free:
	if (err)
		dev_warn(md->dev, "no sensors: %pe\n", ERR_PTR(err));
	kfree(hw);
}

void mo_hwmon_exit(struct mo_dev *md)
{
	if (!md->hwmon)
		return;
	hwmon_device_unregister(md->hwmon);
	kfree(md->hwmon_data);
	md->hwmon = NULL;
	md->hwmon_data = NULL;
}
