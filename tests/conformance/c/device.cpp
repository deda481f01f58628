// SPDX-License-Identifier: Apache-2.0
// Devices on Microsoft's C SDK, unmodified: they do what stdin says, and say on stdout what comes to them;
// lines of words between tabs. `single`: each has a connection of its own; `shared`: all are on one
// transport.
//   c_device single|shared CA_FILE HUB_NAME HUB_SUFFIX
// Orders: device ID KEY, follow ID, get ID, report ID JSON, send ID MESSAGE_ID BODY. The end of stdin closes
// all.
#include <azure_c_shared_utility/shared_util_options.h>
#include <c_logging/logger.h>
#include <iothub.h>
#include <iothub_client_options.h>
#include <iothub_device_client.h>
#include <iothub_message.h>
#include <iothubtransportamqp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

struct hub_address {
  std::string name;
  std::string suffix;
  std::string ca;
};

struct device {
  std::string id;
  IOTHUB_DEVICE_CLIENT_HANDLE client = nullptr;
  std::set<std::string> seen; // message ids; the SDK's worker alone
};

// The SDK logs to stdout, which therefore becomes stderr; this is the stdout that the program was given.
FILE* told = nullptr;

void tell(const device& of, std::string_view what, std::string_view more = {}) {
  std::fprintf(told, "%s\t%.*s\t%.*s\n", of.id.c_str(), static_cast<int>(what.size()), what.data(),
               static_cast<int>(more.size()), more.data());
}

void tell_unless_ok(const device& of, std::string_view what, IOTHUB_CLIENT_RESULT result) {
  if (result != IOTHUB_CLIENT_OK) tell(of, what, "refused by the SDK");
}

std::string_view text_of(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

void on_status(IOTHUB_CLIENT_CONNECTION_STATUS status, IOTHUB_CLIENT_CONNECTION_STATUS_REASON reason,
               void* context) {
  const auto& of = *static_cast<device*>(context);
  if (status == IOTHUB_CLIENT_CONNECTION_AUTHENTICATED)
    tell(of, "online");
  else
    tell(of, "offline", std::to_string(reason));
}

// `bad` is rejected, `later` abandoned the first time, all else completed.
IOTHUBMESSAGE_DISPOSITION_RESULT on_message(IOTHUB_MESSAGE_HANDLE message, void* context) {
  auto& of = *static_cast<device*>(context);
  const unsigned char* body = nullptr;
  size_t size = 0;
  if (IoTHubMessage_GetByteArray(message, &body, &size) != IOTHUB_MESSAGE_OK) return IOTHUBMESSAGE_REJECTED;
  const auto word = [](const char* text) { return std::string{text == nullptr ? "" : text}; };
  const auto id = word(IoTHubMessage_GetMessageId(message));
  tell(of, "message",
       id + '\t' + word(IoTHubMessage_GetCorrelationId(message)) + '\t' +
           word(IoTHubMessage_GetProperty(message, "Port")) + '\t' + std::string{text_of(body, size)});
  const bool first = of.seen.insert(id).second;
  if (id == "bad") return IOTHUBMESSAGE_REJECTED;
  return id == "later" && first ? IOTHUBMESSAGE_ABANDONED : IOTHUBMESSAGE_ACCEPTED;
}

int on_method(const char* name, const unsigned char* payload, size_t size, unsigned char** response,
              size_t* response_size, void* context) {
  const auto& of = *static_cast<device*>(context);
  const auto answer = R"({"device":")" + of.id + R"(","name":")" + name + R"(","got":)" +
                      std::string{text_of(payload, size)} + '}';
  *response = static_cast<unsigned char*>(std::malloc(answer.size())); // the SDK frees it
  if (*response == nullptr) return 500;
  std::memcpy(*response, answer.data(), answer.size());
  *response_size = answer.size();
  return 202;
}

void on_twin(DEVICE_TWIN_UPDATE_STATE state, const unsigned char* payload, size_t size, void* context) {
  tell(*static_cast<device*>(context), state == DEVICE_TWIN_UPDATE_COMPLETE ? "twin" : "desired",
       text_of(payload, size));
}

void on_got(DEVICE_TWIN_UPDATE_STATE, const unsigned char* payload, size_t size, void* context) {
  tell(*static_cast<device*>(context), "get", text_of(payload, size));
}

void on_reported(int status, void* context) {
  tell(*static_cast<device*>(context), "report", std::to_string(status));
}

void on_sent(IOTHUB_CLIENT_CONFIRMATION_RESULT result, void* context) {
  tell(*static_cast<device*>(context), "sent",
       result == IOTHUB_CLIENT_CONFIRMATION_OK ? "ok" : std::to_string(result));
}

// `joins`: the shared transport has a device already.
void begin(device& of, const std::string& key, const hub_address& hub, TRANSPORT_HANDLE shared, bool joins) {
  if (shared == nullptr) {
    const auto text =
        "HostName=" + hub.name + '.' + hub.suffix + ";DeviceId=" + of.id + ";SharedAccessKey=" + key;
    of.client = IoTHubDeviceClient_CreateFromConnectionString(text.c_str(), AMQP_Protocol);
  } else {
    IOTHUB_CLIENT_CONFIG config{};
    config.protocol = AMQP_Protocol;
    config.deviceId = of.id.c_str();
    config.deviceKey = key.c_str();
    config.iotHubName = hub.name.c_str();
    config.iotHubSuffix = hub.suffix.c_str();
    of.client = IoTHubDeviceClient_CreateWithTransport(shared, &config);
  }
  if (of.client == nullptr) return tell(of, "begin", "refused by the SDK");
  // The first callback starts the worker, which connects: what it trusts is said before, and of a shared
  // transport once.
  if (!joins)
    tell_unless_ok(of, "trust", IoTHubDeviceClient_SetOption(of.client, OPTION_TRUSTED_CERT, hub.ca.c_str()));
  tell_unless_ok(of, "status", IoTHubDeviceClient_SetConnectionStatusCallback(of.client, on_status, &of));
  tell_unless_ok(of, "messages", IoTHubDeviceClient_SetMessageCallback(of.client, on_message, &of));
  tell_unless_ok(of, "methods", IoTHubDeviceClient_SetDeviceMethodCallback(of.client, on_method, &of));
}

void send(device& of, const std::string& message_id, const std::string& body) {
  const auto message = IoTHubMessage_CreateFromString(body.c_str());
  IoTHubMessage_SetMessageId(message, message_id.c_str());
  IoTHubMessage_SetContentTypeSystemProperty(message, "text/plain");
  IoTHubMessage_SetProperty(message, "of", of.id.c_str());
  tell_unless_ok(of, "sent", IoTHubDeviceClient_SendEventAsync(of.client, message, on_sent, &of));
  IoTHubMessage_Destroy(message); // the SDK has a copy
}

void report(device& of, const std::string& document) {
  tell_unless_ok(of, "report",
                 IoTHubDeviceClient_SendReportedState(of.client,
                                                      reinterpret_cast<const unsigned char*>(document.data()),
                                                      document.size(), on_reported, &of));
}

} // namespace

