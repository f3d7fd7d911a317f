-- Reconciles now: each new value of the annotation is one request.
local os = require("os")

obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["azure-ir.io/reconcile"] = os.date("!%Y-%m-%dT%H:%M:%SZ")

return obj
