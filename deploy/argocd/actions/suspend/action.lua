-- Stops everything but deletion.
obj.spec.suspend = true

return obj
