// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "fake_kernel.hpp"
#include "ofctl/client.hpp"

namespace mo::ofctl {
namespace {

struct ClientTest : testing::Test {
    test::KernelState kernel;
    Client client{std::make_unique<test::FakeKernel>(kernel)};
};

TEST_F(ClientTest, ReadsDevices) {
    const auto devices = client.devices();
    ASSERT_TRUE(devices);
    ASSERT_EQ(devices->size(), 1U);
    EXPECT_EQ(devices->front().handle(), "pci/0000:01:00.0");
    EXPECT_EQ(devices->front().serial, "MO-0001");
    ASSERT_EQ(devices->front().versions.size(), 1U);
    EXPECT_EQ(devices->front().versions[0].running, "1.2.3");
    ASSERT_EQ(devices->front().reporters.size(), 1U);
    EXPECT_TRUE(devices->front().reporters[0].healthy);
    EXPECT_EQ(devices->front().reporters[0].errors, 2U);
    EXPECT_EQ(devices->front().netdevs, std::vector<std::string>{"ens3"});
}

TEST_F(ClientTest, IgnoresOtherDrivers) {
    kernel.driver_name = "mlx5_core";
    const auto devices = client.devices();
    ASSERT_TRUE(devices);
    EXPECT_TRUE(devices->empty());
    const auto ports = client.ports(false);
    ASSERT_TRUE(ports);
    EXPECT_TRUE(ports->empty());
}

TEST_F(ClientTest, NoDriverIsAnEmptyList) {
    kernel.driver = false;
    const auto devices = client.devices();
    ASSERT_TRUE(devices);
    EXPECT_TRUE(devices->empty());
}

TEST_F(ClientTest, ReadsPorts) {
    const auto ports = client.ports(true);
    ASSERT_TRUE(ports) << ports.error().text;
    ASSERT_EQ(ports->size(), 1U);
    const auto& port = ports->front();
    EXPECT_EQ(port.ifname, "ens3");
    EXPECT_EQ(port.address, "02:4d:4f:00:00:01");
    EXPECT_EQ(port.speed_mbps, 800000U);
    EXPECT_EQ(port.lanes, 8U);
    EXPECT_EQ(port.fec_active, "rs");
    EXPECT_EQ(port.operstate, "up");
    EXPECT_EQ(port.link_state, "UP");
    EXPECT_FALSE(port.reason);
    ASSERT_TRUE(port.statistics);
    EXPECT_EQ(port.statistics->rx_packets, 11U);
    EXPECT_EQ(port.statistics->tx_bytes, 22U);
}

TEST_F(ClientTest, ReadsPortsWhoseDeviceIsInAnotherNetworkNamespace) {
    // The interface was moved: devlink has nothing here.
    kernel.devlink = false;
    const auto ports = client.ports(false);
    ASSERT_TRUE(ports) << ports.error().text;
    ASSERT_EQ(ports->size(), 1U);
    EXPECT_EQ(ports->front().ifname, "ens3");
    EXPECT_EQ(ports->front().device, "pci/0000:01:00.0");
    EXPECT_EQ(ports->front().link_state, "UP");
}

TEST_F(ClientTest, ReadsPortsOfADriverThatWasLoadedAnew) {
    ASSERT_TRUE(client.ports(false));
    kernel.optical_id = 31;
    const auto ports = client.ports(false);
    ASSERT_TRUE(ports) << ports.error().text;
    EXPECT_EQ(ports->size(), 1U);
}

TEST_F(ClientTest, ReadsPortsWhoseDeviceIsDead) {
    kernel.detached = true;
    const auto ports = client.ports(false);
    ASSERT_TRUE(ports) << ports.error().text;
    ASSERT_EQ(ports->size(), 1U);
    EXPECT_EQ(ports->front().ifname, "ens3");
    EXPECT_FALSE(ports->front().present);
}

TEST_F(ClientTest, UnknownSpeedIsAbsentAndReasonPresentWhenDown) {
    kernel.carrier = false;
    const auto ports = client.ports(false);
    ASSERT_TRUE(ports);
    EXPECT_FALSE(ports->front().speed_mbps);
    EXPECT_EQ(ports->front().ext_state, "Bad signal integrity");
    EXPECT_EQ(ports->front().ext_substate, "SerDes analog loss of signal");
    EXPECT_EQ(ports->front().reason, "no light on one or more lanes");
    EXPECT_EQ(ports->front().blame, "fiber");
    EXPECT_EQ(ports->front().reason_lanes, 0x81U);
}

TEST_F(ClientTest, ReadsLanes) {
    const auto ports = client.ports(false);
    const auto lanes = client.lanes(ports->front());
    ASSERT_TRUE(lanes);
    EXPECT_EQ(lanes->time_ns, 1234U);
    EXPECT_EQ(lanes->age_ns, 250'000'000U);
    ASSERT_EQ(lanes->lanes.size(), 8U);
    const auto& lane = lanes->lanes[5];
    EXPECT_EQ(lane.state, "degraded");
    EXPECT_EQ(lane.flags, std::vector<std::string>{"rx-power-low-warn"});
    EXPECT_DOUBLE_EQ(*lane.pre_fec_ber(), 9e-5);
    EXPECT_EQ(lane.snr_mdb, 18300);
    EXPECT_FALSE(lane.bias_ua);
}

TEST_F(ClientTest, NoModuleIsNotAnError) {
    kernel.module = false;
    const auto ports = client.ports(false);
    const auto module = client.module(ports->front());
    ASSERT_TRUE(module);
    EXPECT_FALSE(module->present);
}

TEST_F(ClientTest, ReadsFlagsOfNowBehindTheLatchedOnes) {
    kernel.eeprom = {{0, 0x19}, {9, 0x01}, {0x1100 | 147, 0x81}};
    kernel.flags_now = {{0x1100 | 147, 0x80}};
    const auto ports = client.ports(false);
    const auto module = client.module(ports->front());
    ASSERT_TRUE(module) << module.error().text;
    ASSERT_EQ(module->lanes.size(), 8U);
    const std::vector<std::string> none, los = {"rx-los"};
    EXPECT_EQ(module->flags, none);
    EXPECT_EQ(module->latched, std::vector<std::string>{"temp-high-alarm"});
    EXPECT_EQ(module->lanes[0].flags, none);
    EXPECT_EQ(module->lanes[0].latched, los);
    EXPECT_EQ(module->lanes[7].flags, los);
    EXPECT_EQ(module->lanes[7].latched, none);
}

TEST_F(ClientTest, SetsAllOrNothing) {
    const auto ports = client.ports(false);
    PortChange change;
    change.speed_mbps = 400000;
    change.fec = "rs";
    change.admin_up = false;
    ASSERT_TRUE(client.set_port(ports->front(), change));
    EXPECT_EQ(kernel.writes, (std::vector<std::string>{"speed 400000", "fec RS", "down"}));

    kernel.writes.clear();
    kernel.speed = 800000;
    kernel.advertised = kernel.modes;
    kernel.refuse_fec = true;
    const auto refused = client.set_port(ports->front(), change);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EINVAL);
    EXPECT_EQ(refused.error().text, "FEC cannot be changed at this speed");
    EXPECT_EQ(kernel.speed, 800000U) << "the speed must be taken back";
    EXPECT_FALSE(kernel.admin_up) << "left as it was before the second call";
}

TEST_F(ClientTest, TakesBackTheSetOfModesAlsoWithTheLinkDown) {
    kernel.refuse_fec = true;
    PortChange change;
    change.speed_mbps = 100000;
    change.fec = "rs";
    for (const bool carrier : {false, true}) {
        for (const auto& modes : {std::vector<std::string>{"400000baseDR4/Full"},
                                  {"400000baseDR4/Full", "800000baseDR8/Full", "FIBRE"},
                                  kernel.modes}) {
            kernel.carrier = carrier;
            kernel.advertised = modes;
            const auto ports = client.ports(false);
            ASSERT_TRUE(ports);
            EXPECT_FALSE(client.set_port(ports->front(), change));
            EXPECT_EQ(kernel.advertised, modes) << (carrier ? "up" : "down");
        }
    }
}

TEST_F(ClientTest, LanesAloneChooseAmongAllModes) {
    for (const bool carrier : {false, true}) {
        kernel.carrier = carrier;
        kernel.writes.clear();
        const auto ports = client.ports(false);
        PortChange change;
        change.lanes = 4;
        ASSERT_TRUE(client.set_port(ports->front(), change));
        EXPECT_EQ(kernel.writes, (std::vector<std::string>{"modes", "lanes 4"}))
            << "a speed of now would exclude the modes of that many lanes";
    }
}

TEST_F(ClientTest, PermissionIsTheKernelsAnswer) {
    const auto ports = client.ports(false);
    kernel.permitted = false;
    PortChange change;
    change.admin_up = true;
    const auto refused = client.set_port(ports->front(), change);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EPERM);
    EXPECT_TRUE(refused.error().kernel);
}

