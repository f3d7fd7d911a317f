/** What the programs of a node are told: their flags and files. Every oddity of it has its reason here. */
import type { Places } from './cluster.ts';

export const NODE_NAME = 'node1';
export const NODE_ADDRESS = '10.99.0.1';
const PODS = '10.88.0.0/24';
const SERVICES = '10.96.0.0/24';
export const API_URL = `https://${NODE_ADDRESS}:6443`;
export const PAUSE_IMAGE = 'docker.io/local/guest:1';

export function apiServerFlags({ dir, etcdUrl }: Places & { etcdUrl: string }): string[] {
  const key = `${dir}/service-account.key`;
  return [
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${dir}/api`,
    '--bind-address=0.0.0.0',
    `--advertise-address=${NODE_ADDRESS}`,
    '--secure-port=6443',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    `--service-cluster-ip-range=${SERVICES}`,
    `--token-auth-file=${dir}/tokens.csv`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged',
    '--kubelet-preferred-address-types=InternalIP',
    '--shutdown-watch-termination-grace-period=1s',
  ];
}

export function containerdConfiguration({ dir, cni }: Places): string {
  return `version = 3
root = "${dir}/containerd"
state = "/run/containerd"
# Lower ones need CAP_SYS_RESOURCE.
oom_score = 0
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${cni}"]
    conf_dir = "${dir}/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

export const cniConfiguration = (): object => ({
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: PODS }]], routes: [{ dst: '0.0.0.0/0' }], dataDir: '/run/cni' },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

export const kubeletConfiguration = ({ dir }: Places): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  // Upstream will remove version 1 some day; with it, this.
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  // Its own API is within reach of nothing but this node.
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  failSwapOn: false,
  resolvConf: '',
  // Lower ones need CAP_SYS_RESOURCE.
  oomScoreAdj: 0,
  volumePluginDir: `${dir}/volume-plugins`,
  clusterDNS: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  address: '0.0.0.0',
  // The machine's disk is not this node's: however full it is, nothing is evicted or collected for it.
  imageGCHighThresholdPercent: 100,
  evictionHard: {
    'memory.available': '100Mi',
    'nodefs.available': '0%',
    'imagefs.available': '0%',
    'nodefs.inodesFree': '0%',
  },
});

export const kubeletFlags = ({ dir }: Places): string[] => [
  `--config=${dir}/kubelet.json`,
  `--kubeconfig=${dir}/kubelet.kubeconfig`,
  `--root-dir=${dir}/kubelet`,
  `--cert-dir=${dir}/kubelet-pki`,
  `--hostname-override=${NODE_NAME}`,
  `--node-ip=${NODE_ADDRESS}`,
];

export const schedulerFlags = ({ dir }: Places): string[] => [
  `--kubeconfig=${dir}/scheduler.kubeconfig`,
  '--leader-elect=false',
  '--secure-port=0',
];

export const controllerManagerFlags = ({ dir }: Places): string[] => [
  `--kubeconfig=${dir}/controller-manager.kubeconfig`,
  '--leader-elect=false',
  '--secure-port=0',
  '--use-service-account-credentials',
  `--service-account-private-key-file=${dir}/service-account.key`,
  `--root-ca-file=${dir}/api/apiserver.crt`,
  // It would make its own below /usr.
  `--flex-volume-plugin-dir=${dir}/volume-plugins`,
];

export const proxyFlags = ({ dir }: Places): string[] => [
  `--kubeconfig=${dir}/proxy.kubeconfig`,
  '--proxy-mode=nftables',
  `--hostname-override=${NODE_NAME}`,
  `--cluster-cidr=${PODS}`,
  // None of the three can be set in a network namespace.
  '--conntrack-max-per-core=0',
  '--conntrack-tcp-timeout-established=0',
  '--conntrack-tcp-timeout-close-wait=0',
  '--healthz-bind-address=127.0.0.1:10256',
  '--metrics-bind-address=127.0.0.1:10249',
];
