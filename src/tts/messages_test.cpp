// SPDX-License-Identifier: Apache-2.0
#include "base/sample_file.h"
#include "model/frame_of.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

#include <chrono>

namespace causeway::tts {
using model::testing::frame_of;
namespace {

using model::event_kind;

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

struct expected_uplink {
  const char *file, *application, *device, *dev_eui;
  int f_port;
  unsigned f_cnt;
  bool keyed, confirmed, simulated;
  const char *received_at, *payload, *decoded, *rssi, *snr, *data_rate;
  unsigned gateways;
};

// Read off the files by hand.
const expected_uplink uplinks[] = {
    {"up-01-docs-full.json", "app1", "dev1", "0004A30B001C0530", 0, 1, true, false, false,
     "2020-02-12T15:15:45.789585559Z", "gkHe", "{\"temperature\":1.0,\"luminosity\":0.64}", "-35", "5",
     "SF7BW125", 1},
    {"up-02-mqtt-docs-2019-no-fcnt.json", "app1", "dev1", "4200000000000000", 15, 0, false, false, false, "",
     "VGVtcGVyYXR1cmUgPSAwLjA=", "", "-35", "5", "SF7BW125", 1},
    {"up-03-mclimate-button-confirmed-battery-2025.json", "starter-kit", "eui-70b3d52dd600035a",
     "70B3D52DD600035A", 2, 14, true, true, false, "2025-04-16T11:54:13.787593298Z", "sQAAEAHlANcB",
     "{\"batteryVoltage\":3.4,\"pressEvent\":1,\"sensorTemperature\":21.5,\"singlePressEventCounter\":16,"
     "\"thermistorProperlyConnected\":true}",
     "-31", "9.5", "SF7BW125", 1},
    {"up-09-milesight-am107-packetbroker-2021.json", "lemt-raumsensoren", "eui-24e124128b100001",
     "24E124128B100001", 85, 32, true, false, false, "2021-08-16T16:41:17.983260817Z",
     "A2f2AARofQZlPQBgAV0ABWoBAAd9OQIIfSUACXPCJQ==",
     "{\"activity\":1,\"co2\":569,\"humidity\":62.5,\"illumination\":61,\"infrared\":93,\"infrared_and_"
     "visible\":352,"
     "\"pressure\":966.6,\"temperature\":24.6,\"tvoc\":37}",
     "-111", "-2.8", "SF10BW125", 1},
    {"up-10-no-fport-no-payload-three-gateways-2021.json", "clairchen-test", "clairfeatherprotored",
     "9876B600001193E0", 0, 1672, true, false, false, "2021-09-14T20:38:54.020897204Z", "", "", "-117",
     "-8.2", "SF9BW125", 3},
    {"up-11-two-antennas-fine-timestamp-2022.json", "flwsb", "eui-0004a30b0020da72", "0004A30B0020DA72", 1,
     33, true, false, false, "2022-12-23T16:58:11.099382830Z", "Vun/L2Q=", "{\"bytes\":[86,233,255,47,100]}",
     "-111", "1", "SF7BW125", 2},
    {"up-12-arduino-confirmed-2024.json", "icicle-monitor", "portenta-h7-icicle-00", "3036363266398F0D", 1, 9,
     true, true, false, "2024-03-22T17:54:52.154041574Z", "AQ==", "{\"detected\":true}", "-51", "13.5",
     "SF7BW125", 1},
    {"up-13-simulated-2024.json", "icicle-monitor", "portenta-h7-icicle-00", "3036363266398F0D", 1, 0, false,
     false, true, "2024-03-22T17:55:05.070404295Z", "AQ==", "{\"detected\":true}", "42", "4.2", "SF7BW125",
     1},
    {"up-14-simulated-no-frequency-2022.json", "thingsboard-connection", "thermostat-a", "70B3D57ED00550F2",
     1, 0, false, false, true, "2022-09-06T16:11:35.461454886Z", "Dw==", "{\"temperature\":15}", "42", "4.2",
     "SF7BW125", 1},
    {"up-15-ttig-indoor-gateway-2021.json", "tti-ch-test-app", "test-dev-01", "0004A30B001C1452", 1, 420,
     true, false, false, "2021-07-07T10:50:00.384736040Z", "AQ==", "{\"bytes\":[1]}", "-89", "9", "SF7BW125",
     1},
    {"up-16-no-gateway-time-2020.json", "tti-ch-test-app", "test-dev-01", "0004A30B001C1E48", 1, 202, true,
     false, false, "2020-09-25T13:46:52.433197574Z", "AQ==", "", "-49", "6.8", "SF7BW125", 1},
    {"up-17-minimal-unit-test.json", "foo-app", "foo-device", "", 42, 42, false, false, false, "", "AQID",
     "{\"test_key\":42}", "", "", "", 0},
    {"up-18-constructed-fsk-fcnt0.json", "tti-ch-test-app", "test-dev-01", "0004A30B001C1E48", 1, 0, true,
     false, false, "2020-09-25T13:46:52.433197574Z", "AQ==", "", "-49", "6.8", "FSK50000", 1},
    {"up-19-constructed-lrfhss-snr0.json", "tti-ch-test-app", "test-dev-01", "0004A30B001C1E48", 1, 65536,
     true, false, false, "2020-09-25T13:46:52.433197574Z", "AQ==", "", "-120", "0", "LRFHSS136719", 1},
    {"real-uplink-abp-no-session-key-id.json", "lab-app", "abp-1", "70B3D57ED0000001", 10, 0, true, false,
     false, "2026-11-29T03:28:50.935140675Z", "AQID", "", "-60", "7.5", "SF7BW125", 1},
    {"real-uplink-otaa.json", "lab-app", "otaa-1", "70B3D57ED1000001", 1, 0, true, false, false,
     "2026-11-29T03:35:44.664361215Z", "AQ==", "", "-60", "7.5", "SF7BW125", 1},
    {"real-uplink-mac-only.json", "lab-app", "abp-2", "70B3D57ED0000002", 0, 1022, true, false, false,
     "2026-11-29T03:48:03.016536324Z", "", "", "-60", "7.5", "SF7BW125", 1},
    {"real-uplink-port-without-payload.json", "lab-app", "abp-2", "70B3D57ED0000002", 5, 1024, true, false,
     false, "2026-11-29T03:48:06.015826422Z", "",
     R"({"":3,"$x":2,"a.b":1,"lorawan":"mine","lorawan_":"too","temperature":20,"ключ":"значение 😀 \u0000   <>&\"\\"})",
     "-60", "7.5", "SF7BW125", 1},
    {"real-uplink-simulated.json", "lab-app", "abp-2", "70B3D57ED0000002", 1, 5, false, false, true,
     "2026-11-29T03:48:24.030369070Z", "AQ==", "{\"a\":1}", "", "", "SF7BW125", 0},
};

