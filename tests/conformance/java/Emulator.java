// SPDX-License-Identifier: Apache-2.0
import com.azure.core.credential.AzureSasCredential;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.azure.sdk.iot.service.auth.IotHubConnectionStringBuilder;
import com.microsoft.azure.sdk.iot.service.auth.IotHubServiceSasToken;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** The emulator that run.mjs has started. */
final class Emulator {
    /** As the device's half wants it, with a dot; to this name run.mjs leads the port that both halves dial, whatever they are told. */
    static final String HUB = "hub.localhost";
    static final long PATIENCE_MS = 60_000;

    private static final HttpClient http = HttpClient.newHttpClient();

    static String environment(String name) {
        return System.getenv().get(name);
    }

    static JsonObject control(String method, String path, Object body) throws Exception {
        var content = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(new Gson().toJson(body));
        var asked = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + environment("EMULATOR_CONTROL") + path)).method(method, content);
        var answer = http.send(asked.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) throw new IllegalStateException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
        return JsonParser.parseString(answer.body()).getAsJsonObject();
    }

    static List<JsonObject> objects(JsonElement array) {
        return StreamSupport.stream(array.getAsJsonArray().spliterator(), false).map(JsonElement::getAsJsonObject).collect(Collectors.toList());
    }

    static void until(String what, Callable<Boolean> holds) throws Exception {
        for (long deadline = System.currentTimeMillis() + PATIENCE_MS; !holds.call(); Thread.sleep(20))
            if (System.currentTimeMillis() > deadline) throw new AssertionError("not within " + PATIENCE_MS + " ms: " + what);
    }

    static String deviceConnection(String device) throws Exception {
        var key = control("GET", "/devices/" + device, null).get("primary_key").getAsString();
        return "HostName=" + HUB + ";DeviceId=" + device + ";SharedAccessKey=" + key;
    }

    static String ownerConnection() throws Exception {
        var owner = Files.readString(Path.of(environment("EMULATOR_DIRECTORY"), "service-connection-string-0")).trim();
        return owner.replaceFirst("^HostName=localhost:\\d+", "HostName=" + HUB);
    }

    // The REST half of the service's package takes a port only beside a credential, not in a connection string.
    static String restHost() {
        return "localhost:" + environment("EMULATOR_SERVICE");
    }

    static AzureSasCredential restCredential() throws Exception {
        var owner = IotHubConnectionStringBuilder.createIotHubConnectionString(ownerConnection());
        return new AzureSasCredential(new IotHubServiceSasToken(owner).toString());
    }

    private Emulator() {}
}
