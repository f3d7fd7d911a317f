/** The endpoints of Azure: the three public clouds (documented), and overrides for any other. */

export interface Cloud {
  readonly name: string;
  /** Base URL of Azure Resource Manager, without a slash at the end. */
  readonly endpoint: string;
  /** The audience of tokens. */
  readonly audience: string;
  /** Base URL of the authority that issues tokens. */
  readonly authority: string;
  /** False: Microsoft's instance discovery does not know the authority, so it must not be asked about it. */
  readonly authorityKnown: boolean;
}

export interface CloudSettings {
  /** One of `AzurePublic`, `AzureUSGovernment`, `AzureChina`, whatever its case; `AzurePublic` when absent. */
  readonly cloud?: string | undefined;
  readonly authorityHost?: string | undefined;
  readonly endpoint?: string | undefined;
  /** The endpoint itself when absent. */
  readonly audience?: string | undefined;
}

const CLOUDS = [
  {
    name: 'AzurePublic',
    endpoint: 'https://management.azure.com',
    authority: 'https://login.microsoftonline.com',
  },
  {
    name: 'AzureUSGovernment',
    endpoint: 'https://management.usgovcloudapi.net',
    authority: 'https://login.microsoftonline.us',
  },
  {
    name: 'AzureChina',
    endpoint: 'https://management.chinacloudapi.cn',
    authority: 'https://login.chinacloudapi.cn',
  },
] as const;

/**
 * The cloud of these settings; an empty string counts as absent.
 *
 * @throws Error for an unknown cloud, or for an endpoint or authority that is not an https URL: bearer tokens never go over
 * plain HTTP.
 */
export function resolveCloud(settings: CloudSettings): Cloud {
  const wanted = settings.cloud || 'AzurePublic';
  const known = CLOUDS.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (known === undefined) {
    const names = CLOUDS.map(({ name }) => name).join(', ');
    throw new Error(`unknown Azure cloud ${JSON.stringify(wanted)}: must be one of ${names}`);
  }
  const endpoint = httpsUrl('the Azure Resource Manager endpoint', settings.endpoint || known.endpoint);
  const authority = httpsUrl('the Azure authority host', settings.authorityHost || known.authority);
  return {
    name: known.name,
    endpoint,
    audience: settings.audience || endpoint,
    authority,
    authorityKnown: CLOUDS.some((cloud) => new URL(cloud.authority).host === new URL(authority).host),
  };
}

function httpsUrl(what: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '') {
    throw new Error(`${what} must be an https URL without a query, not ${JSON.stringify(text)}`);
  }
  return text.replace(/\/+$/, '');
}
