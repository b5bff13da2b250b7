/**
 * For `fc.assert` in statistical tests: the same cases each time, so that a failure indicates a change.
 * `PROPERTY_SEED=random` generates new cases.
 */
const { PROPERTY_SEED = '1' } = process.env
export const sameCases: { readonly seed?: number } = PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) }

/**
 * How many cases a slow property test runs: `PROPERTY_RUNS` times as many as in `npm test`. The part `random` of
 * `npm run test:all` runs ten times as many.
 */
export const runs = (count: number): number => Math.ceil(count * Number(process.env['PROPERTY_RUNS'] ?? 1))
