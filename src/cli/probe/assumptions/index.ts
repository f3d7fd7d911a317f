/**
 * Everything that is assumed of Azure, as data: `kubectl azir probe` asks it of a real factory, the tests ask it of emulators in
 * which one after the other is false, and docs/assumptions.md tells it. An assumption whose answer has come is changed here
 * (its mark, or its sentence) and in dev/emulator/assumptions.ts (what the emulator does).
 */
import {
  type Announced,
  type Asked,
  type Assumption,
  type Checkable,
  isAnnounced,
  isAsked,
  isCheckable,
} from './assumption.ts';
import { DOCUMENTS } from './documents.ts';
import { ANNOUNCEMENTS, EVENTS } from './events.ts';
import { GATEWAY } from './gateway.ts';
import { NETWORKS, WORKSPACES } from './networks.ts';
import { PRECONDITIONS } from './preconditions.ts';
import { UNPROVOKED } from './unprovoked.ts';

export const ASSUMPTIONS: readonly Assumption[] = [
  ...PRECONDITIONS,
  ...DOCUMENTS,
  ...GATEWAY,
  ...NETWORKS,
  ...WORKSPACES,
  ...UNPROVOKED,
  ...ANNOUNCEMENTS,
  ...EVENTS,
];

export const CHECKABLE: readonly Checkable[] = ASSUMPTIONS.filter(isCheckable);
export const ASKED: readonly Asked[] = CHECKABLE.filter(isAsked);
export const ANNOUNCED: readonly Announced[] = CHECKABLE.filter(isAnnounced);
