/** What a person asks for by an annotation and cannot have. */
import { ANNOTATION } from '../../api/names.ts';
import { askedInVain } from '../events.ts';
import { inShort } from '../model/message.ts';
import {
  type Action,
  type CompletableRequest,
  isAuthoringRequested,
  isOpen,
  isRepairRequested,
  managing,
  type Policy,
  type Situation,
} from '../situation.ts';

/** Make sure a request that an object cannot meet, as it is declared, is answered: whoever asked would wait for ever. */
export const impossibleRequestIsAnswered: Policy = (s) => {
  const [request] = COMPLETABLE.filter((each) => isOpen(s, each) && whyNot(s, each) !== undefined);
  return request && answer(request, whyNot(s, request) ?? '');
};

/** The policy; and make sure that a person who asks for something of a runtime that stays another's is told so. */
export const withRequestInVain =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle' || action.verdict.kind !== 'Decided' || action.verdict.progress !== 'Stalled')
      return action;
    const asked = isRepairRequested(s) ? 'repair' : isAuthoringRequested(s) ? 'enableInteractiveAuthoring' : undefined;
    return asked === undefined ? action : answer(asked, inShort(action.verdict.message));
  };

const COMPLETABLE: readonly CompletableRequest[] = ['repair', 'enableInteractiveAuthoring'];

function whyNot({ desired }: Situation, request: CompletableRequest): string | undefined {
  if (!managing(desired)) return 'This object only observes. Set spec.managementPolicy: Manage.';
  if (request === 'repair' || desired.interactiveAuthoring !== undefined) return undefined;
  return desired.managedVirtualNetwork === undefined
    ? 'Azure offers it only in a managed virtual network, and this runtime is public. Create a new object with spec.managedVirtualNetwork and spec.interactiveAuthoring.'
    : 'The manifest does not declare it. Set spec.interactiveAuthoring.autoTerminationMinutes.';
}

function answer(request: CompletableRequest, why: string): Action {
  return { kind: 'CompleteRequest', request, event: askedInVain(ANNOTATION[request], why) };
}
