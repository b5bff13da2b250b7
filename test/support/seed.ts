/**
 * For `fc.assert` where the cases that come decide whether a test holds: the same each time, so that one that fails
 * tells of a change. `PROPERTY_SEED=random` looks for new cases.
 */
const { PROPERTY_SEED = '1' } = process.env
export const sameCases: { readonly seed?: number } = PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) }
