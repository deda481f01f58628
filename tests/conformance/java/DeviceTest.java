// SPDX-License-Identifier: Apache-2.0
import static org.junit.Assert.assertEquals;

import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubMessageResult;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.MultiplexingClient;
import com.microsoft.azure.sdk.iot.device.twin.DirectMethodResponse;
import com.microsoft.azure.sdk.iot.device.twin.Twin;
import com.microsoft.azure.sdk.iot.device.twin.TwinCollection;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodRequestOptions;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodsClient;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

/** iot-device-client, unmodified, on what goes down to a device: one device on its connection, and two that share one. */
@RunWith(Parameterized.class)
public class DeviceTest {
    private static final long LIMIT_MS = 120_000;

    @Parameterized.Parameters(name = "{0}")
    public static Collection<Object[]> ways() {
        return List.of(new Object[] {"single", List.of("meter-00001")}, new Object[] {"multiplexed", List.of("meter-00002", "meter-00003")});
    }

    private final boolean multiplexed;
    private final Map<String, DeviceClient> clients = new LinkedHashMap<>();
    private MultiplexingClient shared;
    private int connectionsBefore;

    public DeviceTest(String way, List<String> devices) throws Exception {
        multiplexed = way.equals("multiplexed");
        for (var device : devices) clients.put(device, new DeviceClient(Emulator.deviceConnection(device), IotHubClientProtocol.AMQPS));
    }

    private void open() throws Exception {
        if (multiplexed) {
            shared = new MultiplexingClient(Emulator.HUB, IotHubClientProtocol.AMQPS);
            shared.registerDeviceClients(clients.values());
            shared.open(false);
        } else {
            for (var client : clients.values()) client.open(false);
        }
    }

    @Before
    public void countsConnections() throws Exception {
        connectionsBefore = connections();
    }

    private static int connections() throws Exception {
        return Emulator.control("GET", "/ledger", null).get("connections").getAsInt();
    }

    @After
    public void closes() throws Exception {
        if (shared != null) shared.close();
        else for (var client : clients.values()) client.close();
        assertEquals(connectionsBefore + 1, connections());
    }

    private static Map<String, String> endsOf(String device) throws Exception {
        return Emulator.objects(Emulator.control("GET", "/c2d?device=" + device, null).get("ended")).stream()
            .collect(Collectors.toMap(one -> one.get("message_id").getAsString(), one -> one.get("end").getAsString()));
    }

    @Test(timeout = LIMIT_MS)
    public void messagesAreCompletedRejectedAndAbandonedAndAnAbandonedOneComesAgain() throws Exception {
        int abandonedBefore = Emulator.control("GET", "/ledger", null).getAsJsonObject("c2d").get("abandoned").getAsInt();
        var seen = new ConcurrentHashMap<String, List<Message>>();
        for (var one : clients.entrySet()) {
            var device = one.getKey();
            for (var id : List.of("done", "bad", "later"))
                Emulator.control("POST", "/c2d", Map.of("device", device, "message_id", id, "body", device + " " + id,
                    "correlation_id", "about " + id, "content_type", "text/plain", "properties", Map.of("Port", "10")));
            var mine = new CopyOnWriteArrayList<Message>();
            seen.put(device, mine);
            one.getValue().setMessageCallback((message, context) -> {
                boolean again = mine.stream().anyMatch(before -> before.getMessageId().equals(message.getMessageId()));
                mine.add(message);
                if (message.getMessageId().equals("bad")) return IotHubMessageResult.REJECT;
                return message.getMessageId().equals("later") && !again ? IotHubMessageResult.ABANDON : IotHubMessageResult.COMPLETE;
            }, null);
        }
        open();
        for (var device : clients.keySet()) {
            Emulator.until("three ends of " + device, () -> endsOf(device).size() == 3);
            assertEquals(Map.of("done", "Success", "bad", "Rejected", "later", "Success"), endsOf(device));
            var ids = seen.get(device).stream().map(Message::getMessageId).sorted().collect(Collectors.toList());
            assertEquals(List.of("bad", "done", "later", "later"), ids);
            var done = seen.get(device).stream().filter(message -> message.getMessageId().equals("done")).findFirst().get();
            assertEquals(device + " done", new String(done.getBytes(), Message.DEFAULT_IOTHUB_MESSAGE_CHARSET));
            assertEquals("about done", done.getCorrelationId());
            assertEquals("text/plain", done.getContentType());
            assertEquals("10", done.getProperty("Port"));
        }
        var counts = Emulator.control("GET", "/ledger", null).getAsJsonObject("c2d");
        assertEquals(abandonedBefore + clients.size(), counts.get("abandoned").getAsInt());
        assertEquals(0, counts.get("locks_lost").getAsInt());
    }

