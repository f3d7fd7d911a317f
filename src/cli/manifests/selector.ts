/** Label selectors of kubectl's simple kind, for manifests that no API server has seen. */
import { isObject } from '../../core/model/json.ts';
import type { Raw } from '../../kube/client/raw.ts';
import { CommandError } from '../exit.ts';

/** `a=b`, `a==b`, `a!=b`, `a` and `!a`, comma-separated; all of them hold. */
export function selects(selector: string | undefined, { metadata }: Raw): boolean {
  if (selector === undefined || selector.trim() === '') return true;
  const labels = isObject(metadata) && isObject(metadata.labels) ? metadata.labels : {};
  return selector.split(',').every((term) => holds(term.trim(), labels));
}

function holds(term: string, labels: Raw): boolean {
  const parts = /^(?<not>!)?(?<key>[\w./-]+)(?:(?<operator>==?|!=)(?<value>[\w.-]*))?$/.exec(term)?.groups;
  if (parts === undefined || (parts.not !== undefined && parts.operator !== undefined)) {
    throw new CommandError(`invalid -l "${term}": must be a=b, a!=b, a or !a`);
  }
  const { not, key = '', operator, value } = parts;
  if (operator === undefined) return Object.hasOwn(labels, key) !== (not !== undefined);
  return (labels[key] === value) === (operator !== '!=');
}
