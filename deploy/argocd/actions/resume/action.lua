-- Resumes a suspended object.
obj.spec.suspend = false

return obj