    @Test(timeout = LIMIT_MS)
    public void aMethodIsAnsweredByTheDeviceThatItIsFor() throws Exception {
        open();
        for (var one : clients.entrySet())
            one.getValue().subscribeToMethods((name, payload, context) ->
                new DirectMethodResponse(202, Map.of("device", one.getKey(), "name", name, "got", payload.getPayload(Map.class))), null);
        var service = new DirectMethodsClient(Emulator.restHost(), Emulator.restCredential());
        for (var device : clients.keySet()) {
            var answer = service.invoke(device, "LightsGoOn", DirectMethodRequestOptions.builder().payload(Map.of("value_1", "on"))
                .methodConnectTimeoutSeconds(10).methodResponseTimeoutSeconds(20).build());
            assertEquals(202, (int) answer.getStatus());
            assertEquals(Map.of("device", device, "name", "LightsGoOn", "got", Map.of("value_1", "on")), answer.getPayload(Map.class));
        }
    }

    @Test(timeout = LIMIT_MS)
    public void aTwinIsReadFollowedAndReportedTo() throws Exception {
        for (var device : clients.keySet())
            Emulator.control("PATCH", "/twins/" + device, Map.of("properties", Map.of("desired", Map.of("interval", 60, "of", device))));
        open();
        var changes = new ConcurrentHashMap<String, List<Twin>>();
        for (var one : clients.entrySet()) {
            changes.put(one.getKey(), new CopyOnWriteArrayList<>());
            one.getValue().subscribeToDesiredProperties((twin, context) -> changes.get(one.getKey()).add(twin), null);
            var desired = Answer.twinOf(one.getValue()).getDesiredProperties();
            assertEquals(60.0, ((Number) desired.get("interval")).doubleValue(), 0);
            assertEquals(one.getKey(), desired.get("of"));
            assertEquals(2, (int) desired.getVersion());
        }
        for (var device : clients.keySet())
            Emulator.control("PATCH", "/twins/" + device, Map.of("properties", Map.of("desired", Map.of("interval", 30))));
        for (var one : clients.entrySet()) {
            var mine = changes.get(one.getKey());
            Emulator.until("a change of " + one.getKey(), () -> !mine.isEmpty());
            assertEquals(1, mine.size());
            assertEquals(30.0, ((Number) mine.get(0).getDesiredProperties().get("interval")).doubleValue(), 0);
            assertEquals(3, (int) mine.get(0).getDesiredProperties().getVersion());
            var report = new TwinCollection();
            report.put("firmware", "1.2 of " + one.getKey());
            assertEquals(2, (int) Answer.report(one.getValue(), report).getVersion());
            var reported = Emulator.control("GET", "/twins/" + one.getKey(), null).getAsJsonObject("properties").getAsJsonObject("reported");
            assertEquals("1.2 of " + one.getKey(), reported.get("firmware").getAsString());
        }
    }

    @Test(timeout = LIMIT_MS)
    public void aMessageOfEachDeviceArrivesUnderItsOwnName() throws Exception {
        open();
        for (var one : clients.entrySet()) {
            one.getValue().sendEvent(new Message("from " + one.getKey()));
            var arrived = Emulator.objects(Emulator.control("GET", "/ledger/messages?after=0&limit=10&device=" + one.getKey(), null).get("messages"));
            assertEquals(List.of("from " + one.getKey()), arrived.stream().map(message -> message.get("body").getAsString()).collect(Collectors.toList()));
        }
    }
}
