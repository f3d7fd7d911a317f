/** What the changelog and the chart must say of a version before it is packaged. */
import { sectionOf } from './changelog.ts';

export interface Pages {
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** The text of Chart.yaml. */
  readonly chart: string;
}

/** Undefined where it may be packaged. A release says what is new in it; what is only tried may still be unreleased. */
export function whyNotPackaged(
  version: string,
  { changelog, chart }: Pages,
  { release }: { readonly release: boolean },
): string | undefined {
  const wrong = ['version', 'appVersion'].find((key) => !`\n${chart}`.includes(`\n${key}: ${version}\n`));
  if (wrong !== undefined) return `Chart.yaml: ${wrong} is not ${version}, the version of package.json`;
  const early = `artifacthub.io/prerelease: "${isEarly(version)}"`;
  if (!chart.includes(`\n  ${early}\n`)) return `Chart.yaml does not say of ${version}, as it must: ${early}`;
  if (!release) return undefined;
  const section = sectionOf(version, changelog);
  if (section === undefined)
    return `CHANGELOG.md has no section "## [${version}]": name what is under "## [Unreleased]" so`;
  return /^- /m.test(section) ? undefined : `CHANGELOG.md says nothing below "## [${version}]": list what is new`;
}

/** Of what semantic versions promise nothing for: 0.y.z, and any with a hyphen. */
function isEarly(version: string): boolean {
  return version.startsWith('0.') || version.includes('-');
}
