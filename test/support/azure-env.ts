/** The variables by which a person's `kubectl azir` reaches an emulated Azure, as one client of it. */
interface Azure {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authorityUrl: string;
  readonly armUrl: string;
}

export function azureEnv({ tenantId, clientId, clientSecret, authorityUrl, armUrl }: Azure) {
  return {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    AZURE_AUTHORITY_HOST: authorityUrl,
    AZURE_RESOURCE_MANAGER_ENDPOINT: armUrl,
    AZURE_RESOURCE_MANAGER_AUDIENCE: 'https://management.azure.com',
  };
}