TEST(Events, CarrierChangesAndOpticalNews) {
    test::KernelState kernel;
    auto owned = std::make_unique<test::FakeKernel>(kernel);
    auto& transport = *owned;
    Client client(std::move(owned));
    ASSERT_TRUE(client.watch());
    transport.pending.push_back(
        {NETLINK_ROUTE, test::FakeKernel::link_message(RTM_NEWLINK, true, true)});
    transport.pending.push_back(
        {NETLINK_ROUTE, test::FakeKernel::link_message(RTM_NEWLINK, true, false)});
    auto news = test::FakeKernel::genl(test::optical_id, MESH_OPTICAL_CMD_PORT_NTF);
    news.put_u32(MESH_OPTICAL_A_PORT_IFINDEX, test::ifindex)
        .put_text(MESH_OPTICAL_A_PORT_STATE, "WAIT_LIGHT")
        .put_text(MESH_OPTICAL_A_PORT_REASON, "no light on one or more lanes");
    transport.pending.push_back({NETLINK_GENERIC, std::move(news).finish()});
    const auto events = client.events(std::chrono::milliseconds(0));
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 2U);
    EXPECT_EQ((*events)[0].what, "link-down");
    EXPECT_EQ((*events)[0].name, "ens3");
    EXPECT_EQ((*events)[1].object, "port");
    EXPECT_EQ((*events)[1].details[0].second, "WAIT_LIGHT");
}

