import { say, type LabSetupContext } from '../../messages/say.ts'
import { type MessageValue } from 'labbook'
import { redisVars } from '../vars.ts'

/** Redis key of the app's counter. */
export const KEY = 'counter'

/** Lost writes are rare, so a single run proves little. */
const { default: DEFAULT_REPEATS } = redisVars.definitions.redis_repeats

/** Number of repetitions within each experiment on lost writes: `redis_repeats`. */
export const repeatCount = ({ hosts, hostvars }: Pick<LabSetupContext, 'hosts' | 'hostvars'>): number =>
  redisVars.read(hostvars(hosts[0] as string)).redis_repeats

/** Note for a detail that rests on fewer repeats than the default. */
export const lowRepeatNote = (repeats: number): MessageValue =>
  repeats < DEFAULT_REPEATS
    ? say('; only {repeats} of the recommended {recommended} repeats', { repeats, recommended: DEFAULT_REPEATS })
    : ''
