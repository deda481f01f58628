// SPDX-License-Identifier: Apache-2.0
#include "model/totals.h"

namespace causeway::model {
namespace {

constexpr auto event_rows = std::to_array<figure<shard_totals>>({
    {"causeway_events_received_total",
     figure_kind::counter,
     "Events of The Things Stack that were understood",
     each<&shard_totals::received, event_kind>,
     {},
     "kind"},
    {"causeway_events_answered_total",
     figure_kind::counter,
     "What became of them",
     each<&shard_totals::answered, answer>,
     {},
     "answer"},
});

constexpr auto message_rows = std::to_array<figure<shard_totals>>({
    {"causeway_devices",
     figure_kind::gauge,
     "Devices by state",
     each<&shard_totals::devices, device_state>,
     {.key = "devices_by_state"},
     "state"},
    {"causeway_messages_sent_total",
     figure_kind::counter,
     "Messages that a hub has accepted",
     at<&shard_totals::sent>,
     {.key = "messages.sent"}},
    {"causeway_messages_resent_total",
     figure_kind::counter,
     "Messages sent again, with the same message-id",
     at<&shard_totals::resent>,
     {.key = "messages.resent"}},
    {"causeway_messages_dead_lettered_total",
     figure_kind::counter,
     "Messages and events moved to the dead letters",
     at<&shard_totals::dead_lettered>,
     {.key = "messages.dead_lettered"}},
    {"", figure_kind::gauge, "", at<&shard_totals::waiting_messages>, {.key = "messages.waiting"}},
    {"causeway_messages_grace_ended_total", figure_kind::counter,
     "Of these, messages whose device could not be connected for `removed_grace`",
     at<&shard_totals::grace_ended>},
    {"causeway_messages_refused_unknown_total", figure_kind::counter,
     "Refusals of messages by a hub for a reason that is not in the catalogue; the message waits",
     at<&shard_totals::refused_unknown>},
    {"causeway_applications_paused", figure_kind::gauge,
     "Applications that send nothing but one message now and then to a hub that refuses theirs so",
     at<&shard_totals::applications_paused>},
});

constexpr auto device_rows = std::to_array<figure<shard_totals>>({
    {"causeway_messages_read_back_total", figure_kind::counter,
     "Messages read back from the spool before they were sent", at<&shard_totals::read_back>},
    {"causeway_device_attaches_total", figure_kind::counter,
     "Times a device was handed to its hub's connection", at<&shard_totals::attaches>},
    {"causeway_device_detaches_total", figure_kind::counter, "Times a device lost its attachment",
     at<&shard_totals::detaches>},
    {"causeway_device_parks_total", figure_kind::counter, "Times a device was parked",
     at<&shard_totals::parks>},
    {"causeway_uplinks_portless_total", figure_kind::counter,
     "Uplinks with a payload and without a port: the webhook's field mask has left it out",
     at<&shard_totals::portless>},
    {"causeway_frames_missing_total", figure_kind::counter, "Frame counters skipped",
     at<&shard_totals::frames_missing>},
    {"causeway_frames_late_total", figure_kind::counter,
     "Frames that came after a later one of the same device", at<&shard_totals::frames_late>},
});

constexpr auto drop_rows = std::to_array<figure<shard_totals>>({
    {"causeway_messages_dropped_total",
     figure_kind::counter,
     "Messages given up, as configured: because the spool, or the application's share, was full; for their "
     "age",
     each<&shard_totals::dropped, drop_reason>,
     {.key = "spool.dropped", .order = 2},
     "reason"},
});

constexpr auto spool_use_rows = std::to_array<figure<spool_use>>({
    {"causeway_spool_application_messages",
     figure_kind::gauge,
     "Messages of the application in the spool",
     at<&spool_use::waiting, &amount::messages>,
     {.key = "messages"}},
    {"causeway_spool_application_bytes",
     figure_kind::gauge,
     "Bytes of the application in the spool",
     at<&spool_use::waiting, &amount::bytes>,
     {.key = "bytes"}},
    {"causeway_spool_application_dead_letters",
     figure_kind::gauge,
     "Dead letters of the application; they take of its share of the spool",
     at<&spool_use::letters, &amount::messages>,
     {.key = "dead_letters"}},
    {"causeway_spool_application_dead_letter_bytes",
     figure_kind::gauge,
     "Their bytes",
     at<&spool_use::letters, &amount::bytes>,
     {.key = "dead_letter_bytes"}},
    {"causeway_spool_dead_letters_share_ratio", figure_kind::gauge,
     "The part of the application's share of the spool that its dead letters take; at 1 its events are "
     "answered 503",
     at<&spool_use::letters_part>},
    {"causeway_application_devices", figure_kind::gauge, "Devices of the application",
     at<&spool_use::devices>},
    {"causeway_application_devices_refused_total", figure_kind::counter,
     "Events refused because their device would be one more than its application's share, or than are kept",
     at<&spool_use::devices_refused>},
    {"causeway_spool_share_refused_total",
     figure_kind::counter,
     "Events refused because the application had taken its share of the spool",
     at<&spool_use::refused>,
     {.key = "refused"}},
    {"causeway_spool_application_dropped_total",
     figure_kind::counter,
     "Messages of the application that were given up",
     at<&spool_use::dropped>,
     {.key = "dropped"}},
});

} // namespace

constinit const figure_table<shard_totals> event_figures{event_rows};
constinit const figure_table<shard_totals> message_figures{message_rows};
constinit const figure_table<shard_totals> device_figures{device_rows};
constinit const figure_table<shard_totals> drop_figures{drop_rows};
constinit const figure_table<spool_use> spool_use_figures{spool_use_rows};

} // namespace causeway::model