TEST(sample_uplinks, are_read_to_the_last_field) {
  for (const auto& want : uplinks) {
    SCOPED_TRACE(want.file);
    const auto body = sample(want.file);
    const auto parsed = parse_application_up(body, {}, masking::none);
    ASSERT_TRUE(parsed) << parsed.fault().message();
    EXPECT_EQ(parsed->kind, event_kind::uplink);
    EXPECT_EQ(parsed->from.application.str(), want.application);
    EXPECT_EQ(parsed->from.device.str(), want.device);
    EXPECT_EQ(parsed->dev_eui.str(), want.dev_eui);
    EXPECT_EQ(frame_of(*parsed).f_port, want.f_port);
    EXPECT_EQ(frame_of(*parsed).f_cnt, want.f_cnt);
    EXPECT_EQ(parsed->key.has_value(), want.keyed);
    EXPECT_EQ(frame_of(*parsed).confirmed, want.confirmed);
    EXPECT_EQ(parsed->simulated, want.simulated);
    EXPECT_EQ(parsed->received_at, want.received_at);
    EXPECT_EQ(frame_of(*parsed).frm_payload, want.payload);
    EXPECT_EQ(frame_of(*parsed).decoded_payload, want.decoded);
    EXPECT_EQ(frame_of(*parsed).rssi, want.rssi);
    EXPECT_EQ(frame_of(*parsed).snr, want.snr);
    EXPECT_EQ(frame_of(*parsed).data_rate, want.data_rate);
    EXPECT_EQ(frame_of(*parsed).gateways, want.gateways);
    EXPECT_EQ(parsed->raw, body);
  }
}

TEST(sample_uplinks, without_identifiers_need_them_from_the_path) {
  const std::pair<const char*, event_kind> files[] = {
      {"up-04-webhook-field-masked.json", event_kind::uplink},
      {"up-05-cayenne-two-temperatures-fragment.json", event_kind::uplink},
      {"up-06-cayenne-pressure-temperature-fragment.json", event_kind::uplink},
      {"up-07-things-node-normalized-warnings-fragment.json", event_kind::uplink},
      {"up-08-uplink_normalized-fragment.json", event_kind::uplink_normalized}};
  for (const auto& [file, kind] : files) {
    SCOPED_TRACE(file);
    const auto body = sample(file);
    for (const auto& bare : {path_ids{}, path_ids{"app1", ""}, path_ids{"", "dev1"}}) {
      const auto parsed = parse_application_up(body, bare);
      ASSERT_FALSE(parsed);
      EXPECT_EQ(parsed.fault().code(), errc::identifiers_missing);
    }
    const auto parsed = parse_application_up(body, {"app1", "dev1"});
    ASSERT_TRUE(parsed) << parsed.fault().message();
    EXPECT_EQ(parsed->kind, kind);
    EXPECT_EQ(parsed->from, (model::device_key{application_id{"app1"}, device_id{"dev1"}}));
    EXPECT_FALSE(parsed->key);
    EXPECT_EQ(parsed->received_at, "");
  }
}

