// SPDX-License-Identifier: Apache-2.0
import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubStatusCode;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.twin.GetTwinCorrelatingMessageCallback;
import com.microsoft.azure.sdk.iot.device.twin.ReportedPropertiesUpdateCorrelatingMessageCallback;
import com.microsoft.azure.sdk.iot.device.twin.ReportedPropertiesUpdateResponse;
import com.microsoft.azure.sdk.iot.device.twin.Twin;
import com.microsoft.azure.sdk.iot.device.twin.TwinCollection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What the hub said to a request about a twin. The package's own getTwin() and updateReportedProperties() lose an answer now and then: the
 * connection's thread hands it to the receiving thread, and only then looks up who asked, which the receiving thread forgets when it is done
 * (IotHubTransport.onMessageReceived and acknowledgeReceivedMessage). Here the receiving thread is not done before.
 */
final class Answer<T> implements GetTwinCorrelatingMessageCallback, ReportedPropertiesUpdateCorrelatingMessageCallback {
    private final CompletableFuture<Object> told = new CompletableFuture<>();

    static Twin twinOf(DeviceClient client) throws Exception {
        var answer = new Answer<Twin>();
        client.getTwinAsync(answer, null);
        return answer.get();
    }

    static ReportedPropertiesUpdateResponse report(DeviceClient client, TwinCollection properties) throws Exception {
        var answer = new Answer<ReportedPropertiesUpdateResponse>();
        client.updateReportedPropertiesAsync(properties, answer, null);
        return answer.get();
    }

    @SuppressWarnings("unchecked")
    private T get() throws Exception {
        return (T) told.get(Emulator.PATIENCE_MS, TimeUnit.MILLISECONDS);
    }

    private void tell(Object what, IotHubClientException fault) {
        if (fault == null) told.complete(what);
        else told.completeExceptionally(fault);
    }

    @Override
    public void onResponseReceived(Twin twin, Message message, Object context, IotHubStatusCode status, IotHubClientException fault) {
        tell(twin, fault);
    }

    @Override
    public void onResponseReceived(Message message, Object context, IotHubStatusCode status, ReportedPropertiesUpdateResponse response, IotHubClientException fault) {
        tell(response, fault);
    }

    @Override
    public void onResponseAcknowledged(Message message, Object context) {
        told.handle((what, fault) -> null).orTimeout(Emulator.PATIENCE_MS, TimeUnit.MILLISECONDS).join();
    }

    @Override
    public void onRequestQueued(Message message, Object context) {}

    @Override
    public void onRequestSent(Message message, Object context) {}

    @Override
    public void onRequestAcknowledged(Message message, Object context, IotHubClientException fault) {}
}
