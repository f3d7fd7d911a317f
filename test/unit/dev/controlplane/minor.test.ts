/** Another minor of Kubernetes: which release that is, and how it is built. */
import { describe, expect, test } from '@jest/globals';
import { builtIn, goModOf, newestIn } from '../../../../dev/controlplane/minor.ts';
import { platform } from '../../../../dev/controlplane/version.ts';

describe('the release of a minor', () => {
  test('is its newest by number, and none that is not final', () => {
    expect(newestIn(['v1.31.9', 'v1.31.14', 'v1.31.15-rc.0', 'v1.32.1', 'v1.3.99'], '1.31')).toBe('v1.31.14');
  });

  test('is none where there are only candidates', () => {
    expect(newestIn(['v1.99.0-alpha.1', 'v1.31.0'], '1.99')).toBeUndefined();
  });
});

test('a go.mod names the staged parts by the releases that they are published as', () => {
  const theirs = [
    'module k8s.io/kubernetes',
    'go 1.22.0',
    'replace (',
    '\tk8s.io/api => ./staging/src/k8s.io/api',
    '\tk8s.io/pod-security-admission => ./staging/src/k8s.io/pod-security-admission',
    '\texample.com/other => example.com/fork v1.0.0',
    ')',
  ].join('\n');
  expect(goModOf(theirs, 'v1.31.14').trimEnd().split('\n')).toEqual([
    'module azure-ir-operator/kubernetes',
    'go 1.22.0',
    'godebug default=go1.22',
    'require k8s.io/kubernetes v1.31.14',
    'replace k8s.io/api => k8s.io/api v0.31.14',
    'replace k8s.io/pod-security-admission => k8s.io/pod-security-admission v0.31.14',
  ]);
});

test('what the cache has of it is what was finished for this platform', () => {
  const names = [
    `minor-v1.31.14-${platform()}`,
    `minor-v1.31.15-${platform()}.lock`,
    `v1.36.3-${platform()}`,
    'minor-v1.31.16-plan9-mips',
  ];
  expect(builtIn(names)).toEqual(['v1.31.14']);
});
