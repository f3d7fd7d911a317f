# Turns what `az storage message peek` prints into what was changed in Azure, without any names (docs/change-queue.md).
.[] | .insertionTime as $queued | .content as $text
| ($text | try {encoding: "base64", event: (@base64d | fromjson)} catch {encoding: "plain", event: ($text | fromjson)})
| .encoding as $encoding | .event | if type == "array" then .[] else . end
| {
    type: (.eventType // .type),
    operation: .data.operationName,
    # Provider and types alone: /subscriptions/S/resourcegroups/G/providers/P/TYPE/name/TYPE/name.
    resource: ((.data.resourceUri // .subject // "") | split("/") | .[6:] as $named
      | ([$named[0]] + [range(1; $named | length; 2) as $at | $named[$at]] | map(values) | join("/"))),
    sameCorrelationId: (.data.correlationId == "5ec0de00-0000-4000-8000-000000000001"),
    changed: (.eventTime // .time),
    queued: $queued,
    encoding: $encoding,
    schema: (if .specversion then "CloudEvents" else "EventGrid" end)
  }
