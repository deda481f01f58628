// SPDX-License-Identifier: Apache-2.0
// Microsoft's Java clients, unmodified, against causeway-emulator:
//   multiplexing HUB KEYS [c2d]       every device of the file KEYS ("name key" lines) by MultiplexingClients of at most 1,000
//   register DPS SCOPE NAME KEY       one registration over HTTPS, then its DeviceClient alone
// Prints "online" when all are, and stays until it is killed. The trust store comes by javax.net.ssl properties.
package causeway;

import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubMessageResult;
import com.microsoft.azure.sdk.iot.device.MultiplexingClient;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClient;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClientTransportProtocol;
import com.microsoft.azure.sdk.iot.provisioning.security.SecurityProviderSymmetricKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

public final class Comparison {
  private static final int MOST_OF_A_CLIENT = MultiplexingClient.MAX_MULTIPLEX_DEVICE_COUNT_AMQPS;
  private static final int PATIENCE_MS = 600_000;

  private static DeviceClient device(String hub, String name, String key, boolean commands) {
    DeviceClient made = new DeviceClient(
        "HostName=" + hub + ";DeviceId=" + name + ";SharedAccessKey=" + key, IotHubClientProtocol.AMQPS);
    if (commands) made.setMessageCallback((message, context) -> IotHubMessageResult.ABANDON, null);
    return made;
  }

  private static void multiplex(String hub, Path keys, boolean commands) throws Exception {
    List<DeviceClient> devices = new ArrayList<>();
    for (String line : Files.readAllLines(keys)) {
      String[] words = line.split(" ");
      if (words.length == 2) devices.add(device(hub, words[0], words[1], commands));
    }
    for (int from = 0; from < devices.size(); from += MOST_OF_A_CLIENT) {
      MultiplexingClient client = new MultiplexingClient(hub, IotHubClientProtocol.AMQPS);
      // As its documentation advises: registered before open(), so that all are opened together.
      client.registerDeviceClients(devices.subList(from, Math.min(devices.size(), from + MOST_OF_A_CLIENT)), PATIENCE_MS);
      client.open(false);
    }
  }

  private static void register(String dps, String scope, String name, String key) throws Exception {
    SecurityProviderSymmetricKey security =
        new SecurityProviderSymmetricKey(key.getBytes(StandardCharsets.UTF_8), name);
    ProvisioningDeviceClient client =
        ProvisioningDeviceClient.create(dps, scope, ProvisioningDeviceClientTransportProtocol.HTTPS, security);
    var result = client.registerDeviceSync();
    client.close();
    // The device client knows no ports, and takes no host without a dot.
    String hub = result.getIothubUri().split(":")[0];
    device(hub.equals("localhost") ? "127.0.0.1" : hub, result.getDeviceId(), key, true).open(false);
  }

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "multiplexing" -> multiplex(arguments[1], Path.of(arguments[2]), arguments.length > 3);
      case "register" -> register(arguments[1], arguments[2], arguments[3], arguments[4]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    System.out.println("online");
    Thread.currentThread().join();
  }
}
