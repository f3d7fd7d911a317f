-- The actions that Argo CD offers for an AzureIntegrationRuntime in its current state.

local suspended = obj.spec.suspend == true
local deleted = obj.metadata.deletionTimestamp ~= nil
local observed = obj.spec.managementPolicy == "Observe"

return {
  -- Suspending does not stop a deletion.
  reconcile = {
    disabled = suspended and not deleted,
    iconClass = "fa fa-fw fa-sync",
    displayName = "Look at Azure now",
  },
  repair = {
    disabled = suspended or deleted or observed,
    iconClass = "fa fa-fw fa-wrench",
    displayName = "Repair once",
  },
  suspend = {
    disabled = suspended or deleted,
    iconClass = "fa fa-fw fa-pause",
    displayName = "Suspend",
  },
  resume = {
    disabled = not suspended or deleted,
    iconClass = "fa fa-fw fa-play",
    displayName = "Resume",
  },
}