TEST(sample_uplinks, keep_the_numbers_of_the_decoder_as_written) {
  const auto cayenne =
      parse_application_up(sample("up-05-cayenne-two-temperatures-fragment.json"), {"app1", "dev1"});
  EXPECT_EQ(frame_of(*cayenne).decoded_payload,
            "{\"temperature_3\":27.200000762939453,\"temperature_5\":25.5}");
  const auto normalized =
      parse_application_up(sample("up-08-uplink_normalized-fragment.json"), {"app1", "dev1"});
  EXPECT_EQ(frame_of(*normalized).decoded_payload, "{\"air\":{\"temperature\":-21.3}}");
  EXPECT_EQ(frame_of(*normalized).f_port, 4);
  const auto real = parse_application_up(sample("real-uplink-normalized.json"), {});
  EXPECT_EQ(real->kind, event_kind::uplink_normalized);
  EXPECT_EQ(frame_of(*real).decoded_payload, R"({"air":{"relativeHumidity":55.5,"temperature":20}})");
  EXPECT_EQ(frame_of(*real).f_cnt, 1004U);
}

TEST(sample_events, are_told_apart_by_their_content) {
  struct {
    const char* file;
    event_kind kind;
    const char *device, *received_at;
    bool keyed;
  } const events[] = {
      {"join-01-docs-2020.json", event_kind::join_accept, "dev1", "2020-02-17T07:49:09.736532315Z", true},
      {"join-02-mqtt-docs-2019.json", event_kind::join_accept, "dev1", "", true},
      {"join-03-2022.json", event_kind::join_accept, "dev2", "2022-07-05T09:01:06.988023916Z", true},
      {"join-04-minimal-unit-test.json", event_kind::join_accept, "foo-device", "", true},
      {"down-01-ack-docs.json", event_kind::downlink_ack, "dev1", "2020-02-17T10:32:24.590413417Z", false},
      {"down-02-ack-own-correlation-id.json", event_kind::downlink_ack, "dev1", "", false},
      {"down-03-failed-docs.json", event_kind::downlink_failed, "dev1", "", false},
      {"down-04-queued-pubsub-docs.json", event_kind::downlink_queued, "dev1", "", false},
      {"down-05-constructed-sent.json", event_kind::downlink_sent, "dev1", "2020-02-17T10:32:20.120413417Z",
       false},
      {"down-06-constructed-nack.json", event_kind::downlink_nack, "dev1", "2020-02-17T10:32:24.590413417Z",
       false},
      {"down-07-constructed-failed-transmission.json", event_kind::downlink_failed, "dev1",
       "2020-02-17T10:32:21.590413417Z", false},
      {"down-08-constructed-failed-max-retries.json", event_kind::downlink_failed, "dev1",
       "2020-02-17T11:32:21.590413417Z", false},
      {"down-09-constructed-queue-invalidated.json", event_kind::downlink_queue_invalidated, "dev1",
       "2020-02-17T10:40:24.590413417Z", false},
      {"location-01-wifi-2021.json", event_kind::location_solved, "trk-test",
       "2021-04-13T06:45:32.565524525Z", true},
      {"location-02-gnss-2021.json", event_kind::location_solved, "trk-test",
       "2021-04-13T06:45:08.040247573Z", true},
      {"location-03-constructed-frm-payload.json", event_kind::location_solved, "dev1",
       "2022-05-05T12:46:31.900000000Z", true},
      {"service-01-constructed.json", event_kind::service_data, "dev1", "2021-04-13T06:45:32.000000000Z",
       true},
      {"real-join-accept.json", event_kind::join_accept, "otaa-1", "2026-11-29T03:35:35.622571515Z", true},
      {"real-location-solved.json", event_kind::location_solved, "abp-2", "2026-11-29T03:47:48.302924974Z",
       true},
      {"real-service-data.json", event_kind::service_data, "abp-2", "2026-11-29T03:48:24.053268518Z", false},
  };
  for (const auto& want : events) {
    SCOPED_TRACE(want.file);
    const auto parsed = parse_application_up(sample(want.file), {});
    ASSERT_TRUE(parsed) << parsed.fault().message();
    EXPECT_EQ(parsed->kind, want.kind);
    EXPECT_EQ(parsed->from.device.str(), want.device);
    EXPECT_EQ(parsed->received_at, want.received_at);
    EXPECT_EQ(parsed->key.has_value(), want.keyed);
    EXPECT_EQ(model::uplink_of(*parsed), nullptr);
  }
  EXPECT_EQ(
      fields_of(*parse_application_up(sample("location-01-wifi-2021.json"), {})),
      "{\"latitude\":47.01,\"longitude\":6.97,\"accuracy\":28,\"source\":\"SOURCE_WIFI_RSSI_GEOLOCATION\"}");
  EXPECT_EQ(fields_of(*parse_application_up(sample("service-01-constructed.json"), {})),
            "{\"deveui\":\"00-16-c0-01-f0-00-62-69\",\"result\":{\"position_solution\":null}}");
  EXPECT_EQ(fields_of(*parse_application_up(sample("real-service-data.json"), {})),
            "{\"k\":[1,null,{\"z\":1e+21}]}");
  EXPECT_EQ(fields_of(*parse_application_up(sample("real-location-solved.json"), {})),
            "{\"latitude\":1,\"longitude\":2,\"altitude\":3,\"source\":\"SOURCE_GPS\"}");
}

