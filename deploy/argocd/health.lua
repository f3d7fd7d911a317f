-- Argo CD's health of an AzureIntegrationRuntime. The status follows the conventions of kstatus, and this is its verdict in Argo CD's words
-- (InProgress: Progressing, Failed: Degraded, Current: Healthy), but for a suspended object, for which kstatus has no word.
--
-- Degraded ends a sync, so it is left to what only a person can mend: what passes by itself is Progressing.
-- Argo CD opens no string library for custom scripts; what is used here is in every Lua.

local conditions = {}
for _, condition in ipairs((obj.status or {}).conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or {}

local function health(status, message)
  return { status = status, message = message or "The operator has not looked at this yet." }
end

local function is_true(condition_type)
  return conditions[condition_type] ~= nil and conditions[condition_type].status == "True"
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", ready.message)
end
if obj.spec.suspend then
  return health("Suspended", "Suspended: nothing is looked at or changed in Azure. The action resume goes on.")
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
