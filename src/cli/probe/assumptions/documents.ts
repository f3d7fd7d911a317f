/** Assumptions about the documents of a factory: what a write stores, and what reads and lists show of it. */

import { isObject } from '../../../core/model/json.ts';
import type { Json } from '../../../core/model/runtime.ts';
import {
  compared,
  list,
  make,
  outcome,
  publicRuntime,
  read,
  runtimePath,
  shownAnswer,
  untold,
  valueAt,
  write,
} from './answers.ts';
import { ASSUMED } from './assumed.ts';
import type { Checkable } from './assumption.ts';

/** What the emulator says to a payload that it does not take. */
const BAD_PAYLOAD = '400 InvalidResourceRequest';

export const DOCUMENTS: readonly Checkable[] = [
  {
    id: 'equal-put',
    sentence: 'A PUT with a body equal to the stored document is a write too: the etag changes.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/observer/observer.ts'],
    ifFalse:
      'No effect: a repair leaves the etag unchanged, and the next list shows the document that is already known.',
    stands: ['equalPutChangesEtag'],
    turnedOver: [{ equalPutChangesEtag: false }],
    check: async (site) => {
      const { path, etag } = await make(site);
      const again = await write(site, { path, body: publicRuntime() });
      return compared('another etag', again.etag === etag ? 'the same etag' : 'another etag');
    },
  },
  {
    id: 'put-replaces',
    sentence: 'A PUT replaces the whole document: what it omits is removed.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/core/model/fields.ts'],
    ifFalse:
      'A field that is removed from a manifest stays in Azure. The operator then finds and reports drift after its own write.',
    stands: ['putReplaces'],
    turnedOver: [{ putReplaces: false }],
    check: async (site) => {
      const { path } = await make(site);
      const { properties } = publicRuntime();
      const { description: _, ...rest } = isObject(properties) ? properties : {};
      await write(site, { path, body: { properties: rest } });
      const now = valueAt(await read(site, path), 'properties', 'description');
      return compared('no description', now === undefined || now === null ? 'no description' : 'the old description');
    },
  },
  {
    id: 'unknown-properties',
    sentence: 'A document keeps properties that the specification does not define.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/core/model/fields.ts'],
    ifFalse: 'No effect: the operator writes back what it has read, and they are not part of that.',
    stands: ['keepsUnknownProperties'],
    turnedOver: [{ keepsUnknownProperties: false }],
    check: async (site) => {
      const sent = { depth: ['one', 2, null] };
      const { path } = await make(site, publicRuntime({ azirProbe: sent }));
      const kept = valueAt(await read(site, path), 'properties', 'azirProbe');
      return compared(JSON.stringify(sent), kept === undefined ? 'dropped' : JSON.stringify(kept));
    },
  },
  {
    id: 'long-numbers',
    sentence: 'A number is returned as it was sent, however many digits it has.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/exact-json.ts'],
    ifFalse: 'No effect: the operator writes back the digits that Azure returns.',
    stands: ['keepsLongNumbers'],
    turnedOver: [{ keepsLongNumbers: false }],
    check: async (site) => {
      const digits = '12345678901234567';
      const body = JSON.stringify(publicRuntime({ azirProbe: 0 })).replace('"azirProbe":0', `"azirProbe":${digits}`);
      const { path } = await make(site, body);
      const { text } = await site.send({ method: 'GET', path });
      const seen = /"azirProbe":\s*([^,}\s]+)/.exec(text)?.[1];
      return seen === undefined ? untold(digits, 'the property is dropped') : compared(digits, seen);
    },
  },
  {
    id: 'property-case',
    sentence:
      'The service ignores the case of property names, and returns the spelling that it was sent (Azure/azure-rest-api-specs#39342).',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/core/model/json.ts', 'src/core/model/fields.ts'],
    ifFalse: 'No effect: the operator sends the documented spellings, and reads any.',
    stands: ['propertyNamesIgnoreCase'],
    turnedOver: [{ propertyNamesIgnoreCase: false }],
    check: async (site) => {
      const path = runtimePath(site, await site.freshName());
      const properties = { Type: 'Managed', description: 'A probe of azure-ir-operator' };
      const put = await outcome(site, { method: 'PUT', path, body: { properties } });
      if (put.status !== 200) return compared('Type', shownAnswer(put));
      const shown = valueAt(await read(site, path), 'properties');
      const name = isObject(shown) ? Object.keys(shown).find((key) => key.toLowerCase() === 'type') : undefined;
      return compared('Type', name ?? 'no type');
    },
  },
  {
    id: 'name-rule',
    sentence: `A name outside \`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$\` is refused as a bad payload (${BAD_PAYLOAD}).`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/ids.ts'],
    ifFalse: 'No effect: the CRD and the operator reject such a name themselves.',
    stands: ['checksNames', 'isValidRuntimeName'],
    turnedOver: [{ checksNames: false }],
    check: async (site) => {
      const name = await site.freshName('--x');
      const put = await outcome(site, { method: 'PUT', path: runtimePath(site, name), body: publicRuntime() });
      return compared(BAD_PAYLOAD, shownAnswer(put));
    },
  },
  {
    id: 'type-immutable',
    sentence: `The type of an existing runtime cannot be changed: the PUT is refused as a bad payload (${BAD_PAYLOAD}).`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/core/policies/definition.ts'],
    ifFalse: 'No effect: the operator never overwrites a runtime of another type.',
    stands: ['typeIsImmutable'],
    turnedOver: [{ typeIsImmutable: false }],
    check: async (site) => {
      const { path } = await make(site);
      const put = await outcome(site, { method: 'PUT', path, body: { properties: { type: 'SelfHosted' } } });
      return compared(BAD_PAYLOAD, shownAnswer(put));
    },
  },
  {
    id: 'move-in-place',
    sentence:
      'A PUT with another location moves an existing runtime that is not in a managed virtual network (documented for `Set-AzDataFactoryV2IntegrationRuntime`).',
    mark: 'documented',
    where: 'either',
    reliedOnBy: ['src/core/policies/definition.ts'],
    ifFalse: 'The object reports `NotApplied`: the operator compares what Azure returns with what it wrote.',
    stands: ['locationChange'],
    turnedOver: [{ locationChange: 'ignored' }],
    check: async (site) => {
      const { path } = await make(site);
      const typeProperties = { computeProperties: { location: 'West Europe' } };
      const put = await outcome(site, { method: 'PUT', path, body: publicRuntime({ typeProperties }) });
      if (put.status !== 200) return compared('West Europe', shownAnswer(put));
      return compared('West Europe', String(locationOf(await read(site, path)) ?? 'no location'));
    },
  },
  {
    id: 'unknown-region',
    sentence: 'A PUT with a location that is not a region is refused by the provider with 400 BadRequest.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/core/policies/failure.ts'],
    ifFalse:
      'Another 400 is reported as `InvalidDefinition`, too. If Azure accepts the location, the object shows the state of the runtime, and nothing points to the misspelling.',
    stands: ['refusesUnknownRegion', 'isRegion', 'unknownRegionMessage'],
    turnedOver: [{ refusesUnknownRegion: false }],
    check: async (site) => {
      const path = runtimePath(site, await site.freshName());
      const typeProperties = { computeProperties: { location: 'nowhere (azir probe)' } };
      const put = await outcome(site, { method: 'PUT', path, body: publicRuntime({ typeProperties }) });
      return compared('400 BadRequest', shownAnswer(put));
    },
  },
  {
    id: 'id-spelling',
    sentence: 'The id in a document is spelled as it was at creation, however the request spells it.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator identifies a runtime by its name, ignoring case.',
    stands: ['idSpelling', 'canonicalRuntimeId'],
    turnedOver: [{ idSpelling: 'requested' }],
    check: async (site) => {
      const { path } = await make(site);
      const usual = (await read(site, path)).id;
      const { id } = await read(site, swapped(path));
      return compared('one spelling', id === usual ? 'one spelling' : 'that of the request');
    },
  },
  {
    id: 'not-modified',
    sentence: `A GET whose \`If-None-Match\` is the current etag is answered with ${ASSUMED.notModifiedStatus} and no body.`,
    mark: 'documented',
    where: 'either',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator sends no such request.',
    stands: ['notModifiedStatus'],
    turnedOver: [{ notModifiedStatus: undefined }],
    check: async (site) => {
      const { path, etag } = await make(site);
      const answer = await site.send({ method: 'GET', path, headers: { 'If-None-Match': etag } });
      const body = (text: string) => (text === '' ? 'no body' : 'a body');
      return compared(`${ASSUMED.notModifiedStatus}, no body`, `${answer.status}, ${body(answer.text)}`);
    },
  },
  {
    id: 'list-order',
    sentence: 'A list is sorted by name, ignoring case.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator looks up runtimes by name.',
    stands: ['listInOrderOfNames', 'compareInList'],
    turnedOver: [{ listInOrderOfNames: false }],
    check: async (site) => {
      const made: string[] = [];
      for (const suffix of ['-b', '-C', '-A']) {
        const name = await site.freshName(suffix);
        await write(site, { path: runtimePath(site, name), body: publicRuntime() });
        made.push(name);
      }
      const { documents } = await list(site);
      const listed = documents.map(({ name }) => name).filter((name) => made.includes(String(name)));
      const letters = (names: readonly (Json | undefined)[]): string =>
        names.map((name) => String(name).slice(-1)).join(' ');
      return compared('A b C', letters(listed));
    },
  },
  {
    id: 'list-documents',
    // The examples IntegrationRuntimes_Get and IntegrationRuntimes_ListByFactory of the specification.
    sentence: 'A list contains the same documents as reads of the single runtimes, with their etags.',
    mark: 'documented',
    where: 'either',
    reliedOnBy: ['src/azure/observer/observer.ts', 'src/azure/arm/parse.ts'],
    ifFalse: 'The objects of the factory report that the list cannot be parsed, and nothing is written based on it.',
    stands: ['listHasEtags'],
    turnedOver: [{ listHasEtags: false }],
    check: async (site) => {
      const { path, name } = await make(site);
      const alone = await read(site, path);
      const { documents } = await list(site);
      const listed = documents.find((document) => document.name === name);
      if (listed === undefined) return compared('the same document', 'it is not in the list');
      // How ids are spelled is another question (id-spelling).
      const differing = ['name', 'type', 'properties', 'etag'].filter(
        (key) => JSON.stringify(alone[key]) !== JSON.stringify(listed[key]),
      );
      return compared(
        'the same document',
        differing.length === 0 ? 'the same document' : `another ${differing.join()}`,
      );
    },
  },
  {
    id: 'page-size',
    sentence: `A list has up to ${ASSUMED.pageSize} runtimes per page. No recording with a \`nextLink\` was found.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/service.ts'],
    ifFalse: 'No effect: the operator follows all pages, up to 250.',
    stands: ['pageSize'],
    turnedOver: [{ pageSize: 2 }, { pageSize: 1_000 }],
    check: async (site) => {
      const { pages, more } = await list(site);
      const [first = 0] = pages;
      const assumed = `${ASSUMED.pageSize} on a page`;
      if (!more && first <= ASSUMED.pageSize) return untold(assumed, `${first} on the only page`);
      return compared(assumed, `${first} on a page`);
    },
  },
];

function locationOf(document: Json): Json | undefined {
  return valueAt(document, 'properties', 'typeProperties', 'computeProperties', 'location');
}

/** The names of group and factory in the other case. */
function swapped(path: string): string {
  const [, subscriptions, id, groups, group = '', providers, namespace, types, parent = '', ...rest] = path.split('/');
  return [
    '',
    subscriptions,
    id,
    groups,
    otherCase(group),
    providers,
    namespace,
    types,
    otherCase(parent),
    ...rest,
  ].join('/');
}

/** What is percent-encoded keeps its meaning: only the case of letters changes, and that of hexadecimal digits is free. */
function otherCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
}
