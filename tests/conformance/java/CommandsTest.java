// SPDX-License-Identifier: Apache-2.0
import static org.junit.Assert.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.azure.sdk.iot.service.messaging.AcknowledgementType;
import com.microsoft.azure.sdk.iot.service.messaging.DeliveryAcknowledgement;
import com.microsoft.azure.sdk.iot.service.messaging.FeedbackRecord;
import com.microsoft.azure.sdk.iot.service.messaging.FeedbackStatusCode;
import com.microsoft.azure.sdk.iot.service.messaging.IotHubServiceClientProtocol;
import com.microsoft.azure.sdk.iot.service.messaging.Message;
import com.microsoft.azure.sdk.iot.service.messaging.MessageFeedbackProcessorClient;
import com.microsoft.azure.sdk.iot.service.messaging.MessagingClient;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodRequestOptions;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodResponse;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodsClient;
import com.microsoft.azure.sdk.iot.service.twin.Twin;
import com.microsoft.azure.sdk.iot.service.twin.TwinClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.AfterClass;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Test;

/** iot-service-client, unmodified, as operator of devices that a gateway carries: the rows of ../commands.test.mjs. */
public class CommandsTest {
    private static final long LIMIT_MS = 120_000;

    private static Process gateway;
    private static String application;
    private static Iterator<JsonElement> devices;

    private String device; // each test has its own, with nothing in its queue

    @BeforeClass
    public static void startsTheGateway() throws Exception {
        // The printed configuration has one application; here it has the commands of twins and of IoT Central, too.
        var configuration = Path.of(Emulator.environment("CAUSEWAY_CONFIGURATION"));
        var text = Files.readString(configuration);
        var id = Pattern.compile("\\[\\[application]]\nid = \"([^\"]+)\"").matcher(text);
        id.find();
        application = id.group(1);
        Files.writeString(configuration, text.replace("[[application]]\n", "[[application]]\ntwin = true\n")
            .replace("[admin]\n", "[application.command.valve]\nport = 12\npayload = { open = true }\n\n[admin]\n"));
        gateway = new ProcessBuilder(Emulator.environment("CAUSEWAY_PROGRAM"), "run", "-c", configuration.toString())
            .redirectOutput(ProcessBuilder.Redirect.INHERIT).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        // Through DPS an identity is there once the gateway has registered it.
        Emulator.until("four devices", () -> Emulator.control("GET", "/devices", null).getAsJsonArray("devices").size() == 4);
        devices = Emulator.control("GET", "/devices", null).getAsJsonArray("devices").iterator();
    }

    @Before
    public void takesADevice() throws Exception {
        device = devices.next().getAsString();
        Emulator.until("four links", () -> Emulator.objects(Emulator.control("GET", "/links?device=" + device, null).get("links")).stream()
            .map(link -> link.get("role").getAsString()).distinct().count() == 4);
    }

    @AfterClass
    public static void stopsTheGateway() throws Exception {
        gateway.destroy();
        gateway.waitFor();
    }

    private long items() throws Exception {
        return Emulator.objects(Emulator.control("GET", "/downlinks/book?after=0&limit=1000", null).get("items")).stream()
            .filter(item -> item.get("device").getAsString().equals(device)).count();
    }

    private List<JsonObject> reports() throws Exception {
        return Emulator.objects(Emulator.control("GET", "/ledger/messages?after=0&limit=1000&device=" + device, null).get("messages")).stream()
            .map(message -> message.get("body")).map(body -> body.isJsonPrimitive() ? JsonParser.parseString(body.getAsString()) : body)
            .map(body -> body.getAsJsonObject().getAsJsonObject("downlink")).filter(report -> report != null).collect(Collectors.toList());
    }

    private List<String> states() throws Exception {
        return reports().stream().map(one -> one.get("state").getAsString()).collect(Collectors.toList());
    }

    private void speak(Map<String, Object> how) throws Exception {
        var said = new HashMap<String, Object>(how);
        said.putAll(Map.of("application", application, "device", device));
        Emulator.control("POST", "/downlinks/uplink", said);
    }

    private void send(Message message) throws Exception {
        var messages = new MessagingClient(Emulator.ownerConnection(), IotHubServiceClientProtocol.AMQPS);
        messages.open();
        try {
            messages.send(device, message);
        } finally {
            messages.close();
        }
    }

