# One message for each measurement of an uplink; none for what has no decoded payload.
.end_device_ids.device_id as $device
| .uplink_message // empty
| .received_at as $time
| .decoded_payload // empty
| to_entries[]
| select(.value | type == "number")
| {device: $device, time: $time, name: .key, value}
