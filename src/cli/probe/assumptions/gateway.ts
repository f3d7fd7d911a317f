/** Assumptions about ARM's gateway and about refusals of the provider. */

import { compared, enableAuthoring, make, publicRuntime, shownAnswer, shownRefusal } from './answers.ts';
import { ASSUMED } from './assumed.ts';
import type { Checkable } from './assumption.ts';
import type { Ask } from './site.ts';

export const GATEWAY: readonly Checkable[] = [
  {
    id: 'missing-parent',
    sentence:
      'If the factory or workspace does not exist, a PUT is answered with 404 ParentResourceNotFound, and any other request with 404 ResourceNotFound.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts'],
    ifFalse:
      'No effect, unless the code is `NotFound`: the operator takes either of the two for a missing parent, but a `NotFound` for a missing runtime.',
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
    sentence: `An \`Authorization\` header with another scheme is answered like a missing one: 401 ${ASSUMED.notABearerCode}.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator sends bearer tokens.',
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
    sentence: `Unknown paths and methods are answered with codes that users have reported: ${Object.values(ASSUMED.unknownPath).map(shownRefusal).join(', ')}. Which request gets which code is inferred; the probe sends requests for the last three.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts'],
    ifFalse: 'The status gives other advice: with an unknown code the object reports that Azure is unavailable.',
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
    sentence: `An api-version that the provider does not support is answered with ${shownRefusal(ASSUMED.badApiVersion)}.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts'],
    ifFalse:
      'With `NoRegisteredProviderFound` the status gives the same advice, with another code it may give other advice.',
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
    sentence: 'Interactive authoring is refused with 400 BadRequest outside a managed virtual network.',
    mark: 'inferred',
    where: 'factory',
    reliedOnBy: ['src/core/policies/authoring.ts'],
    ifFalse: 'No effect: the CRD allows interactive authoring only in a managed virtual network.',
    stands: ['authoringNeedsNetwork', 'INTERACTIVE_QUERY_NEEDS'],
    turnedOver: [{ authoringNeedsNetwork: false }],
    check: async (site) => {
      const { path } = await make(site);
      return compared('400 BadRequest', shownAnswer(await enableAuthoring(site, path)));
    },
  },
];
