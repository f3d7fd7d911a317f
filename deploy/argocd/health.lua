-- Argo CD health check for AzureIntegrationRuntime. Maps the kstatus result to Argo CD (InProgress: Progressing, Failed: Degraded, Current: Healthy);
-- a suspended object is Suspended, which kstatus does not have.
--
-- Degraded fails a sync, so it is used only if user action is required; what resolves itself is Progressing.
-- Argo CD provides no string library to custom scripts; this script needs none.

local conditions = {}
for _, condition in ipairs((obj.status or {}).conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or {}

local function health(status, message)
  return { status = status, message = message or "Waiting for the operator to reconcile this object." }
end

local function is_true(condition_type)
  return conditions[condition_type] ~= nil and conditions[condition_type].status == "True"
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", ready.message)
end
if obj.spec.suspend then
  return health("Suspended", "Suspended: the operator neither reads nor changes the runtime. Run the action resume to continue.")
end
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing")
end
if is_true("Stalled") then
  return health("Degraded", conditions.Stalled.reason .. ": " .. conditions.Stalled.message)
end
if is_true("Reconciling") then
  return health("Progressing", conditions.Reconciling.reason .. ": " .. conditions.Reconciling.message)
end
if is_true("Ready") then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
