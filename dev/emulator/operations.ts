/**
 * What a request asks for: the operation ids of the published specifications, where there is one. What Data Factory and
 * Synapse have both goes by Data Factory's.
 */
export type Operation =
  | 'Entra_Token'
  | 'Entra_OpenIdConfiguration'
  | 'Entra_InstanceDiscovery'
  | 'Entra_Keys'
  | 'Metadata_Endpoints'
  | 'Subscriptions_List'
  | 'Subscriptions_Get'
  | 'ResourceGroups_Get'
  | 'Factories_Get'
  | 'Factories_CreateOrUpdate'
  | 'Factories_Delete'
  | 'Factories_List'
  | 'Factories_ListByResourceGroup'
  | 'Workspaces_Get'
  | 'Workspaces_CreateOrUpdate'
  | 'Workspaces_Delete'
  | 'Workspaces_List'
  | 'Workspaces_ListByResourceGroup'
  | 'OperationResults_Get'
  | 'IntegrationRuntimes_ListByFactory'
  | 'IntegrationRuntimes_Get'
  | 'IntegrationRuntimes_CreateOrUpdate'
  | 'IntegrationRuntimes_Delete'
  | 'IntegrationRuntimes_GetStatus'
  | 'IntegrationRuntime_EnableInteractiveQuery'
  | 'IntegrationRuntime_DisableInteractiveQuery'
  /** The poll of the two. */
  | 'IntegrationRuntime_OperationResult'
  | 'ManagedVirtualNetworks_ListByFactory'
  | 'ManagedVirtualNetworks_Get'
  | 'ManagedVirtualNetworks_CreateOrUpdate'
  /** What roles grant the caller there: of Microsoft.Authorization. */
  | 'Permissions_ListForResource'
  | 'Unknown';

/** Which of a principal's token buckets an ARM request spends. */
export type BucketKind = 'reads' | 'writes' | 'deletes';