int main(int count, char** words) {
  if (count != 5) {
    std::fputs("c_device single|shared CA_FILE HUB_NAME HUB_SUFFIX\n", stderr);
    return 2;
  }
  told = fdopen(dup(STDOUT_FILENO), "w");
  if (told == nullptr || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  std::setvbuf(told, nullptr, _IOLBF, BUFSIZ);
  std::ifstream file{words[2]};
  const hub_address hub{words[3], words[4], {std::istreambuf_iterator<char>{file}, {}}};

  // The SDK's first word in its log ends a program that has not begun the log.
  if (logger_init() != 0 || IoTHub_Init() != 0) return 1;
  const auto shared = std::string_view{words[1]} == "shared"
                          ? IoTHubTransport_Create(AMQP_Protocol, hub.name.c_str(), hub.suffix.c_str())
                          : nullptr;
  std::map<std::string, device> devices; // whose places the SDK's callbacks have
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream order{line};
    const auto word = [&order] {
      std::string next;
      std::getline(order, next, '\t');
      return next;
    };
    const auto what = word();
    const auto id = word();
    auto& of = devices[id];
    of.id = id;
    if (what == "device")
      begin(of, word(), hub, shared, shared != nullptr && devices.size() > 1);
    else if (what == "follow")
      tell_unless_ok(of, what, IoTHubDeviceClient_SetDeviceTwinCallback(of.client, on_twin, &of));
    else if (what == "get")
      tell_unless_ok(of, what, IoTHubDeviceClient_GetTwinAsync(of.client, on_got, &of));
    else if (what == "report")
      report(of, word());
    else if (what == "send") {
      const auto message_id = word();
      send(of, message_id, word());
    } else
      tell(of, "order", "unknown");
  }
  for (auto& [id, of] : devices)
    IoTHubDeviceClient_Destroy(of.client);
  if (shared != nullptr) IoTHubTransport_Destroy(shared);
  IoTHub_Deinit();
  logger_deinit();
  return 0;
}
