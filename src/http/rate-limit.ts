/** How often something is asked: a token bucket under the name that fits here. */
export { type Rate, TokenBucket as RateLimit } from '../runtime/token-bucket.ts';
