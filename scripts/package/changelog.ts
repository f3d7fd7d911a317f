/** What the changelog says of a version, as it stands there and as GitHub shows it beside a release. */

export interface Place {
  readonly version: string;
  /** The URL of the repository with the sources; empty where they are not published. */
  readonly sources: string;
}

/** With its heading. */
export function sectionOf(name: string, changelog: string): string | undefined {
  return changelog.split(/^(?=## )/m).find((part) => part.startsWith(`## [${name}]`));
}

/** The text of a release, without its heading: the release has a title. What is only tried has what is unreleased. */
export function releaseNotes(changelog: string, place: Place): string {
  const section = sectionOf(place.version, changelog) ?? sectionOf('Unreleased', changelog) ?? '';
  return `${withAbsoluteLinks(unwrapped(section.replace(/^## .*\n/, '').trim()), place)}\n`;
}

/** GitHub shows a line break in a release as one, and in a file as a space (https://github.com/orgs/community/discussions/57633). */
function unwrapped(markdown: string): string {
  return markdown.replaceAll(CODE_OR_BREAK, (found) => (found.startsWith('\n') ? ' ' : found));
}

/** A block of code; or a line break between two lines of a paragraph or an item. */
const CODE_OR_BREAK = /^( *)```[\s\S]*?\n\1```$|(?<=^(?!#+ | *```).+)\n *(?!\s|[-*+>] |[|]|\d+[.)] |#+ |```)(?=.)/gm;

/** A release is at another address than the file. */
function withAbsoluteLinks(markdown: string, { version, sources }: Place): string {
  if (sources === '') return markdown;
  const file = `${sources}/blob/v${version}/CHANGELOG.md`;
  return markdown.replaceAll(/(?<=\]\()(?![a-z]+:)[^)\s]+(?=\))/g, (target) => new URL(target, file).href);
}
