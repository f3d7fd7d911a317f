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
  const prerelease = `artifacthub.io/prerelease: "${isPrerelease(version)}"`;
  if (!chart.includes(`\n  ${prerelease}\n`))
    return `Chart.yaml: its annotations do not say ${prerelease}, as version ${version} needs`;
  if (!release) return undefined;
  const section = sectionOf(version, changelog);
  if (section === undefined)
    return `CHANGELOG.md has no section "## [${version}]": name what is under "## [Unreleased]" so`;
  return /^- /m.test(section) ? undefined : `CHANGELOG.md says nothing below "## [${version}]": list what is new`;
}

/** Semantic versioning promises nothing for 0.y.z and for a version with a hyphen. */
function isPrerelease(version: string): boolean {
  return version.startsWith('0.') || version.includes('-');
}
