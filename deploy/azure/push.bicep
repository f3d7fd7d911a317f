// A Storage queue in which Event Grid announces changes of integration runtimes to the operator: docs/change-queue.md.
//
//   az deployment group create -g GROUP -f deploy/azure/push.bicep -p operatorPrincipalId=PRINCIPAL
//
// You need the right to assign roles (Owner, or Role Based Access Control Administrator). It can be deployed again.
targetScope = 'resourceGroup'

@description('Object ID of the identity of the operator itself, which reads the queue.')
param operatorPrincipalId string

@description('The type of that identity. An application and a managed identity are service principals.')
@allowed([ 'ServicePrincipal', 'User', 'Group' ])
param operatorPrincipalType string = 'ServicePrincipal'

@description('Where changes are announced from: the id of a resource group (by default the one that this is deployed into) or of a subscription (/subscriptions/ID). Azure allows one system topic for each.')
param source string = resourceGroup().id

@description('The storage account. It is created for this queue alone.')
param accountName string = 'irchanges${uniqueString(resourceGroup().id)}'

@description('The queue. Each release of the operator needs one of its own.')
param queueName string = 'ir-changes'

@description('The region of the storage account.')
param location string = resourceGroup().location

@description('Deny closes the account to the public network. Event Grid still gets in, as a trusted service; the operator then needs a private endpoint, or a network rule that you add.')
@allowed([ 'Allow', 'Deny' ])
param networkDefaultAction string = 'Allow'

var senderRole = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a' // Storage Queue Data Message Sender
var processorRole = '8a0f0c08-91a1-4084-bc3d-661d67233fed' // Storage Queue Data Message Processor
var ofGroup = contains(toLower(source), '/resourcegroups/')

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: accountName
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: { bypass: 'AzureServices', defaultAction: networkDefaultAction }
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = {
  parent: queues
  name: queueName
}

resource topic 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: 'ir-changes'
  location: 'global'
  identity: { type: 'SystemAssigned' }
  properties: {
    source: source
    topicType: ofGroup ? 'Microsoft.Resources.ResourceGroups' : 'Microsoft.Resources.Subscriptions'
  }
}

resource mayWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(queue.id, topic.id, senderRole)
  scope: queue
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', senderRole)
  }
}

resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(queue.id, operatorPrincipalId, processorRole)
  scope: queue
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', processorRole)
  }
}

resource changes 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = {
  parent: topic
  name: 'azure-ir-operator'
  dependsOn: [ mayWrite ]
  properties: {
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: account.id
          queueName: queueName
          queueMessageTimeToLiveInSeconds: 3600
        }
      }
    }
    eventDeliverySchema: 'EventGridSchema'
    retryPolicy: { eventTimeToLiveInMinutes: 60, maxDeliveryAttempts: 30 }
    filter: {
      includedEventTypes: [
        'Microsoft.Resources.ResourceWriteSuccess'
        'Microsoft.Resources.ResourceDeleteSuccess'
        'Microsoft.Resources.ResourceActionSuccess'
      ]
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.operationName'
          // Exactly these: asking a workspace for the state of a runtime is an action, too, and the operator asks all the time.
          values: [
            'Microsoft.DataFactory/factories/integrationruntimes/write'
            'Microsoft.DataFactory/factories/integrationruntimes/delete'
            'Microsoft.DataFactory/factories/integrationruntimes/enableInteractiveQuery/action'
            'Microsoft.DataFactory/factories/integrationruntimes/disableInteractiveQuery/action'
            'Microsoft.DataFactory/factories/delete'
            'Microsoft.Synapse/workspaces/integrationRuntimes/write'
            'Microsoft.Synapse/workspaces/integrationRuntimes/delete'
            'Microsoft.Synapse/workspaces/integrationRuntimes/enableInteractiveQuery/action'
            'Microsoft.Synapse/workspaces/integrationRuntimes/disableInteractiveQuery/action'
            'Microsoft.Synapse/workspaces/delete'
            'Microsoft.Resources/subscriptions/resourceGroups/delete'
          ]
        }
      ]
    }
  }
}

@description('The value of --change-queue, and of changeQueue.url of the chart.')
output changeQueueUrl string = '${account.properties.primaryEndpoints.queue}${queueName}'

output accountName string = accountName
