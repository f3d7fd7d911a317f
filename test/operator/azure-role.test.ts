/** The Azure role that the operator needs: all that it ever does is done here, and is what deploy/azure/role.json allows. */
import { describe, expect, test } from '@jest/globals';
import { PERMISSIONS_READ } from '../../src/cli/azure/permissions.ts';
import { actionsOf, azureRole } from '../support/azure-role.ts';
import { deny, GET } from './support/faults.ts';
import type { ParentKind } from './support/kinds.ts';
import { eventually, inPlace, type Place } from './support/place.ts';

const ready = (place: Place) => place.until('sample', 'Ready=True Available');

/** Of a runtime for which every sort of request is made. */
async function live(place: Place, network: object): Promise<void> {
  const stages = [{ state: 'Online', afterMs: 0 }];
  await place.azure.setLifecycle({ factory: place.factory, rules: [{ on: 'create', stages }] });
  await place.apply('sample', {
    location: undefined,
    managedVirtualNetwork: network,
    interactiveAuthoring: { autoTerminationMinutes: 60 },
  });
  await ready(place);
  await place.annotate('sample', 'azure-ir.io/enable-interactive-authoring', 't1');
  await eventually(async () =>
    expect((await place.get('sample'))?.status).toMatchObject({ lastHandledInteractiveAuthoringAt: 't1' }),
  );
  await place.passes('sample');
  await deny(place, { operation: GET }, 'parent');
  await place.delete('sample');
  await place.untilGone('sample');
}

async function actionsOfALife(kind: ParentKind): Promise<string[]> {
  const actions: string[] = [];
  await inPlace(
    async (place) => {
      if (kind === 'workspace') await place.azure.ensureNetwork({ factory: place.factory });
      await live(place, kind === 'workspace' ? {} : { creation: 'IfMissing' });
      actions.push(...actionsOf(await place.trace()));
    },
    't',
    kind,
  );
  return actions;
}

describe('the Azure role', () => {
  test('has every action that is needed in a factory and in a workspace, and no other', async () => {
    const asked = await Promise.all([actionsOfALife('factory'), actionsOfALife('workspace')]);
    // `kubectl azir check --azure` of another test may ask about these objects, too; the operator never does.
    const needed = asked.flat().filter((action) => action !== PERMISSIONS_READ);
    expect([...(await azureRole()).Actions].sort()).toEqual(needed.sort());
  });
});
