-- Goes on where it was stopped.
obj.spec.suspend = false

return obj
