/** Who may log in to the API server, with token file and kubeconfig. */
import { randomBytes } from 'node:crypto';

/** A user that the API server knows by a bearer token. */
export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

export type User = Omit<Identity, 'token'>;

export const admin: User = { name: 'admin', groups: ['system:masters'] };

/** The operator under exactly the permissions of its service account, without a token controller to issue its token. */
export const operator: User = {
  name: 'system:serviceaccount:azure-ir-system:azure-ir-operator',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:azure-ir-system', 'system:authenticated'],
};

/** Tokens are new in every run: every user of the machine can reach a control plane on loopback. */
export function withToken(user: User): Identity {
  return { ...user, token: randomBytes(24).toString('hex') };
}

/** kube-apiserver's static token file: token, user, uid, "group,group". */
export function tokenFile(known: readonly Identity[]): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return known.map(({ name, groups, token }) => [token, name, name, groups.join(',')].map(quoted).join(',')).join('\n');
}

/** JSON is YAML, so kubectl and every client read it. */
export function kubeconfig(url: string, ca: string, { name, token }: Identity): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'controlplane',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'controlplane', context: { cluster: 'controlplane', user: name, namespace: 'default' } }],
    'current-context': 'controlplane',
  });
}