TEST(sample_events, about_downlinks_say_the_ids_of_their_items) {
  struct expected {
    const char* file;
    std::vector<std::string> ids;
  };
  const std::string push = "rpc:/ttn.lorawan.v3.AppAs/DownlinkQueuePush:";
  const expected events[] = {
      {"real-down-queued-by-rest.json",
       {"as:downlink:01M8JNMC71QXQ1M05H1C5RV7V3", "my:1", push + "01M8JNMC673T46F9D0BXXAQC7E"}},
      {"real-down-ack.json",
       {"as:downlink:01M8JNPA0EQQEP72VS7EVRS7MX", "my:c1", push + "01M8JNPA03FCK25X1VP4JGJXA2"}},
      {"real-down-failed-max-retries.json",
       {"as:downlink:01M8JNQEV7ECFAHQC2M8RCVPGQ", "my:c3", push + "01M8JNQEV30XF863FC1SNXCZDH"}},
      {"down-09-constructed-queue-invalidated.json", {"as:downlink:01E19B99501X84X6CV471TVSZ1", "cmd-0001"}},
  };
  for (const auto& want : events) {
    SCOPED_TRACE(want.file);
    const auto parsed = parse_application_up(sample(want.file), {});
    ASSERT_TRUE(parsed) << parsed.fault().message();
    EXPECT_EQ(std::get<model::downlink_event>(parsed->what).correlation_ids, want.ids);
  }
}

TEST(sample_events, about_a_downlink_whose_item_is_masked_say_the_ids_of_the_event) {
  const auto parsed = parse_application_up(
      R"({"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"}},)"
      R"("correlation_ids":["my:1",7,"gs:uplink:2"],"downlink_ack":{"f_port":1}})",
      {});
  ASSERT_TRUE(parsed) << parsed.fault().message();
  EXPECT_EQ(std::get<model::downlink_event>(parsed->what).correlation_ids,
            (std::vector<std::string>{"gs:uplink:2", "my:1"}));
}

TEST(sample_events, that_are_not_of_the_stream_are_refused) {
  for (const char* file :
       {"error-01-no-rights.json", "event-04-application.update.json", "req-01-push-mqtt-or-webhook.json",
        "webhook-01-object.json", "storage-04-cli-simulated-array.json", "azure-03-hub-tags-lorawan.json"}) {
    const auto parsed = parse_application_up(sample(file), {"app1", "dev1"});
    ASSERT_FALSE(parsed) << file;
    EXPECT_EQ(parsed.fault().code(), errc::event_unrecognised) << file;
  }
}

const std::string ids =
    R"("end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"}})";

std::string uplink_with(const std::string& members) {
  return "{" + ids + ",\"uplink_message\":{" + members + "}}";
}

TEST(application_up, of_a_kind_from_the_future_is_unknown_but_well_formed) {
  const auto parsed = parse_application_up("{" + ids + ",\"uplink_predicted\":{\"f_port\":999}}", {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->kind, event_kind::unknown);
  EXPECT_EQ(parsed->from.device.str(), "dev1");
}

TEST(application_up, takes_lower_camel_case_names) {
  const auto parsed = parse_application_up(
      R"({"endDeviceIds":{"deviceId":"dev1","applicationIds":{"applicationId":"app1"},"devEui":"00aabbccddeeff11"},
          "receivedAt":"2025-01-01T00:00:01Z","simulated":false,"uplinkMessage":{"sessionKeyId":"AQ==","fPort":7,"fCnt":8,
          "frmPayload":"AQ","decodedPayload":{"fPort":1},"rxMetadata":[{"rssi":-9}],"confirmed":true,
          "settings":{"dataRate":{"lora":{"bandwidth":812500,"spreadingFactor":5}}},"receivedAt":"2025-01-01T00:00:00Z"}})",
      {});
  ASSERT_TRUE(parsed) << parsed.fault().message();
  EXPECT_EQ(parsed->dev_eui.str(), "00AABBCCDDEEFF11");
  EXPECT_EQ(frame_of(*parsed).f_port, 7);
  EXPECT_EQ(frame_of(*parsed).f_cnt, 8U);
  EXPECT_EQ(frame_of(*parsed).frm_payload, "AQ");
  EXPECT_EQ(frame_of(*parsed).decoded_payload, "{\"fPort\":1}");
  EXPECT_EQ(frame_of(*parsed).rssi, "-9");
  EXPECT_EQ(frame_of(*parsed).snr, "0");
  EXPECT_EQ(frame_of(*parsed).data_rate, "SF5BW812.5");
  EXPECT_EQ(parsed->received_at, "2025-01-01T00:00:00Z");
  EXPECT_EQ(frame_of(*parsed).confirmed, true);
  EXPECT_EQ(parsed->simulated, false);
  EXPECT_TRUE(parsed->key);
}

