/** Assumptions about ARM's gateway and about refusals of the provider. */

import { compared, enableAuthoring, make, publicRuntime, shownAnswer, shownRefusal } from './answers.ts';
import { ASSUMED } from './assumed.ts';
import type { Checkable } from './assumption.ts';
import type { Ask } from './site.ts';

export const GATEWAY: readonly Checkable[] = [
  {
    id: 'missing-parent',
    sentence:
      'Below a factory or workspace that does not exist, a PUT is answered 404 ParentResourceNotFound and everything else 404 ResourceNotFound.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts'],
    ifFalse:
      'Nothing, as long as the code is not `NotFound`: the operator takes either for a missing parent. A `NotFound` would read as a missing runtime.',
    stands: ['missingParentCode'],
    turnedOver: [
      { missingParentCode: { put: 'ResourceNotFound', other: 'ResourceNotFound' } },
      { missingParentCode: { put: 'ParentResourceNotFound', other: 'ParentResourceNotFound' } },
    ],
    check: async (site) => {
      const { put, other } = ASSUMED.missingParentCode;
      const path = `${await site.missingParent()}/integrationRuntimes/probe`;
      const asks: readonly (Ask & { readonly assumed: string })[] = [
        { method: 'PUT', path, body: publicRuntime(), assumed: `404 ${put}` },
        { method: 'GET', path, assumed: `404 ${other}` },
        { method: 'POST', path: `${path}/getStatus`, assumed: `404 ${other}` },
        { method: 'DELETE', path, assumed: `404 ${other}` },
      ];
      const seen: string[] = [];
      for (const { assumed: _, ...ask } of asks) seen.push(`${ask.method} ${shownAnswer(await site.send(ask))}`);
      return compared(asks.map(({ method, assumed }) => `${method} ${assumed}`).join(', '), seen.join(', '));
    },
  },
  {
    id: 'not-a-bearer',
    sentence: `An \`Authorization\` header of another scheme is answered as a missing one is: 401 ${ASSUMED.notABearerCode}.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: [],
    ifFalse: 'Nothing: the operator sends bearer tokens.',
    stands: ['notABearerCode'],
    turnedOver: [{ notABearerCode: 'InvalidAuthenticationToken' }],
    check: async (site) => {
      const path = `${site.parentId}/integrationRuntimes`;
      const answer = await site.send({ method: 'GET', path, authorization: 'Basic cHJvYmU6cHJvYmU=' });
      return compared(`401 ${ASSUMED.notABearerCode}`, shownAnswer(answer));
    },
  },
  {
    id: 'unknown-path',
    sentence:
      'Paths and verbs that lead nowhere are answered with these codes. Users paste them; which comes when is inferred.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts'],
    ifFalse: 'The advice in a status is another one: with an unknown code the object says that Azure is unavailable.',
    stands: ['unknownPath'],
    turnedOver: [
      { unknownPath: { ...ASSUMED.unknownPath, namespace: { status: 400, code: 'NoRegisteredProviderFound' } } },
      { unknownPath: { ...ASSUMED.unknownPath, type: { status: 400, code: 'InvalidResourceType' } } },
      { unknownPath: { ...ASSUMED.unknownPath, method: { status: 404, code: 'NotFound' } } },
    ],
    check: async (site) => {
      const { namespace, type, method } = ASSUMED.unknownPath;
      const { path } = await make(site);
      const group = site.parentId.slice(0, site.parentId.toLowerCase().indexOf('/providers/'));
      const paths = [
        `${group}/providers/Microsoft.AzirProbe/things/probe`,
        `${site.parentId}/azirProbeThings/probe`,
        `${path}/getStatus`,
      ];
      const seen: string[] = [];
      for (const each of paths) seen.push(shownAnswer(await site.send({ method: 'GET', path: each })));
      const assumed = [namespace, type, method].map(shownRefusal);
      const told = (texts: readonly string[]) =>
        `namespace ${texts[0]}, type ${texts[1]}, GET of an action ${texts[2]}`;
      return compared(told(assumed), told(seen));
    },
  },
  {
    id: 'api-version',
    sentence: `An api-version that the provider does not have is answered ${shownRefusal(ASSUMED.badApiVersion)}.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts'],
    ifFalse: 'The advice in a status is another one: `NoRegisteredProviderFound` leads to the same advice.',
    stands: ['badApiVersion'],
    turnedOver: [{ badApiVersion: { status: 400, code: 'NoRegisteredProviderFound' } }],
    check: async (site) => {
      const path = `${site.parentId}/integrationRuntimes`;
      const answer = await site.send({ method: 'GET', path, version: '2001-01-01' });
      return compared(shownRefusal(ASSUMED.badApiVersion), shownAnswer(answer));
    },
  },
  {
    id: 'authoring-network',
    sentence: 'Interactive authoring is refused outside a managed virtual network: 400 BadRequest.',
    mark: 'inferred',
    where: 'factory',
    reliedOnBy: ['src/core/policies/authoring.ts'],
    ifFalse: 'Nothing: the CRD allows interactive authoring in a managed virtual network only.',
    stands: ['authoringNeedsNetwork', 'INTERACTIVE_QUERY_NEEDS'],
    turnedOver: [{ authoringNeedsNetwork: false }],
    check: async (site) => {
      const { path } = await make(site);
      return compared('400 BadRequest', shownAnswer(await enableAuthoring(site, path)));
    },
  },
];
