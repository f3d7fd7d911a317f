/** What the tests have to know of the services that have runtimes. All that is not here is alike in both. */
import type { FactoryRef } from '../../../dev/emulator/index.ts';

/** As spec calls what a runtime is in. */
export type ParentKind = NonNullable<FactoryRef['kind']>;

/** In short: what is asked of Azure about a runtime. */
export type Request = 'LIST' | 'GET' | 'PUT' | 'DELETE' | 'STATE' | 'NETWORK' | 'PARENT';

export interface Kind {
  readonly parent: ParentKind;
  /** The ARM type of the parent. */
  readonly type: string;
  /** Ready's reason while there is no parent. */
  readonly notFound: string;
  /** The actions of role definitions. */
  readonly actions: Readonly<Record<'read' | 'status' | 'write' | 'delete' | 'network', string>>;
  /** The operation by which the parent itself is asked for. */
  readonly parentGet: 'Factories_Get' | 'Workspaces_Get';
  /** What each act asks of Azure, from the fresh look that it begins with to the one after which it is told as done. */
  readonly requests: Readonly<Record<'create' | 'update' | 'delete', readonly Request[]>>;
  /** How often a create is told of in the status. */
  readonly createIsTold: number;
  /** The runtimes that are in it from the beginning. */
  readonly standing: readonly string[];
  /** What an object is told that waits for the managed virtual network. */
  readonly networkAdvice: string;
}

export const KINDS: Readonly<Record<ParentKind, Kind>> = {
  factory: {
    parent: 'factory',
    type: 'Microsoft.DataFactory/factories',
    notFound: 'FactoryNotFound',
    actions: {
      read: 'Microsoft.DataFactory/factories/integrationruntimes/read',
      status: 'Microsoft.DataFactory/factories/integrationruntimes/getstatus/read',
      write: 'Microsoft.DataFactory/factories/integrationruntimes/write',
      delete: 'Microsoft.DataFactory/factories/integrationruntimes/delete',
      network: 'Microsoft.DataFactory/factories/managedVirtualNetworks/read',
    },
    parentGet: 'Factories_Get',
    requests: { create: ['GET', 'PUT', 'STATE'], update: ['GET', 'PUT', 'STATE'], delete: ['GET', 'DELETE'] },
    createIsTold: 1,
    standing: [],
    networkAdvice: 'creation: IfMissing (it can never be deleted)',
  },
  // Its writes are only accepted, and told of as such: a later pass sees what has become of them.
  workspace: {
    parent: 'workspace',
    type: 'Microsoft.Synapse/workspaces',
    notFound: 'WorkspaceNotFound',
    actions: {
      read: 'Microsoft.Synapse/workspaces/integrationRuntimes/read',
      status: 'Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action',
      write: 'Microsoft.Synapse/workspaces/integrationRuntimes/write',
      delete: 'Microsoft.Synapse/workspaces/integrationRuntimes/delete',
      // The workspace itself tells whether it has one.
      network: 'Microsoft.Synapse/workspaces/read',
    },
    parentGet: 'Workspaces_Get',
    requests: {
      create: ['GET', 'PUT', 'GET', 'STATE'],
      update: ['GET', 'PUT', 'STATE', 'GET', 'STATE'],
      delete: ['GET', 'DELETE', 'GET', 'GET'],
    },
    createIsTold: 2,
    standing: ['AutoResolveIntegrationRuntime'],
    networkAdvice: 'A workspace gets one only when it is created',
  },
};
