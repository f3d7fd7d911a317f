module azure-ir-operator/dev/tools/guest

go 1.26.0
