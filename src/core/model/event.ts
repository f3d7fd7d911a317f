/** An event of the API server, before it is published. */
import type { EventReason } from '../../api/names.ts';

export interface OperatorEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly message: string;
}
