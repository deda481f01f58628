// SPDX-License-Identifier: Apache-2.0
// Spans of the timeline in the words of those who collect traces: OTLP over HTTP in JSON (opentelemetry-proto
// 1.x, its JSON mapping: ids in hex, 64-bit numbers as text) and Application Insights' ingestion (one
// envelope of RemoteDependencyData a line). Pure; any thread.
#pragma once

#include "base/secret.h"
#include "model/timeline.h"

#include <functional>
#include <string>
#include <string_view>

namespace causeway::watch {

struct span_record {
  model::phase what{};
  wall_time begin{};
  std::chrono::nanoseconds duration{0};
  std::string trace_id;                           // 32 hex digits
  std::string span_id;                            // 16 hex digits
  std::string application, device, identity, hub; // empty: not known, or of a whole connection
  model::connection_number connection = 0;
  std::optional<errc> fault;
};

// What a body is made of: prefix, spans with separators between them, suffix.
struct trace_format {
  std::string content_type, prefix, separator, suffix;
  std::function<void(std::string& out, const span_record& of)> append;
};
trace_format otlp_format(std::string_view version);
trace_format application_insights_format(std::string instrumentation_key, std::string_view version);

struct application_insights_target {
  std::string instrumentation_key;
  std::string url; // with /v2/track
};
// "InstrumentationKey=…;IngestionEndpoint=https://…": IngestionEndpoint may be absent, also in favour of
// EndpointSuffix; other keys are ignored. what: names the setting in errors. Errors:
// connection_string_malformed, naming the key that is wrong, never its value.
result<application_insights_target> parse_application_insights(const secret& text, std::string_view what);

// The trace of a device's way that began then, and of one span of it: as good as random, the same whenever
// they are asked for.
std::string make_trace_id(std::string_view subject, wall_time begin);
std::string make_span_id(std::string_view trace_id, std::uint64_t number);

} // namespace causeway::watch
