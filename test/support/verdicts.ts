/** What the tools that wait for objects say of those that tests have seen: the real kstatus, and Argo CD by the scripts that we ship. */
import { isDeepStrictEqual } from 'node:util';
import { haveTools } from '../../dev/tools/index.ts';
import { Kstatus } from '../../dev/tools/kstatus.ts';
import { ArgoCd, type Health } from './argocd.ts';
import { brokenRules, kstatus, type Seen, type Verdict } from './kstatus.ts';

const judged = await haveTools(['kstatus', 'lua']);

/** kstatus in Argo CD's words. */
const HEALTH: Record<Verdict, Health['status']> = {
  Current: 'Healthy',
  InProgress: 'Progressing',
  Failed: 'Degraded',
  Terminating: 'Progressing',
};

/** The only object of which the two say something else is a suspended one: kstatus has no word for it. */
export function healthOf(seen: Seen): Health['status'] {
  const verdict = kstatus(seen);
  return seen.spec?.suspend === true && verdict !== 'Terminating' ? 'Suspended' : HEALTH[verdict];
}

/** The actions that make sense for an object. */
function actionsFor({ metadata, spec }: Seen): string[] {
  if (metadata.deletionTimestamp !== undefined) return ['reconcile'];
  if (spec?.suspend === true) return ['resume'];
  return ['reconcile', ...(spec?.managementPolicy === 'Observe' ? [] : ['repair']), 'suspend'];
}

/** Resolves with the rules that are broken, in words: by a status, or by what is made of it. Without Go only the first. */
export async function complaints(seen: readonly Seen[]): Promise<string[]> {
  const broken = seen.flatMap(brokenRules);
  if (!judged || seen.length === 0) return broken;
  const [judge, argocd] = [new Kstatus(), await ArgoCd.start()];
  try {
    const more = seen.map(async (one) => [...(await verdicts(one, judge, argocd)), ...(await actions(one, argocd))]);
    return [...broken, ...(await Promise.all(more)).flat()];
  } finally {
    await Promise.all([judge.stop(), argocd.stop()]);
  }
}

async function verdicts(seen: Seen, judge: Kstatus, argocd: ArgoCd): Promise<string[]> {
  const [verdict, health] = await Promise.all([judge.of(seen), argocd.health(seen)]);
  const about = JSON.stringify(seen);
  return [
    ...(verdict.status === kstatus(seen) ? [] : [`kstatus says ${verdict.status}, not ${kstatus(seen)}: ${about}`]),
    ...(health.status === healthOf(seen) ? [] : [`Argo CD says ${health.status}, not ${healthOf(seen)}: ${about}`]),
    ...(health.message === '' ? [`Argo CD says ${health.status} and not why: ${about}`] : []),
  ];
}

async function actions(seen: Seen, argocd: ArgoCd): Promise<string[]> {
  const [offered, expected] = [await argocd.offered(seen), actionsFor(seen)];
  const changes = argocd.actions.map(async (name) => {
    const after = await argocd.act(name, seen);
    return isDeepStrictEqual(after, asChanged(name, seen, after)) ? [] : [`${name} makes ${JSON.stringify(after)}`];
  });
  return [
    ...(isDeepStrictEqual(offered, expected)
      ? []
      : [`Argo CD offers ${offered}, not ${expected}: ${JSON.stringify(seen)}`]),
    ...(await Promise.all(changes)).flat(),
  ];
}

/** The object with that in it which the action is to change, and nothing else. */
function asChanged(name: string, seen: Seen, { metadata }: Seen): Seen {
  if (name === 'suspend' || name === 'resume') return { ...seen, spec: { ...seen.spec, suspend: name === 'suspend' } };
  const annotation = `azure-ir.io/${name}`;
  const token = metadata.annotations?.[annotation] ?? '';
  const annotations = {
    ...seen.metadata.annotations,
    [annotation]: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(token) ? token : '?',
  };
  return { ...seen, metadata: { ...seen.metadata, annotations } };
}