TEST(application_up, null_is_absent) {
  const auto parsed = parse_application_up(
      "{" + ids +
          R"(,"join_accept":null,"received_at":null,"simulated":null,"uplink_message":{"f_port":null,"f_cnt":null,
      "frm_payload":null,"decoded_payload":null,"rx_metadata":null,"settings":null,"confirmed":null,"session_key_id":null}})",
      {});
  ASSERT_TRUE(parsed) << parsed.fault().message();
  EXPECT_EQ(parsed->kind, event_kind::uplink);
  EXPECT_EQ(frame_of(*parsed).decoded_payload, "");
  EXPECT_EQ(frame_of(*parsed).gateways, std::nullopt);
}

TEST(application_up, the_zero_time_of_go_is_no_time) {
  const std::string zero = "\"received_at\":\"0001-01-01T00:00:00Z\"";
  const auto both = parse_application_up(
      "{" + ids + "," + zero + ",\"uplink_message\":{\"session_key_id\":\"AQ==\"," + zero + "}}", {});
  ASSERT_TRUE(both) << both.fault().message();
  EXPECT_EQ(both->received_at, "");
  EXPECT_FALSE(both->key);
  const auto inner = parse_application_up(
      "{" + ids + ",\"received_at\":\"2025-01-01T00:00:00Z\",\"uplink_message\":{" + zero + "}}", {});
  EXPECT_EQ(inner->received_at, "2025-01-01T00:00:00Z");
}

// As it is compared with the network server's record, where zeros at the end are cut
// (real-stack-facts.md 2.8).
TEST(application_up, has_the_network_servers_own_time_as_a_number) {
  const auto time_of = [](const std::string& inner) {
    const auto read = parse_application_up(
        "{" + ids + R"(,"received_at":"2025-01-01T00:00:09Z","uplink_message":{)" + inner + "}}", {});
    return frame_of(*read).received_at;
  };
  EXPECT_EQ(time_of(R"("received_at":"2025-01-01T00:00:00.330Z")"), 1'735'689'600'330'000'000);
  EXPECT_EQ(time_of(R"("received_at":"2025-01-01T00:00:00.33Z")"), 1'735'689'600'330'000'000);
  EXPECT_EQ(time_of(R"("received_at":"2025-01-01T00:00:00.330000001Z")"), 1'735'689'600'330'000'001);
  EXPECT_EQ(time_of(""), std::nullopt) << "the envelope's is another server's";
  EXPECT_EQ(time_of(R"("received_at":"0001-01-01T00:00:00Z")"), std::nullopt);
}

TEST(application_up, keeps_every_number_of_the_decoder_as_written) {
  const std::string decoded =
      R"({"big":9007199254740993,"huge":123456789012345678901234567890,"f32":27.200000762939453,"exp":2.50E-3,"minus":-0.0,"text":"a b\u00e4\"c"})";
  const auto parsed = parse_application_up(uplink_with("\"decoded_payload\" : " + decoded), {});
  ASSERT_TRUE(parsed) << parsed.fault().message();
  EXPECT_EQ(frame_of(*parsed).decoded_payload, decoded);
}

TEST(application_up, of_several_members_with_one_name_the_last_counts) {
  const auto parsed = parse_application_up(
      R"({"uplink_message":{"f_port":9},"end_device_ids":{"device_id":"other"},)" + ids +
          R"(,"uplink_message":{"f_port":1,"f_port":2,"decoded_payload":{"a":1},"decoded_payload":{"a":2}}})",
      {});
  ASSERT_TRUE(parsed) << parsed.fault().message();
  EXPECT_EQ(parsed->from.device.str(), "dev1");
  EXPECT_EQ(frame_of(*parsed).f_port, 2);
  EXPECT_EQ(frame_of(*parsed).decoded_payload, "{\"a\":2}");
}

