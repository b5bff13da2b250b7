/**
 * For `fc.assert` in statistical tests: the same cases each time, so that a failure indicates a change.
 * `PROPERTY_SEED=random` generates new cases.
 */
const { PROPERTY_SEED = '1' } = process.env
export const sameCases: { readonly seed?: number } = PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) }
