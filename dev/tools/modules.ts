/** The programs that tests use, of the ecosystem and of a node, each of a Go module in a folder here that pins it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkerFlags } from '../controlplane/build.ts';
import { cacheFolder } from '../controlplane/cache.ts';
import { kubernetesVersion, platform } from '../controlplane/version.ts';

export interface Module {
  /** The packages to build, by the program that each becomes. */
  readonly programs: Readonly<Record<string, string>>;
  readonly tags?: string;
  readonly linkerFlags?: string;
  /** The folder with its go.mod, where that is not the one of its name. */
  readonly source?: string;
  /** How long a build takes on two cores. */
  readonly expected: string;
}

export const MODULES = {
  helm: { programs: { helm: 'helm.sh/helm/v4/cmd/helm' }, expected: 'about 2 minutes' },
  prometheus: {
    programs: {
      promtool: 'github.com/prometheus/prometheus/cmd/promtool',
      prometheus: 'github.com/prometheus/prometheus/cmd/prometheus',
    },
    // Without the SDKs of every cloud: targets in tests are static, or in files. Without its web pages, too, unless asked for.
    tags: 'remove_all_sd',
    expected: 'about 2 minutes',
  },
  kstatus: { programs: { kstatus: '.' }, expected: 'about 10 s' },
  lua: { programs: { lua: '.' }, expected: 'some seconds' },
  actionlint: { programs: { actionlint: 'github.com/rhysd/actionlint/cmd/actionlint' }, expected: 'about 10 s' },
  krew: { programs: { krew: 'sigs.k8s.io/krew/cmd/krew' }, expected: 'about a minute' },
  // Apart from the programs of its module: it is built in a third of their time, and most who want it want no builder.
  dockerfile: { source: 'buildkit', programs: { dockerfile: '.' }, expected: 'about 40 s' },
  buildkit: {
    programs: {
      buildctl: 'github.com/moby/buildkit/cmd/buildctl',
      buildkitd: 'github.com/moby/buildkit/cmd/buildkitd',
    },
    expected: 'about 2 minutes',
  },
  // A module of its own: what the control plane is built from stays as it is, and with it what is cached.
  kubernetes: {
    programs: {
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
      kubelet: 'k8s.io/kubernetes/cmd/kubelet',
    },
    linkerFlags: linkerFlags(kubernetesVersion()),
    expected: 'about a minute',
  },
  containerd: {
    programs: {
      containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
      'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
      ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
    },
    // Snapshotters that nobody here asks for.
    tags: 'no_btrfs no_devmapper no_zfs',
    expected: 'about a minute',
  },
  cni: {
    programs: {
      bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
      loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
      'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
      portmap: 'github.com/containernetworking/plugins/plugins/meta/portmap',
    },
    expected: 'about 20 s',
  },
  'kube-router': {
    programs: { 'kube-router': 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router' },
    expected: 'about 3 minutes',
  },
  guest: { programs: { guest: '.' }, expected: 'some seconds' },
} as const satisfies Record<string, Module>;

export type ToolModule = keyof typeof MODULES;
export type Tool = { [Name in ToolModule]: keyof (typeof MODULES)[Name]['programs'] }[ToolModule];

export const MODULE_NAMES = Object.keys(MODULES) as readonly ToolModule[];

const toolsOf = (...modules: readonly ToolModule[]) =>
  modules.flatMap((module) => Object.keys(MODULES[module].programs)) as readonly Tool[];

/** What the tests of the ecosystem ask. */
export const TOOLS = toolsOf('helm', 'prometheus', 'kstatus', 'lua', 'dockerfile', 'actionlint', 'krew');

/** What builds the image, and what a node consists of besides the control plane. */
export const NODE_TOOLS = toolsOf('helm', 'buildkit', 'kubernetes', 'containerd', 'cni', 'guest');

/** What enforces NetworkPolicies, for the tests that take minutes. */
export const LONG_TOOLS = toolsOf('kube-router');

export function sourceFolder(module: ToolModule): string {
  const { source = module }: Module = MODULES[module];
  return join(import.meta.dirname, source);
}

/** Where the programs of a module are once they are built. Another version is another folder. */
export function builtFolder(module: ToolModule, env: NodeJS.ProcessEnv, source = sourceFolder(module)): string {
  return join(cacheFolder(env), 'tools', `${module}-${hashOf(module, source)}-${platform()}`);
}

function hashOf(module: ToolModule, source: string): string {
  const hash = createHash('sha256').update(JSON.stringify(MODULES[module]));
  for (const name of readdirSync(source).sort()) {
    hash.update(`\0${name}\0`).update(readFileSync(join(source, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

export function moduleOf(tool: Tool): ToolModule {
  const found = MODULE_NAMES.find((module) => tool in MODULES[module].programs);
  if (found === undefined) throw new Error(`no module has ${tool}`);
  return found;
}