TEST(application_up, the_best_gateway_has_the_largest_snr_and_then_rssi) {
  struct {
    const char *receptions, *rssi, *snr;
    unsigned gateways;
  } const cases[] = {
      {R"([{"rssi":-100,"snr":-5},{"rssi":-110,"snr":2.50},{"rssi":-90,"snr":1}])", "-110", "2.50", 3},
      {R"([{"rssi":-100,"snr":-0.5},{"rssi":-110}])", "-110", "0", 2}, // an omitted snr is 0
      {R"([{"rssi":-100,"snr":3},{"rssi":-90,"snr":3},{"rssi":-95,"snr":3}])", "-90", "3", 3},
      {R"([{"gateway_ids":{"gateway_id":"test"}}])", "", "", 1},
      {R"([{"rssi":"NaN","snr":"-Infinity"},7])", "", "", 2},
      {"[]", "", "", 0},
  };
  for (const auto& want : cases) {
    const auto parsed =
        parse_application_up(uplink_with("\"rx_metadata\":" + std::string{want.receptions}), {});
    ASSERT_TRUE(parsed) << want.receptions;
    EXPECT_EQ(frame_of(*parsed).rssi, want.rssi) << want.receptions;
    EXPECT_EQ(frame_of(*parsed).snr, want.snr) << want.receptions;
    EXPECT_EQ(frame_of(*parsed).gateways, want.gateways) << want.receptions;
  }
}

TEST(sample_events, in_a_wrapping_are_refused_with_what_to_take_out_of_it) {
  const std::pair<const char*, const char*> cases[] = {
      {"event-01-as.up.data.forward-2022.json", "take its `data`"},
      {"event-02-as.up.join.forward-2022.json", "take its `data`"},
      {"event-05-constructed-end_device.update-stream-line.json", "take its `result`"},
      {"storage-01-result-line.json", "take its `result`"},
      {"storage-04-cli-simulated-array.json", "take one of its elements"},
  };
  for (const auto& [file, way_out] : cases) {
    const auto parsed = parse_application_up(sample(file), {"app1", "dev1"});
    ASSERT_FALSE(parsed) << file;
    EXPECT_EQ(parsed.fault().code(), errc::event_unrecognised) << file;
    EXPECT_NE(parsed.fault().detail().find(way_out), std::string::npos) << parsed.fault().detail();
  }
}

TEST(masks, tell_a_control_frame_from_data_whose_port_is_left_out) {
  const std::pair<const char*, bool> cases[] = {
      {"", true},
      {R"("f_port":0)", true},
      {R"("f_cnt":7,"received_at":"2025-01-01T00:00:00Z","rx_metadata":[{"rssi":-3}],"settings":{})", true},
      {R"("frm_payload":"","decoded_payload":null,"normalized_payload":null)", true},
      {R"("f_port":1)", false},
      {R"("frm_payload":"AQ==")", false},
      {R"("decoded_payload":{"t":1})", false},
      {R"("decoded_payload":{})", false},
      {R"("normalized_payload":[{"air":{"temperature":1}}])", false},
      {R"("f_port":0,"frm_payload":"AQ==")", false},
  };
  for (const auto& [members, control] : cases) {
    const auto parsed = parse_application_up(uplink_with(members), {});
    ASSERT_TRUE(parsed) << members;
    EXPECT_EQ(model::is_control_frame(*parsed), control) << members;
    // By MQTT nothing is masked, and the stack gives frames of port 0 no payload: the rule is the same.
    EXPECT_EQ(model::is_control_frame(*parse_application_up(uplink_with(members), {}, masking::none)),
              control)
        << members;
  }
}

TEST(masks, an_absent_number_is_zero_only_in_a_whole_event) {
  const std::string inside =
      R"("received_at":"2025-01-01T00:00:00Z","rx_metadata":[],"settings":{},"f_port":1)";
  const auto event = [](const std::string& envelope, const std::string& members, masking mask) {
    const auto parsed =
        parse_application_up("{" + ids + envelope + ",\"uplink_message\":{" + members + "}}", {}, mask);
    EXPECT_TRUE(parsed) << parsed.fault().message();
    return *parsed;
  };
  const std::string outside = R"(,"received_at":"2025-01-01T00:00:01Z","correlation_ids":[])";
  for (const auto& whole :
       {event(outside, inside, masking::possible), event("", "\"f_port\":1", masking::none)}) {
    EXPECT_EQ(frame_of(whole).f_cnt, 0U);
    EXPECT_EQ(frame_of(whole).gateways, 0U);
    EXPECT_EQ(frame_of(whole).session, 0);
    EXPECT_EQ(frame_of(whole).confirmed, false);
    EXPECT_EQ(whole.simulated, false);
  }
  const auto without = [](std::string text, const std::string& member) {
    const auto at = text.find(member);
    EXPECT_NE(at, std::string::npos);
    text.erase(at, member.size());
    return text;
  };
  for (const auto& masked :
       {event(without(outside, R"(,"correlation_ids":[])"), inside, masking::possible),
        event(without(outside, R"(,"received_at":"2025-01-01T00:00:01Z")"), inside, masking::possible),
        event(outside, without(inside, R"("received_at":"2025-01-01T00:00:00Z",)"), masking::possible),
        event(outside, without(inside, R"("rx_metadata":[],)"), masking::possible),
        event(outside, without(inside, R"("settings":{},)"), masking::possible)}) {
    EXPECT_EQ(frame_of(masked).f_cnt, std::nullopt);
    EXPECT_EQ(frame_of(masked).session, std::nullopt);
    EXPECT_EQ(frame_of(masked).confirmed, std::nullopt);
  }
  const auto known = event("", R"("f_cnt":0,"confirmed":false,"rx_metadata":[{}],"session_key_id":"AQ==")",
                           masking::possible);
  EXPECT_EQ(frame_of(known).f_cnt, 0U);
  EXPECT_EQ(frame_of(known).confirmed, false);
  EXPECT_EQ(frame_of(known).gateways, 1U);
  EXPECT_NE(frame_of(known).session.value_or(0), 0);
}

