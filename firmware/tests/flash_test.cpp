// SPDX-License-Identifier: GPL-2.0-or-later
// Images into the flash: checks, order, loss of power at every operation.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "signed_image.hpp"
#include "world.hpp"

namespace mo::fwtest {
namespace {

using Image = std::vector<std::uint8_t>;

/// A header of a component, not signed yet.
hw::mo_fw_hdr header_of(std::uint8_t patch) {
    hw::mo_fw_hdr hdr = mgmt::test::good_header();
    hdr.ver_major = 3;
    hdr.ver_minor = 0;
    hdr.ver_patch = patch;
    hdr.board_mask = 3;
    std::fill(std::begin(hdr.build_id), std::end(hdr.build_id), patch);
    return hdr;
}

Image make_payload(std::size_t size, std::uint8_t seed) {
    Image payload(size);
    for (std::size_t i = 0; i < size; ++i) {
        payload[i] = static_cast<std::uint8_t>(i * 31 + seed);
    }
    return payload;
}

Image make_image(std::size_t payload_size, std::uint8_t seed) {
    const Image payload = make_payload(payload_size, seed);
    hw::mo_fw_hdr hdr = header_of(seed);
    mgmt::test::describe_image(hdr, payload);
    mgmt::test::sign_header(hdr);
    return mgmt::test::join(hdr, payload);
}

class Flash : public ::testing::Test {
  protected:
    void SetUp() override { world.boot(); }
    /// Status, and why the image was refused.
    using Outcome = std::pair<std::uint16_t, std::uint8_t>;
    Outcome flash(hw::mo_mb_cmd command, std::uint8_t slot) {
        const auto job = world.flash(world.a, command, slot);
        return {job.status, job.error};
    }
    std::uint16_t write(std::uint8_t slot) { return flash(hw::MO_MB_FLASH_WRITE, slot).first; }
    std::uint16_t select(std::uint8_t slot) { return flash(hw::MO_MB_FLASH_SELECT, slot).first; }
    hw::mo_mb_flash_info info() { return world.flash_info(world.a); }
    /// Starts a write whose end is not waited for.
    void start_write(std::uint8_t slot) {
        const auto answer =
            world.request_with(world.a, hw::MO_MB_FLASH_WRITE, hw::mo_mb_flash_write{slot, {}});
        ASSERT_EQ(answer.hdr.status, hw::MO_MB_OK);
        ASSERT_EQ(job().state, MO_FLASH_JOB_RUNS);
    }
    hw::mo_mb_flash_job job() {
        return world.request(world.a, hw::MO_MB_FLASH_JOB).as<hw::mo_mb_flash_job>();
    }
    bool job_ends(std::uint64_t duration) {
        const std::uint64_t end = world.now() + duration;
        while (world.now() < end) {
            if (job().state == MO_FLASH_JOB_DONE) {
                return true;
            }
            world.run_for(1 * ms);
        }
        return false;
    }
    World world;
};

TEST_F(Flash, EmptySlotsAreSaidToBeEmpty) {
    const auto at = info();
    EXPECT_EQ(at.slots, 2);
    EXPECT_EQ(at.slot[0].error, hw::MO_FW_ERR_EMPTY);
    EXPECT_EQ(at.slot[1].error, hw::MO_FW_ERR_EMPTY);
    EXPECT_EQ(select(0), hw::MO_MB_ERR_IMAGE);
}

TEST_F(Flash, ImageIsWrittenReadBackAndSelected) {
    const Image image = make_image(50'000, 7);
    world.a.stage(image);
    ASSERT_EQ(write(1), hw::MO_MB_OK) << world.a.log();
    EXPECT_TRUE(
        std::equal(image.begin(), image.end(), world.a.flash().begin() + MO_SOC_FLASH_SLOT_SIZE));
    const auto at = info();
    EXPECT_EQ(at.slot[1].error, hw::MO_FW_ERR_NONE);
    EXPECT_EQ(at.slot[1].ver_major, 3);
    EXPECT_EQ(at.slot[1].ver_patch, 7);
    EXPECT_EQ(at.slot[1].build_id[19], 7);
    EXPECT_EQ(at.boot_slot, 0);
    EXPECT_EQ(select(1), hw::MO_MB_OK);
    EXPECT_EQ(world.a.boot_slot(), 1U);
    EXPECT_EQ(info().boot_slot, 1);
    // A shorter one over a longer one.
    world.a.stage(make_image(100, 8));
    EXPECT_EQ(write(1), hw::MO_MB_OK);
    EXPECT_EQ(info().slot[1].ver_patch, 8);
}

TEST_F(Flash, BadImagesAreRefusedBeforeAnythingIsErased) {
    const Image old = make_image(2048, 9);
    world.a.stage(old);
    ASSERT_EQ(write(0), hw::MO_MB_OK);
    const std::vector<std::uint8_t> before = world.a.flash();
    const Image good = make_image(4096, 1);
    const auto refuse = [&](hw::mo_fw_error error, Image image) {
        world.a.stage(std::move(image));
        EXPECT_EQ(flash(hw::MO_MB_FLASH_WRITE, 0), (Outcome{hw::MO_MB_ERR_IMAGE, error}));
        EXPECT_EQ(world.a.flash(), before) << error;
        EXPECT_EQ(world.a.boot_slot(), 0U);
    };
    refuse(hw::MO_FW_ERR_EMPTY, {});
    refuse(hw::MO_FW_ERR_TRUNCATED, Image(good.begin(), good.begin() + 255));
    refuse(hw::MO_FW_ERR_TRUNCATED, Image(good.begin(), good.end() - 1));
    // Properly signed, and still not acceptable.
    const auto change = [&](hw::mo_fw_error error, auto edit) {
        const Image payload = make_payload(4096, 1);
        hw::mo_fw_hdr hdr = header_of(1);
        mgmt::test::describe_image(hdr, payload);
        edit(hdr);
        mgmt::test::sign_header(hdr);
        refuse(error, mgmt::test::join(hdr, payload));
    };
    change(hw::MO_FW_ERR_MAGIC, [](hw::mo_fw_hdr& hdr) { hdr.magic = 1; });
    change(hw::MO_FW_ERR_MAGIC, [](hw::mo_fw_hdr& hdr) { hdr.magic = 0xffffffff; });
    change(hw::MO_FW_ERR_HDR_VERSION, [](hw::mo_fw_hdr& hdr) { hdr.hdr_version = 9; });
    change(hw::MO_FW_ERR_HDR_VERSION, [](hw::mo_fw_hdr& hdr) { hdr.rsvd2[59] = 1; });
    change(hw::MO_FW_ERR_COMPONENT, [](hw::mo_fw_hdr& hdr) { hdr.component = 9; });
    change(hw::MO_FW_ERR_BOARD, [](hw::mo_fw_hdr& hdr) { hdr.board_mask = 2; });
    change(hw::MO_FW_ERR_IF_VERSION, [](hw::mo_fw_hdr& hdr) { hdr.if_major = MO_IF_MAJOR + 1; });
    change(hw::MO_FW_ERR_IF_VERSION, [](hw::mo_fw_hdr& hdr) { hdr.if_minor = MO_IF_MINOR + 1; });
    change(hw::MO_FW_ERR_KEY, [](hw::mo_fw_hdr& hdr) { hdr.key_id = 31; });
    change(hw::MO_FW_ERR_KEY, [](hw::mo_fw_hdr& hdr) { hdr.key_id = 0xffff; });
    change(hw::MO_FW_ERR_KEY, [](hw::mo_fw_hdr& hdr) { hdr.key_id = MO_FW_KEY_PRODUCTION; });
    change(hw::MO_FW_ERR_HASH, [](hw::mo_fw_hdr& hdr) { hdr.image_len = 0; });
    change(hw::MO_FW_ERR_TRUNCATED, [](hw::mo_fw_hdr& hdr) { hdr.image_len = 0xfffffffc; });
    change(hw::MO_FW_ERR_LAYOUT, [](hw::mo_fw_hdr& hdr) { hdr.load_addr = 0xfffffffc; });
    change(hw::MO_FW_ERR_LAYOUT, [](hw::mo_fw_hdr& hdr) { hdr.entry = 0; });
    change(hw::MO_FW_ERR_HASH, [](hw::mo_fw_hdr& hdr) { hdr.sha512[5] ^= 1; });
    // Not what was signed.
    const auto flip = [&](hw::mo_fw_error error, std::size_t offset) {
        Image image = good;
        image.at(offset) ^= 4;
        refuse(error, std::move(image));
    };
    flip(hw::MO_FW_ERR_SIGNATURE, offsetof(hw::mo_fw_hdr, signature));
    flip(hw::MO_FW_ERR_SIGNATURE, offsetof(hw::mo_fw_hdr, signature) + 63);
    flip(hw::MO_FW_ERR_SIGNATURE, offsetof(hw::mo_fw_hdr, sha512) + 5);
    flip(hw::MO_FW_ERR_SIGNATURE, offsetof(hw::mo_fw_hdr, ver_patch));
    flip(hw::MO_FW_ERR_HASH, MO_FW_HDR_LEN + 1000);
    // Signed by somebody else.
    const Image payload = make_payload(4096, 1);
    hw::mo_fw_hdr foreign = header_of(1);
    mgmt::test::describe_image(foreign, payload);
    mgmt::test::sign_header(foreign, {1, 2, 3});
    refuse(hw::MO_FW_ERR_SIGNATURE, mgmt::test::join(foreign, payload));

    EXPECT_EQ(info().slot[0].ver_patch, 9);
    world.a.stage(good);
    EXPECT_EQ(write(2), hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(flash(hw::MO_MB_FLASH_WRITE, 0), (Outcome{hw::MO_MB_OK, hw::MO_FW_ERR_NONE}));
    EXPECT_EQ(info().slot[0].ver_patch, 1);
}

TEST_F(Flash, SlotWithAWrongSignatureIsNeitherCalledGoodNorSelected) {
    world.a.stage(make_image(3000, 4));
    ASSERT_EQ(write(1), hw::MO_MB_OK);
    std::uint8_t& byte =
        world.a.flash().at(MO_SOC_FLASH_SLOT_SIZE + offsetof(hw::mo_fw_hdr, signature) + 7);
    byte = static_cast<std::uint8_t>(byte & (byte - 1)); // as a cell that leaks
    EXPECT_EQ(info().slot[1].error, hw::MO_FW_ERR_SIGNATURE);
    EXPECT_EQ(info().slot[1].ver_major, 0);
    EXPECT_EQ(flash(hw::MO_MB_FLASH_SELECT, 1),
              (Outcome{hw::MO_MB_ERR_IMAGE, hw::MO_FW_ERR_SIGNATURE}));
    EXPECT_EQ(world.a.boot_slot(), 0U);
}

// Checking a signature takes the core a while: once for each content of a slot.
TEST_F(Flash, SlotsAreVerifiedOnceUntilTheyAreWritten) {
    world.a.stage(make_image(30'000, 4));
    ASSERT_EQ(write(0), hw::MO_MB_OK);
    const auto steps_of_info = [&] {
        const std::uint64_t before = world.a.steps();
        EXPECT_EQ(info().slot[0].error, hw::MO_FW_ERR_NONE);
        return world.a.steps() - before;
    };
    EXPECT_GT(steps_of_info(), 50U);
    EXPECT_LE(steps_of_info(), 4U);
    EXPECT_EQ(info().slot[0].ver_patch, 4);
    EXPECT_EQ(info().slot[1].error, hw::MO_FW_ERR_EMPTY);
    // A refused image leaves slot and verdict as they are.
    world.a.stage(Image(1000, 1));
    EXPECT_EQ(write(0), hw::MO_MB_ERR_IMAGE);
    EXPECT_LE(steps_of_info(), 4U);
    world.a.stage(make_image(30'000, 5));
    ASSERT_EQ(write(0), hw::MO_MB_OK);
    EXPECT_GT(steps_of_info(), 50U);
    EXPECT_EQ(info().slot[0].ver_patch, 5);
    // Nothing is started that was good once: selecting looks at the slot itself.
    std::uint8_t& byte = world.a.flash().at(MO_FW_HDR_LEN + 7);
    byte = static_cast<std::uint8_t>(byte & (byte - 1));
    EXPECT_EQ(flash(hw::MO_MB_FLASH_SELECT, 0), (Outcome{hw::MO_MB_ERR_IMAGE, hw::MO_FW_ERR_HASH}));
    EXPECT_EQ(info().slot[0].error, hw::MO_FW_ERR_HASH);
}

// An interrupted write leaves no verdict of before.
TEST_F(Flash, WriteThatFailsForgetsTheVerdict) {
    world.a.stage(make_image(30'000, 4));
    ASSERT_EQ(write(0), hw::MO_MB_OK);
    EXPECT_EQ(info().slot[0].error, hw::MO_FW_ERR_NONE);
    world.a.fail_flash_after(2);
    EXPECT_EQ(write(0), hw::MO_MB_ERR_FLASH);
    EXPECT_EQ(info().slot[0].error, hw::MO_FW_ERR_EMPTY);
}

// The stage belongs to the host: what counts is what was verified.
TEST_F(Flash, StageThatChangesAfterTheCheckIsNoticed) {
    const Image image = make_image(9000, 5);
    for (const std::size_t offset :
         {std::size_t{MO_FW_HDR_LEN + 8000}, offsetof(hw::mo_fw_hdr, ver_patch)}) {
        world.a.stage(image);
        start_write(0);
        ASSERT_TRUE(world.run_until(1 * second, [&] { return world.a.flash_busy(); }));
        Image other = image; // verified, erasing
        other.at(offset) ^= 1;
        world.a.stage(std::move(other));
        ASSERT_TRUE(job_ends(5 * second));
        EXPECT_EQ(job().status, hw::MO_MB_ERR_FLASH) << offset;
        EXPECT_NE(info().slot[0].error, hw::MO_FW_ERR_NONE) << offset;
    }
}

TEST_F(Flash, LostPowerNeverLeavesASlotThatLooksGood) {
    const Image old = make_image(12'000, 1);
    const Image image = make_image(14'000, 2);
    // 4 sectors to erase, 4 to program, the header.
    for (unsigned operations = 0; operations <= 9; ++operations) {
        World fresh;
        fresh.boot();
        fresh.a.stage(old);
        ASSERT_EQ(fresh.flash(fresh.a, hw::MO_MB_FLASH_WRITE, 0).status, hw::MO_MB_OK);
        fresh.a.stage(image);
        fresh.a.fail_flash_after(operations);
        const auto status = fresh.flash(fresh.a, hw::MO_MB_FLASH_WRITE, 0).status;
        const auto at = fresh.flash_info(fresh.a);
        if (operations == 9) {
            EXPECT_EQ(status, hw::MO_MB_OK);
            EXPECT_EQ(at.slot[0].ver_patch, 2);
        } else {
            EXPECT_EQ(status, hw::MO_MB_ERR_FLASH) << operations;
            if (operations == 0) {
                EXPECT_EQ(at.slot[0].ver_patch, 1); // untouched
            } else {
                EXPECT_EQ(at.slot[0].error, hw::MO_FW_ERR_EMPTY) << operations;
            }
        }
    }
}

TEST(FlashRunning, SlotThatRunsIsNotOverwritten) {
    optics::Port port{{8, 1, 35.0}};
    Chip chip(port, MO_BOARD_DEVKIT_800G, MO_SOC_BOOT_AUTO, 1);
    chip.boot(0);
    chip.stage(make_image(1000, 1));
    hw::mo_mb_hdr hdr{};
    hdr.cmd = hw::MO_MB_FLASH_WRITE;
    hdr.len = 4;
    std::vector<std::uint8_t> bytes(sizeof(hdr) + 4, 0);
    std::memcpy(bytes.data(), &hdr, sizeof(hdr));
    bytes[sizeof(hdr)] = 1;
    chip.submit(bytes);
    chip.run(1 * ms);
    std::vector<std::uint8_t> response;
    ASSERT_TRUE(chip.take_response(response));
    std::memcpy(&hdr, response.data(), sizeof(hdr));
    EXPECT_EQ(hdr.status, hw::MO_MB_ERR_BUSY);
}

TEST_F(Flash, TheLinkIsWatchedMeanwhile) {
    world.run_for(1 * second);
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    ASSERT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); }));
    world.a.stage(make_image(150'000, 3));
    start_write(0);
    world.run_for(100 * ms);
    const std::uint64_t cut = world.now();
    world.fibre.cut(optics::Direction::from_b, cut);
    ASSERT_TRUE(world.run_until(1 * ms, [&] { return !world.a.gate_open(); }));
    EXPECT_EQ(job().state, MO_FLASH_JOB_RUNS);
    EXPECT_TRUE(job_ends(10 * second));
    EXPECT_EQ(job().status, hw::MO_MB_OK);
}

// A slot takes seconds; nobody who asks for something else waits for it.
TEST_F(Flash, OtherMessagesAreAnsweredMeanwhile) {
    world.a.stage(make_image(150'000, 3));
    start_write(1);
    std::uint32_t done = 0;
    unsigned asked = 0;
    for (; job().state == MO_FLASH_JOB_RUNS; ++asked) {
        const std::uint64_t before = world.now();
        EXPECT_EQ(world.set_link(world.a, asked % 2 == 0).hdr.status, hw::MO_MB_OK);
        EXPECT_EQ(world.request(world.a, hw::MO_MB_LINK_GET).as<hw::mo_link_state>().admin_up,
                  asked % 2 == 0 ? 1 : 0);
        const auto now = job();
        EXPECT_GE(now.done, done);
        EXPECT_LE(now.done, now.total);
        done = now.done;
        // Neither another job nor what the slot will hold.
        EXPECT_EQ(world.request_with(world.a, hw::MO_MB_FLASH_WRITE, hw::mo_mb_flash_write{1, {}})
                      .hdr.status,
                  hw::MO_MB_ERR_BUSY);
        EXPECT_EQ(world.request(world.a, hw::MO_MB_FLASH_INFO).as<hw::mo_mb_flash_info>().known & 2,
                  0);
        EXPECT_LT(world.now() - before, 1 * ms);
        world.run_for(20 * ms);
    }
    EXPECT_GT(asked, 20U);
    EXPECT_EQ(job().status, hw::MO_MB_OK);
    EXPECT_EQ(info().slot[1].ver_patch, 3);
}

} // namespace
} // namespace mo::fwtest
