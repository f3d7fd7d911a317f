/** What a version must have before it is packaged. */
import { describe, expect, test } from '@jest/globals';
import { whyNotPackaged } from '../../../scripts/package/version.ts';

const chartOf = (version: string, prerelease: boolean) =>
  `apiVersion: v2\nname: operator\nversion: ${version}\nappVersion: ${version}\nannotations:\n  artifacthub.io/prerelease: "${prerelease}"\n`;
const chart = chartOf('1.2.0', false);
const unreleased = '# Changelog\n\n## [Unreleased]\n\n- A thing.\n';
const released = '# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- A thing.\n';

describe('a release', () => {
  const why = (changelog: string) => whyNotPackaged('1.2.0', { changelog, chart }, { release: true });

  test('has a section of the changelog that says what is new', () => {
    expect(why(released)).toBeUndefined();
  });

  test.each([
    ['what is new is unreleased', unreleased, 'CHANGELOG.md has no section "## [1.2.0]"'],
    ['only an earlier version has a section', released.replace('1.2.0', '1.1.0'), 'has no section "## [1.2.0]"'],
    ['only a later one has', released.replace('1.2.0', '1.2.0-rc.1'), 'has no section "## [1.2.0]"'],
    ['its section is empty', released.replace('- A thing.', ''), 'CHANGELOG.md says nothing below "## [1.2.0]"'],
    ['all is in the section before', `${released.replace('- A thing.', '')}## [1.1.0]\n\n- A thing.\n`, 'says nothing'],
  ])('is not packaged where %s', (_, changelog, says) => {
    expect(why(changelog)).toContain(says);
  });
});

describe('what is only tried', () => {
  const why = (text: string) => whyNotPackaged('1.2.0', { changelog: unreleased, chart: text }, { release: false });

  test('may be unreleased', () => {
    expect(why(chart)).toBeUndefined();
  });

  test.each([
    ['version', chart.replace('\nversion: 1.2.0', '\nversion: 1.1.0')],
    ['version', chart.replace('\nversion: 1.2.0', '\nversion: 1.2.0-rc.1')],
    ['appVersion', chart.replace('appVersion: 1.2.0', 'appVersion: 1.1.0')],
  ])('is not packaged where the %s of the chart is another one', (key, text) => {
    expect(why(text)).toContain(`Chart.yaml: ${key} is not 1.2.0`);
  });

  test.each([
    ['0.9.0', true],
    ['1.0.0-rc.1', true],
    ['1.0.0', false],
    ['10.0.0', false],
  ])('is a prerelease to Artifact Hub exactly if it is below 1.0.0 or has a hyphen: %s', (version, prerelease) => {
    const said = (prerelease: boolean) =>
      whyNotPackaged(version, { changelog: unreleased, chart: chartOf(version, prerelease) }, { release: false });
    expect(said(prerelease)).toBeUndefined();
    expect(said(!prerelease)).toContain(`artifacthub.io/prerelease: "${prerelease}", as version ${version} needs`);
  });
});