TEST(sessions, are_told_apart) {
  const auto session_of = [](const std::string& id) {
    return frame_of(*parse_application_up(uplink_with(R"("session_key_id":")" + id + '"'), {}, masking::none))
        .session;
  };
  EXPECT_EQ(session_of(""), 0);
  EXPECT_NE(session_of("AQ=="), 0);
  EXPECT_NE(session_of("AQ=="), session_of("Ag=="));
  EXPECT_EQ(session_of("AQ=="), session_of("AQ=="));
}

TEST(identifiers, of_the_application_must_agree_and_the_bodys_device_wins) {
  const auto body = uplink_with("");
  EXPECT_TRUE(parse_application_up(body, {"app1", "dev1"}));
  EXPECT_TRUE(parse_application_up(body, {"app1", ""}));
  EXPECT_TRUE(parse_application_up(body, {"app1", "dev1", true}));
  const auto other = parse_application_up(body, {"app1", "dev2"});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->from.device.str(), "dev1");
  for (const auto& wrong :
       {path_ids{"app2", "dev1"}, path_ids{"app1", "dev2", true}, path_ids{"", "x", true}}) {
    const auto parsed = parse_application_up(body, wrong);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.fault().code(), errc::identifiers_mismatch);
  }
}

TEST(identifiers, a_dev_eui_alone_names_no_device) {
  const std::string body =
      R"({"end_device_ids":{"dev_eui":"70B3D52DD600035A"},"uplink_message":{"decoded_payload":{}}})";
  const auto alone = parse_application_up(body, {"app1", ""});
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.fault().code(), errc::identifiers_missing);
  EXPECT_NE(alone.fault().detail().find("dev_eui"), std::string::npos);
  const auto beside = parse_application_up(body, {"app1", "dev1"});
  ASSERT_TRUE(beside);
  EXPECT_EQ(beside->dev_eui.str(), "70B3D52DD600035A");
}

