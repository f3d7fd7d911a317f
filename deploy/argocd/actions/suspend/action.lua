-- Suspends the object; only a deletion still proceeds.
obj.spec.suspend = true

return obj
