// SPDX-License-Identifier: GPL-2.0-or-later
#include <set>

#include "tests/fixture.hpp"

namespace mo::nic::test {
namespace {

TEST_P(NicTest, BlocksAreFoundByWalking) {
    std::vector<std::uint32_t> types;
    std::uint32_t at = 0;
    for (int i = 0; i < MO_BLK_MAX; ++i) {
        types.push_back(driver_.reg(at) & MO_BLK_TYPE);
        at = driver_.reg(at + hw::MO_DEV_NEXT);
        if (at == 0) {
            break;
        }
    }
    EXPECT_EQ(types,
              (std::vector<std::uint32_t>{hw::MO_BLK_DEV, hw::MO_BLK_ADMIN, hw::MO_BLK_MGMT}));
    EXPECT_EQ(driver_.reg(reg::DEV_MAGIC), std::uint32_t{MO_MAGIC});
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), MO_DEV_STATUS_READY);
    EXPECT_EQ(driver_.reg(reg::ADMIN_STATUS), 1U);
}

TEST_P(NicTest, NopEchoesItsBody) {
    hw::mo_cmd_desc desc{};
    desc.hdr.opcode = hw::MO_CMD_NOP;
    desc.hdr.tag = 0xbeef;
    for (std::size_t i = 0; i < sizeof(desc.body); ++i) {
        desc.body[i] = static_cast<std::uint8_t>(i * 3);
    }
    const auto before = bus_.interrupts(0);
    const auto done = driver_.call(desc);
    EXPECT_EQ(done.status, hw::MO_ST_OK);
    EXPECT_EQ(done.tag, 0xbeef);
    EXPECT_EQ(done.sq_head, 1);
    EXPECT_EQ(std::memcmp(done.result, desc.body, sizeof(done.result)), 0);
    EXPECT_EQ(bus_.interrupts(0), before + 1);
}

TEST_P(NicTest, RingWrapsManyTimes) {
    for (unsigned i = 0; i < 500; ++i) {
        for (unsigned burst = 0; burst < 7; ++burst) {
            driver_.post(Driver::make(hw::MO_CMD_NOP, i * 8 + burst,
                                      static_cast<std::uint16_t>(i * 8 + burst)));
        }
        (void)driver_.ring_admin();
        for (unsigned burst = 0; burst < 7; ++burst) {
            const auto done = driver_.wait();
            ASSERT_EQ(done.status, hw::MO_ST_OK);
            ASSERT_EQ(done.tag, static_cast<std::uint16_t>(i * 8 + burst));
            ASSERT_EQ(Driver::result<std::uint32_t>(done), i * 8 + burst);
        }
    }
}

TEST_P(NicTest, IdentifyTellsWhoItIs) {
    const auto where = bus_.allocate(sizeof(hw::mo_identify));
    clock_.set(5'000'000'000);
    hw::mo_cmd_dma body{};
    body.addr = where;
    body.len = sizeof(hw::mo_identify);
    ASSERT_EQ(driver_.status(hw::MO_CMD_IDENTIFY, body), hw::MO_ST_OK);
    const auto& identity = bus_.at<hw::mo_identify>(where);
    EXPECT_EQ(identity.time_ns, 5'000'000'000U);
    EXPECT_EQ(identity.mac[0][5], 1);
    EXPECT_STREQ(reinterpret_cast<const char*>(identity.serial), "MO-TEST");
    EXPECT_STREQ(reinterpret_cast<const char*>(identity.board_name), "devkit-800g");
    EXPECT_EQ(identity.max_txq, 77U);
    EXPECT_EQ(identity.lanes, 8);
    EXPECT_EQ(identity.planes, 1);
    body.len = sizeof(hw::mo_identify) - 1;
    EXPECT_EQ(driver_.status(hw::MO_CMD_IDENTIFY, body), hw::MO_ST_BAD_PARAM);
}

TEST_P(NicTest, OnlyTheFirstPlaneIsThere) {
    for (const auto opcode : {hw::MO_CMD_NOP, hw::MO_CMD_AREA_SET, hw::MO_CMD_AREA_SYNC,
                              hw::MO_CMD_MGMT, hw::MO_CMD_PORT_RX}) {
        auto desc = Driver::make(opcode, 0U);
        desc.hdr.plane = 1;
        EXPECT_EQ(driver_.call(desc).status, hw::MO_ST_BAD_PLANE) << opcode;
        desc.hdr.plane = 255;
        EXPECT_EQ(driver_.call(desc).status, hw::MO_ST_BAD_PLANE) << opcode;
    }
}

TEST_P(NicTest, ReservedCommandsAreToldFromNonsense) {
    std::set<std::uint16_t> used;
#define X(name, opcode, text) EXPECT_TRUE(used.insert(opcode).second) << #name;
    MO_COMMANDS(X)
#undef X
#define X(name, opcode, text)                                                                      \
    EXPECT_TRUE(used.insert(opcode).second) << #name;                                              \
    EXPECT_EQ(driver_.status(hw::MO_CMD_##name, 0U), hw::MO_ST_UNSUPPORTED) << #name;
    MO_RESERVED_COMMANDS(X)
#undef X
}

TEST_P(NicTest, WrongCommandsAreRefusedOneByOne) {
    EXPECT_EQ(driver_.status(0x7777, 0U), hw::MO_ST_BAD_OPCODE);
    EXPECT_EQ(driver_.call(Driver::make(hw::MO_CMD_NOP, 0U, 1, 1)).status, hw::MO_ST_BAD_PORT);
    auto desc = Driver::make(hw::MO_CMD_NOP, 0U);
    desc.hdr.rsvd[0] = 1;
    EXPECT_EQ(driver_.call(desc).status, hw::MO_ST_RESERVED);
    hw::mo_cmd_object object{};
    object.object = 5;
    object.rsvd = 1;
    EXPECT_EQ(driver_.status(hw::MO_CMD_EQ_DESTROY, object), hw::MO_ST_RESERVED);
    object.rsvd = 0;
    EXPECT_EQ(driver_.status(hw::MO_CMD_EQ_DESTROY, object), hw::MO_ST_BAD_OBJECT);
    desc = Driver::make(hw::MO_CMD_EQ_DESTROY, object);
    desc.body[55] = 1; // behind the body's structure
    EXPECT_EQ(driver_.call(desc).status, hw::MO_ST_RESERVED);
    hw::mo_cmd_dma dma{};
    dma.addr = 0xdead0000;
    dma.len = sizeof(hw::mo_identify);
    EXPECT_EQ(driver_.status(hw::MO_CMD_IDENTIFY, dma), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(nic_.counters().dma_faults.value(), 1U);
    // The queue works as before.
    EXPECT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
}

TEST_P(NicTest, UnknownFeatureIsFatalUntilReset) {
    driver_.set_reg(reg::DEV_ACCEPT_LO, 1U << 31);
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), MO_DEV_STATUS_READY | MO_DEV_STATUS_FATAL);
    EXPECT_EQ(driver_.reg(reg::DEV_FATAL), std::uint32_t{hw::MO_FATAL_FEATURES});
    driver_.bring_up(GetParam());
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), MO_DEV_STATUS_READY);
    EXPECT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
}

TEST_P(NicTest, TailOutOfRangeIsFatal) {
    driver_.set_tail((1U << Driver::admin_log) + 1);
    (void)driver_.ring_admin();
    bus_.progress();
    EXPECT_EQ(driver_.reg(reg::DEV_FATAL), std::uint32_t{hw::MO_FATAL_ADMIN_INDEX});
    EXPECT_EQ(driver_.reg(reg::ADMIN_STATUS), 2U);
}

TEST_P(NicTest, LateDoorbellIsHarmless) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
    }
    driver_.doorbell(hw::MO_DB_ADMIN, 0, 2);
    bus_.progress();
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), MO_DEV_STATUS_READY);
    EXPECT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
}