TEST(bad_input, is_refused_by_name) {
  std::string deep = uplink_with("\"decoded_payload\":{\"a\":");
  for (int i = 0; i < 1000; ++i)
    deep += '[';
  const std::pair<std::string, errc> cases[] = {
      {"", errc::json_malformed},
      {"{", errc::json_malformed},
      {uplink_with("\"f_port\":1") + "}", errc::json_malformed},
      {uplink_with("\"frm_payload\":\"\xff\""), errc::json_malformed},
      {uplink_with("\"frm_payload\":\"AQ=="), errc::json_malformed},
      {deep, errc::json_malformed},
      {"{}", errc::event_unrecognised},
      {"[]", errc::event_unrecognised},
      {"null", errc::event_unrecognised},
      {"\"uplink_message\"", errc::event_unrecognised},
      {R"({"hello":"world"})", errc::event_unrecognised},
      {"{" + ids + R"(,"uplink_message":{},"join_accept":{}})", errc::event_unrecognised},
      {R"({"uplink_message":{}})", errc::identifiers_missing},
      {R"({"end_device_ids":{},"uplink_message":{}})", errc::identifiers_missing},
      {R"({"end_device_ids":{"device_id":"dev1","application_ids":{}},"uplink_message":{}})",
       errc::identifiers_missing},
      {R"({"end_device_ids":{"device_id":"","application_ids":{"application_id":"app1"}},"uplink_message":{}})",
       errc::identifiers_missing},
      {R"({"end_device_ids":{"device_id":"Dev1","application_ids":{"application_id":"app1"}},"uplink_message":{}})",
       errc::identifier_invalid},
      {R"({"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"a\u0000p"}},"uplink_message":{}})",
       errc::identifier_invalid},
      {R"({"end_device_ids":{"device_id":"../../etc","application_ids":{"application_id":"app1"}},"join_accept":{}})",
       errc::identifier_invalid},
      {R"({"end_device_ids":{"device_id":"dev1","dev_eui":"AQIDBAUGBwg=","application_ids":{"application_id":"app1"}},"join_accept":{}})",
       errc::identifier_invalid},
      {R"({"end_device_ids":7,"uplink_message":{}})", errc::field_invalid},
      {R"({"end_device_ids":{"device_id":7,"application_ids":{"application_id":"app1"}},"uplink_message":{}})",
       errc::field_invalid},
      {R"({"end_device_ids":{"device_id":"dev1","application_ids":"app1"},"uplink_message":{}})",
       errc::field_invalid},
      {"{" + ids + R"(,"uplink_message":[]})", errc::field_invalid},
      {"{" + ids + R"(,"uplink_message":{},"simulated":"true"})", errc::field_invalid},
      {"{" + ids + R"(,"uplink_message":{},"received_at":5})", errc::field_invalid},
      {uplink_with("\"f_port\":256"), errc::field_invalid},
      {uplink_with("\"f_port\":-1"), errc::field_invalid},
      {uplink_with("\"f_port\":1.5"), errc::field_invalid},
      {uplink_with("\"f_port\":\"10\""), errc::field_invalid},
      {uplink_with("\"f_port\":true"), errc::field_invalid},
      {uplink_with("\"f_port\":1e1"), errc::field_invalid},
      {uplink_with("\"f_cnt\":4294967296"), errc::field_invalid},
      {uplink_with("\"f_cnt\":-1"), errc::field_invalid},
      {uplink_with("\"frm_payload\":\"A\""), errc::field_invalid},
      {uplink_with("\"frm_payload\":\"A*==\""), errc::field_invalid},
      {uplink_with("\"frm_payload\":\"AQ=\""), errc::field_invalid},
      {uplink_with("\"frm_payload\":\"A Q=\""), errc::field_invalid},
      {uplink_with("\"frm_payload\":[1]"), errc::field_invalid},
      {uplink_with("\"session_key_id\":\"?\""), errc::field_invalid},
      {uplink_with("\"decoded_payload\":[1]"), errc::field_invalid},
      {uplink_with("\"decoded_payload\":\"x\""), errc::field_invalid},
      {uplink_with("\"confirmed\":1"), errc::field_invalid},
      {uplink_with("\"rx_metadata\":{}"), errc::field_invalid},
      {uplink_with("\"received_at\":\"yesterday\""), errc::field_invalid},
      {uplink_with("\"received_at\":\"9999-12-31T23:59:59Z\""), errc::field_invalid},
      {uplink_with("\"received_at\":\"" + std::string(100'000, '1') + "\""), errc::field_invalid},
  };
  for (const auto& [body, code] : cases) {
    const auto parsed = parse_application_up(body, {});
    ASSERT_FALSE(parsed) << body.substr(0, 200);
    EXPECT_EQ(parsed.fault().name(), describe(code).name) << body.substr(0, 200);
    EXPECT_LT(parsed.fault().detail().size(), 200U) << "a peer's text fills the log";
  }
}

TEST(bad_input, a_sample_cut_off_anywhere_is_malformed) {
  const auto whole = sample("up-03-mclimate-button-confirmed-battery-2025.json");
  const auto end = whole.find_last_of('}');
  for (std::size_t size = 0; size <= end; ++size) {
    const auto parsed = parse_application_up(std::string_view{whole}.substr(0, size), {});
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.fault().code(), errc::json_malformed) << size;
  }
}

TEST(bad_input, a_sample_with_any_byte_changed_is_read_or_refused) {
  const auto whole = sample("up-18-constructed-fsk-fcnt0.json");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'"', '\\', '{', '}', '[', ']', ',', '0', '\0', '\x80'}) {
      auto damaged = whole;
      damaged[at] = byte;
      const auto parsed = parse_application_up(damaged, {});
      EXPECT_TRUE(!parsed || parsed->raw == damaged);
    }
  }
}

TEST(bad_input, a_megabyte_takes_no_longer_than_its_length) {
  std::string receptions = "\"rx_metadata\":[";
  while (receptions.size() < 1'000'000)
    receptions += R"({"gateway_ids":{"gateway_id":"a"},"rssi":-35,"snr":5.25},)";
  receptions += "{}]";
  const auto body = uplink_with(receptions);
  const auto begin = std::chrono::steady_clock::now();
  const auto parsed = parse_application_up(body, {});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(frame_of(*parsed).snr, "5.25");
  // A hundred times what it takes: only a cost that grows with the square of the size reaches it.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2});
}

} // namespace
} // namespace causeway::tts
