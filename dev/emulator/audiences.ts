/** Documented default audiences of the clouds: the SDK for Python asks for the public one whatever its base URL. */
const ARM_AUDIENCES: readonly string[] = [
  'https://management.azure.com',
  'https://management.core.windows.net',
  'https://management.usgovcloudapi.net',
  'https://management.chinacloudapi.cn',
];

/**
 * ARM takes none of them. Terraform's provider asks for a token of Microsoft Graph to read its own claims. Storage has one
 * audience for all accounts (documented), which the SDKs ask for, and one for each.
 */
const OTHER_AUDIENCES: readonly string[] = ['https://graph.microsoft.com', 'https://storage.azure.com'];

export function isArmAudience(audience: string, origin: string): boolean {
  return ARM_AUDIENCES.includes(audience) || isSameServer(audience, origin);
}

export function isKnownAudience(audience: string, origin: string): boolean {
  return isArmAudience(audience, origin) || OTHER_AUDIENCES.includes(audience);
}

/** The emulator has several names (localhost, 127.0.0.1, …) and one port. */
function isSameServer(audience: string, origin: string): boolean {
  return URL.canParse(audience) && new URL(audience).port === new URL(origin).port;
}
