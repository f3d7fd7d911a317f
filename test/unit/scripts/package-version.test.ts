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

  const MISSING =
    'CHANGELOG.md has no section "## [1.2.0]". Change the heading "## [Unreleased]" to "## [1.2.0] - YYYY-MM-DD", and put an empty "## [Unreleased]" above it';
  const EMPTY =
    'CHANGELOG.md lists nothing under "## [1.2.0]". Write what is new, each as a line that begins with "- "';
  test.each([
    ['what is new is unreleased', unreleased, MISSING],
    ['only an earlier version has a section', released.replace('1.2.0', '1.1.0'), MISSING],
    ['only a later one has', released.replace('1.2.0', '1.2.0-rc.1'), MISSING],
    ['its section is empty', released.replace('- A thing.', ''), EMPTY],
    ['all is in the section before', `${released.replace('- A thing.', '')}## [1.1.0]\n\n- A thing.\n`, EMPTY],
  ])('is not packaged where %s: the error says what is wrong and what to write', (_, changelog, says) => {
    expect(why(changelog)).toBe(says);
  });

  test.each([
    ['is unreleased', unreleased],
    ['is unreleased, below what was released', `${unreleased}\n## [1.1.0] - 2026-11-01\n\n- An old thing.\n`],
  ])('is packaged once what the error says is done, where what is new %s', (_, changelog) => {
    const [, from = '', to = '', above = ''] =
      /the heading "(.*)" to "(.*)", and put an empty "(.*)" above/.exec(why(changelog) ?? '') ?? [];
    expect(why(changelog.replace(from, `${above}\n\n${to}`))).toBeUndefined();
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
    expect(why(text)).toBe(
      `deploy/chart/Chart.yaml has no line "${key}: 1.2.0", which is the version of package.json. Write that line, or correct package.json`,
    );
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
    expect(said(!prerelease)).toBe(
      `deploy/chart/Chart.yaml does not tell Artifact Hub that ${version} is ${prerelease ? 'a' : 'not a'} prerelease. Set the annotation artifacthub.io/prerelease to "${prerelease}"`,
    );
  });
});
