module azure-ir-operator/test/tools/guest

go 1.26.0
