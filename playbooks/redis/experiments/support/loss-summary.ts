import { type Message, messageText } from 'labbook'
import { inSeconds, say } from '../../../messages/say.ts'
import type { MasterLoss } from './lose-master.ts'

/** Longest write outage of each run. */
export const writeOutages = (lost: readonly MasterLoss[]): Message =>
  say('write outage {range}', { range: range(lost.map(({ writes }) => writes.outage)) })

export const failoverTimes = (lost: readonly MasterLoss[]): number[] =>
  lost.flatMap(({ failoverSeconds: failoverAfter }) => failoverAfter ?? [])

/** `5.2 s to 7.1 s`, or the one value. */
export function range(values: readonly number[]): Message {
  if (values.length === 0) return say('never')
  const [min, max] = [Math.min(...values), Math.max(...values)].map(inSeconds) as [Message, Message]
  return messageText(min) === messageText(max) ? min : say('{min} to {max}', { min, max })
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