TEST_P(NicTest, AdminRingThatIsNotMappedIsFatal) {
    driver_.set_reg(reg::DEV_CONTROL, MO_DEV_CONTROL_RESET);
    driver_.set_reg(reg::DEV_ACCEPT_LO, static_cast<std::uint32_t>(GetParam()));
    driver_.set_reg(reg::ADMIN_SQ_HI, 0x77);
    driver_.set_reg(reg::ADMIN_DB_LO, static_cast<std::uint32_t>(driver_.record()));
    driver_.set_reg(reg::ADMIN_SIZE, 4);
    driver_.set_reg(reg::ADMIN_CONTROL, 1);
    driver_.set_tail(1);
    (void)driver_.ring_admin();
    driver_.doorbell(hw::MO_DB_ADMIN, 0, 1);
    bus_.progress();
    EXPECT_EQ(driver_.reg(reg::DEV_FATAL), std::uint32_t{hw::MO_FATAL_ADMIN_DMA});
}

TEST_P(NicTest, BadAdminConfigurationIsFatal) {
    const auto starts = [this](std::uint32_t address, std::uint32_t value) {
        driver_.bring_up(GetParam());
        driver_.set_reg(reg::ADMIN_CONTROL, 0);
        driver_.set_reg(address, value);
        driver_.set_reg(reg::ADMIN_CONTROL, 1);
        return driver_.reg(reg::DEV_FATAL) == hw::MO_FATAL_NONE;
    };
    EXPECT_TRUE(starts(reg::ADMIN_VECTOR, 127));
    EXPECT_TRUE(starts(reg::ADMIN_VECTOR, ~0U));
    EXPECT_FALSE(starts(reg::ADMIN_VECTOR, 128));
    EXPECT_FALSE(starts(reg::ADMIN_SIZE, 1));
    EXPECT_FALSE(starts(reg::ADMIN_SIZE, 11));
    EXPECT_FALSE(starts(reg::ADMIN_SQ_LO, 0x10040));
    EXPECT_FALSE(starts(reg::ADMIN_DB_LO, 0x10020));
}

TEST_P(NicTest, ResetsLeaveNothingBehind) {
    EventRing ring(bus_, 4);
    ASSERT_NE(driver_.create_eq(ring, 0), 0U);
    EXPECT_EQ(nic_.objects().live(), 1U);
    bus_.host().function_level_reset();
    EXPECT_EQ(nic_.objects().live(), 0U);
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), ~0U); // memory space is off after FLR
    bus_.enable();
    EXPECT_EQ(driver_.reg(reg::ADMIN_STATUS), 0U);
    EXPECT_EQ(driver_.reg(reg::ADMIN_SIZE), 0U);
    EXPECT_EQ(block_.resets, 2U);
    driver_.bring_up(GetParam());
    EventRing again(bus_, 4);
    EXPECT_NE(driver_.create_eq(again, 0), 0U);
}

TEST_P(NicTest, GoneDeviceReadsAllOnes) {
    nic_.set_gone(true);
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), ~0U);
    driver_.post(Driver::make(hw::MO_CMD_NOP, 0U));
    (void)driver_.ring_admin();
    bus_.progress();
    EXPECT_FALSE(driver_.pop());
}

INSTANTIATE_TEST_SUITE_P(Modes, NicTest, testing::Values(all_features, plain_features), mode_name);

} // namespace
} // namespace mo::nic::test
