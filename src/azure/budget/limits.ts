/** ARM's rate limits, and how much of them the operator spends. */
import type { RequestKind } from '../../ports.ts';
import type { Rate } from '../../runtime/token-bucket.ts';

export type RateLimits = Readonly<Record<RequestKind, Rate>>;

/** ARM's token buckets per subscription, principal and region (documented). */
export const ARM_LIMITS: RateLimits = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
  deletes: { burst: 200, perSecond: 10 },
};

const MORE_THAN_CAN_BE_SENT: Rate = { burst: 1e9, perSecond: 1e9 };

/** This share of ARM's limits; `unlimited`: only ARM's own 429 holds requests back. */
export function limitsFor(share: number | 'unlimited'): RateLimits {
  const part = ({ burst, perSecond }: Rate): Rate =>
    share === 'unlimited' ? MORE_THAN_CAN_BE_SENT : { burst: burst * share, perSecond: perSecond * share };
  const { reads, writes, deletes } = ARM_LIMITS;
  return { reads: part(reads), writes: part(writes), deletes: part(deletes) };
}
