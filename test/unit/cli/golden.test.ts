/** A pull request that moves one runtime, deletes one and breaks one, as people see it. The files under golden/ were read by a person. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { check } from '../../../src/cli/manifests/validate.ts';
import { makePlan } from '../../../src/cli/plan/plan.ts';
import { PLAN_FORMATS, render } from '../../../src/cli/plan/render.ts';
import type { ObservedRuntime } from '../../../src/core/model/runtime.ts';
import { FACTORY } from '../../integration/support/manifest.ts';

const HOSTILE = '##vso[task.complete] | `code` @me #1 <b> \u202e\u001b[31m';
const runtime = (name: string, compute: object, description?: string): ObservedRuntime => ({
  name,
  type: 'Managed',
  document: {
    type: 'Managed',
    ...(description === undefined ? {} : { description }),
    typeProperties: { computeProperties: compute as never },
  },
  etag: 'e1',
});
const AZURE = [
  runtime('EtlIR', { location: 'West Europe', dataFlowProperties: { coreCount: 32 } }, HOSTILE),
  runtime('GoneIR', { location: 'North Europe' }),
  runtime('Moved-IR', { location: 'West Europe' }),
  runtime('OldIR', { location: 'westeurope' }),
];
const object = (name: string, spec: object, file: string) => ({
  raw: {
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name, namespace: 'team-a' },
    spec: { factory: FACTORY, ...spec },
  },
  source: { file, line: 1 },
});

test.each(PLAN_FORMATS)('as %s', async (format) => {
  const plan = await makePlan({
    wanted: check(
      [
        object('etl', { azureName: 'EtlIR', location: 'North Europe', dataFlow: { coreCount: 16 } }, 'prod/etl.yaml'),
        object('bad', { azureName: 'BadIR', loction: 'North Europe' }, 'prod/bad.yaml'),
        object('new-name', { azureName: 'Moved-IR', location: 'West Europe' }, 'prod/new-name.yaml'),
        object('old', { azureName: 'OldIR', location: 'West Europe' }, 'prod/old.yaml'),
        object('fresh', { azureName: 'Fresh-IR' }, 'prod/fresh.yaml'),
      ],
      'default',
    ),
    base: check(
      [
        object(
          'etl',
          { azureName: 'EtlIR', location: 'West Europe', description: 'x', dataFlow: { coreCount: 16 } },
          'base/etl.yaml',
        ),
        object('bad', { azureName: 'BadIR', location: 'North Europe' }, 'base/bad.yaml'),
        object('old-name', { azureName: 'Moved-IR', location: 'West Europe' }, 'base/old-name.yaml'),
        object('gone', { azureName: 'GoneIR', location: 'North Europe' }, 'base/gone.yaml'),
      ],
      'default',
    ),
    live: undefined,
    azure: {
      identity: 'tenant/client',
      credential: 'Azure CLI of client azure-cli in tenant unnamed-tenant',
      reads: 1,
      list: async () => ({ runtimes: AZURE, unparsed: [] }),
      state: async () => undefined,
      hasParent: async () => true,
      hasNetwork: async () => true,
    },
    readsState: false,
    policies: ['no-delete'],
    ignored: 2,
    errors: [],
    now: Date.UTC(2026, 0, 1),
  });
  const io = { paint: (_: string, text: string) => text } as never;
  const text = await render(plan, format, io, { commentId: 'prod', maxLength: 60_000 });
  const names = { text: 'txt', markdown: 'md', json: 'json', yaml: 'yaml' };
  const file = new URL(`golden/plan.${names[format]}`, import.meta.url);
  expect(text).toBe(readFileSync(file, 'utf8'));
});
