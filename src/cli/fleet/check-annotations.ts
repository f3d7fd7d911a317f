/** What `kubectl azir check` says of annotations of ours that the operator does not know: nothing else reports a misspelt one. */
import { ANNOTATION, GROUP, MARK_ANNOTATION } from '../../api/names.ts';
import { someOf } from '../../core/model/message.ts';
import type { Finding } from './finding.ts';
import { annotationsOf, type Found, SUSPEND } from './objects.ts';

const OURS = `${GROUP}/`;
const REQUESTS = Object.values(ANNOTATION).filter((name) => name.startsWith(OURS));
const KNOWN: ReadonlySet<string> = new Set([...REQUESTS, MARK_ANNOTATION, ...Object.values(SUSPEND)]);

/** No finding where there is none. */
export function annotations(objects: readonly Found[]): Finding[] {
  const unknown = objects.flatMap((found) =>
    Object.keys(annotationsOf(found))
      .filter((name) => name.startsWith(OURS) && !KNOWN.has(name))
      .map((name) => `${found.object.key} has ${name}`),
  );
  if (unknown.length === 0) return [];
  return [
    {
      what: 'annotations',
      verdict: 'warning',
      detail: `${someOf(unknown)}: unknown to the operator`,
      remedy: `correct its name or remove it; what can be asked for: ${REQUESTS.join(', ')}`,
    },
  ];
}