struct EventsTest : ClientTest {
    test::FakeKernel* transport = nullptr;
    std::unique_ptr<Client> watcher;

    EventsTest() {
        auto owned = std::make_unique<test::FakeKernel>(kernel);
        transport = owned.get();
        watcher = std::make_unique<Client>(std::move(owned));
        EXPECT_TRUE(watcher->watch());
    }
    void devlink_news(std::uint8_t command, const char* device) {
        auto news = test::FakeKernel::genl(test::devlink_id, command);
        news.put_text(DEVLINK_ATTR_BUS_NAME, "pci").put_text(DEVLINK_ATTR_DEV_NAME, device);
        if (command == DEVLINK_CMD_HEALTH_REPORTER_RECOVER) {
            news.begin(DEVLINK_ATTR_HEALTH_REPORTER)
                .put_text(DEVLINK_ATTR_HEALTH_REPORTER_NAME, "fw")
                .put_u8(DEVLINK_ATTR_HEALTH_REPORTER_STATE, 1)
                .end();
        }
        transport->pending.push_back({NETLINK_GENERIC, std::move(news).finish()});
    }
    void link_news(std::uint16_t type, bool carrier, int index, const char* name) {
        transport->pending.push_back(
            {NETLINK_ROUTE, test::FakeKernel::link_message(type, true, carrier, index, name)});
    }
    /// "object name what" of each event.
    std::vector<std::string> events() {
        const auto got = watcher->events(std::chrono::milliseconds(0));
        EXPECT_TRUE(got);
        std::vector<std::string> lines;
        for (const auto& event : *got) {
            lines.push_back(event.object + " " + event.name + " " + event.what);
        }
        return lines;
    }
};

TEST_F(EventsTest, OtherDriversDevicesAreNotReported) {
    kernel.other_drivers["0000:02:00.0"] = "netdevsim";
    for (const auto command :
         {DEVLINK_CMD_NEW, DEVLINK_CMD_HEALTH_REPORTER_RECOVER, DEVLINK_CMD_FLASH_UPDATE_STATUS,
          DEVLINK_CMD_FLASH_UPDATE_END, DEVLINK_CMD_DEL}) {
        devlink_news(static_cast<std::uint8_t>(command), "0000:02:00.0");
    }
    devlink_news(DEVLINK_CMD_FLASH_UPDATE_END, "0000:01:00.0");
    EXPECT_EQ(events(), (std::vector<std::string>{"fw pci/0000:01:00.0 flash-end"}));
}

TEST_F(EventsTest, DevicesThatComeLaterAreReported) {
    kernel.other_drivers["0000:03:00.0"] = "mesh_optical";
    devlink_news(DEVLINK_CMD_NEW, "0000:03:00.0");
    devlink_news(DEVLINK_CMD_HEALTH_REPORTER_RECOVER, "0000:03:00.0");
    EXPECT_EQ(events(), (std::vector<std::string>{"dev pci/0000:03:00.0 added",
                                                  "fw pci/0000:03:00.0 error"}));
    kernel.other_drivers.clear();
    devlink_news(DEVLINK_CMD_DEL, "0000:03:00.0");
    EXPECT_EQ(events(), (std::vector<std::string>{"dev pci/0000:03:00.0 removed"}));
}

