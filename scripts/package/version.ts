/** What the changelog and the chart must say of a version before it is packaged. */
import { sectionOf } from './changelog.ts';

export interface Pages {
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** The text of Chart.yaml. */
  readonly chart: string;
}

/** What is wrong and what to do; undefined where it may be packaged. A release says what is new in it; what is only tried may still be unreleased. */
export function whyNotPackaged(
  version: string,
  { changelog, chart }: Pages,
  { release }: { readonly release: boolean },
): string | undefined {
  const wrong = ['version', 'appVersion'].find((key) => !`\n${chart}`.includes(`\n${key}: ${version}\n`));
  if (wrong !== undefined)
    return `deploy/chart/Chart.yaml has no line "${wrong}: ${version}", which is the version of package.json. Write that line, or correct package.json`;
  const prerelease = isPrerelease(version);
  if (!chart.includes(`\n  artifacthub.io/prerelease: "${prerelease}"\n`))
    return `deploy/chart/Chart.yaml does not tell Artifact Hub that ${version} is ${prerelease ? 'a' : 'not a'} prerelease. Set the annotation artifacthub.io/prerelease to "${prerelease}"`;
  if (!release) return undefined;
  const heading = `"## [${version}]"`;
  const section = sectionOf(version, changelog);
  if (section === undefined)
    return `CHANGELOG.md has no section ${heading}. Change the heading "## [Unreleased]" to "## [${version}] - YYYY-MM-DD", and put an empty "## [Unreleased]" above it`;
  if (!/^- /m.test(section))
    return `CHANGELOG.md lists nothing under ${heading}. Write what is new, each as a line that begins with "- "`;
  return undefined;
}

/** Semantic versioning promises nothing for 0.y.z and for a version with a hyphen. */
function isPrerelease(version: string): boolean {
  return version.startsWith('0.') || version.includes('-');
}