    @Test(timeout = LIMIT_MS)
    public void aMessageWithAckFullBecomesADownlinkAndComesBackAsFeedbackAndReports() throws Exception {
        var records = new CopyOnWriteArrayList<FeedbackRecord>();
        var feedback = new MessageFeedbackProcessorClient(Emulator.ownerConnection(), IotHubServiceClientProtocol.AMQPS, batch -> {
            records.addAll(batch.getRecords());
            return AcknowledgementType.COMPLETE;
        });
        feedback.start();
        try {
            var message = new Message("AQID");
            message.setMessageId("open-1");
            message.setDeliveryAcknowledgement(DeliveryAcknowledgement.Full);
            message.getProperties().putAll(Map.of("Port", "10", "Confirmed", "true"));
            send(message);
            Emulator.until("feedback", () -> !records.isEmpty());
        } finally {
            feedback.stop();
        }
        assertEquals(1, records.size());
        assertEquals("open-1", records.get(0).getOriginalMessageId());
        assertEquals(FeedbackStatusCode.success, records.get(0).getStatusCode());
        assertEquals(device, records.get(0).getDeviceId());
        Emulator.until("queued", () -> states().size() == 1);
        speak(Map.of());
        Emulator.until("sent", () -> states().size() == 2);
        speak(Map.of("ack", true));
        Emulator.until("acknowledged", () -> states().size() == 3);
        assertEquals(List.of("queued", "sent", "acknowledged"), states());
        for (var one : reports()) assertEquals("open-1", one.get("messageId").getAsString());
        assertEquals(1, items());
    }

    private DirectMethodResponse call(String name, Map<String, Object> payload) throws Exception {
        return new DirectMethodsClient(Emulator.restHost(), Emulator.restCredential()).invoke(device, name,
            DirectMethodRequestOptions.builder().payload(payload).methodConnectTimeoutSeconds(10).methodResponseTimeoutSeconds(20).build());
    }

    private static void assertRefused(String what, DirectMethodResponse answer) {
        assertEquals(400, (int) answer.getStatus());
        assertEquals(what, answer.getPayloadAsJsonElement().getAsJsonObject().get("error").getAsString());
    }

    @Test(timeout = LIMIT_MS)
    public void aMethodIsAnsweredWhenItsDownlinkIsQueuedAndABadOneWithWhatIsWrong() throws Exception {
        var first = call("downlink", Map.of("f_port", 11, "frm_payload", "AQI=", "id", "call-1"));
        assertEquals(200, (int) first.getStatus());
        var told = first.getPayloadAsJsonElement().getAsJsonObject();
        assertEquals("queued", told.get("state").getAsString());
        var again = call("downlink", Map.of("f_port", 11, "frm_payload", "AQI=", "id", "call-1"));
        assertEquals(200, (int) again.getStatus());
        assertEquals(Map.of("command", told.get("command").getAsString(), "state", "queued"), again.getPayload(Map.class));
        assertRefused("command_id_taken", call("downlink", Map.of("f_port", 12, "frm_payload", "AQI=", "id", "call-1")));
        assertRefused("downlink_port_invalid", call("downlink", Map.of("f_port", 224, "frm_payload", "AQI=")));
        assertEquals(404, (int) call("nobody", null).getStatus());
        assertEquals(1, items());
    }

    private JsonObject told(TwinClient twins) throws Exception {
        var reported = twins.get(device).getReportedProperties().toJsonObject().getAsJsonObject("lorawan");
        return reported == null || !reported.has("downlink") ? new JsonObject() : reported.getAsJsonObject("downlink");
    }

    private void untilTold(TwinClient twins, String state) throws Exception {
        Emulator.until(state, () -> {
            var found = told(twins).get("state");
            return found != null && found.getAsString().equals(state);
        });
    }

    private void desire(TwinClient twins, Map<String, Object> downlink) throws Exception {
        var twin = new Twin(device);
        twin.getDesiredProperties().put("lorawan", Map.of("downlink", downlink));
        twins.patch(twin);
    }

    @Test(timeout = LIMIT_MS)
    public void whatIsDesiredOfATwinBecomesOneDownlinkAndItsOutcomeStandsInReported() throws Exception {
        var twins = new TwinClient(Emulator.restHost(), Emulator.restCredential());
        desire(twins, Map.of("f_port", 13, "frm_payload", "AQI=", "confirmed", true));
        untilTold(twins, "queued");
        assertEquals(1, items());
        var first = told(twins);
        desire(twins, Map.of("f_port", 13)); // the same value
        speak(Map.of());
        untilTold(twins, "sent");
        speak(Map.of("ack", true));
        untilTold(twins, "acknowledged");
        assertEquals(first.get("version"), told(twins).get("version"));
        assertEquals(first.get("command"), told(twins).get("command"));
        assertEquals(1, items());
        desire(twins, Map.of("f_port", 224));
        untilTold(twins, "refused");
        assertEquals("downlink_port_invalid", told(twins).getAsJsonObject("error").get("name").getAsString());
        assertEquals(1, items());
    }

    @Test(timeout = LIMIT_MS)
    public void aCommandOfIotCentralHasThePortAndThePayloadThatAreConfigured() throws Exception {
        var message = new Message("@");
        message.getProperties().put("method-name", "valve");
        send(message);
        Emulator.until("a downlink", () -> items() == 1);
        Emulator.until("its report", () -> reports().stream()
            .anyMatch(one -> one.get("port").getAsInt() == 12 && one.get("state").getAsString().equals("queued")));
    }
}