TEST_F(EventsTest, PortsThatComeLaterAreReported) {
    kernel.other_drivers["0000:03:00.0"] = "mesh_optical";
    kernel.other_ports[7] = {"0000:03:00.0", "eth0"};
    link_news(RTM_NEWLINK, false, 7, "eth0");
    link_news(RTM_NEWLINK, false, 7, "ens4");
    link_news(RTM_NEWLINK, true, 7, "ens4");
    EXPECT_EQ(events(), (std::vector<std::string>{"port eth0 added", "port ens4 renamed",
                                                  "port ens4 link-up"}));
    link_news(RTM_DELLINK, false, 7, "ens4");
    EXPECT_EQ(events(), (std::vector<std::string>{"port ens4 removed"}));
}

TEST_F(EventsTest, LaneEventsNameTheirLanes) {
    auto news = test::FakeKernel::genl(test::optical_id, MESH_OPTICAL_CMD_PORT_NTF);
    news.put_u32(MESH_OPTICAL_A_PORT_IFINDEX, test::ifindex)
        .put_text(MESH_OPTICAL_A_PORT_STATE, "UP")
        .put_u32(MESH_OPTICAL_A_PORT_LANES_CHANGED, 0x88);
    transport->pending.push_back({NETLINK_GENERIC, std::move(news).finish()});
    const auto got = watcher->events(std::chrono::milliseconds(0));
    ASSERT_TRUE(got);
    ASSERT_EQ(got->size(), 1U);
    EXPECT_EQ(got->front().object, "lane");
    EXPECT_EQ(got->front().name, "ens3");
    EXPECT_EQ(got->front().what, "quality");
    EXPECT_EQ(got->front().lanes, (std::vector<std::uint32_t>{3, 7}));
}

TEST_F(EventsTest, ADriverThatIsLoadedAnewIsHeardAgain) {
    // As modprobe -r and modprobe: the family has another number.
    devlink_news(DEVLINK_CMD_DEL, "0000:01:00.0");
    EXPECT_EQ(events(), (std::vector<std::string>{"dev pci/0000:01:00.0 removed"}));
    kernel.optical_id = 31;
    devlink_news(DEVLINK_CMD_NEW, "0000:01:00.0");
    EXPECT_EQ(events(), (std::vector<std::string>{"dev pci/0000:01:00.0 added"}));
    auto news = test::FakeKernel::genl(kernel.optical_id, MESH_OPTICAL_CMD_PORT_NTF);
    news.put_u32(MESH_OPTICAL_A_PORT_IFINDEX, test::ifindex);
    transport->pending.push_back({NETLINK_GENERIC, std::move(news).finish()});
    EXPECT_EQ(events(), (std::vector<std::string>{"port ens3 link-state"}));
}

TEST(Events, AMonitorMayWaitForTheDriver) {
    test::KernelState kernel;
    kernel.driver = false;
    Client client(std::make_unique<test::FakeKernel>(kernel));
    EXPECT_TRUE(client.watch());
}

TEST_F(EventsTest, OtherInterfacesAreAskedForOnce) {
    kernel.other_drivers["0000:02:00.0"] = "netdevsim";
    kernel.other_ports[8] = {"0000:02:00.0", "eth8"};
    for (int i = 0; i < 5; ++i) {
        link_news(RTM_NEWLINK, true, 8, "eth8");
        link_news(RTM_NEWLINK, true, 9, "veth0"); // no devlink port at all
    }
    const auto before = kernel.queries;
    EXPECT_EQ(events(), std::vector<std::string>{});
    EXPECT_LE(kernel.queries - before, 3U);
}

TEST(Attributes, NeverReadBeyondTheEnd) {
    Builder builder(1, 0);
    builder.put_u32(1, 7).begin(2).put_text(3, "text").end();
    const auto whole = std::move(builder).finish();
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        const auto a = attributes_of(cut, 0);
        const auto value = a.integer(1);
        EXPECT_TRUE(!value || *value == 7);
        const auto text = a.nest(2).text(3);
        EXPECT_TRUE(!text || *text == "text");
    }
}

TEST(Attributes, SignedIntegersOfAnyWidth) {
    Builder builder(1, 0);
    builder.put_u8(1, 0xff).put_u32(2, 0xfffffffe).put_u64(3, ~std::uint64_t{2});
    const auto message = std::move(builder).finish();
    const auto a = attributes_of(message, 0);
    EXPECT_EQ(a.signed_integer(1), -1);
    EXPECT_EQ(a.signed_integer(2), -2);
    EXPECT_EQ(a.signed_integer(3), -3);
}

} // namespace
} // namespace mo::ofctl
