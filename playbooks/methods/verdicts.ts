import { durationMultiplierOf, type Exhibit, type Message } from 'labbook'
import { type LabContext, say, type LabVerdict } from '../messages/say.ts'
import type { ObservationResult } from './observe.ts'
import { overloadOf } from './overload.ts'
import { inconclusiveIfTooSlow, partitionDuring } from './partition.ts'
import { requestStats, type Increments, type RequestStats } from './requests.ts'

/** Longest time in which every request at an entry point may fail, before the multiplier for slow hosts. */
const MAX_OUTAGE_SECONDS = 2

/** The part of an observation that counts. */
export interface TimeWindow {
  /** Seconds from the start. */
  readonly from?: number
  readonly to?: number
  /** Node whose own addresses are left out, as it is disturbed. */
  readonly without?: string
}

/** Requests of a probe, at all its addresses. */
export interface ProbeStats extends RequestStats {
  /** Port and path: `8080/health`. */
  readonly probe: string
}

/** Request statistics by probe. An outage lasts while the requests at all its addresses fail. */
export function statsByProbe(
  { requests }: Pick<ObservationResult<unknown>, 'requests'>,
  { from = 0, to = Infinity, without }: TimeWindow = {},
): ProbeStats[] {
  const chosen = requests.filter(({ at, endpoint }) => at >= from * 1000 && at <= to * 1000 && endpoint !== without)
  return [...new Set(chosen.map(({ probe }) => probe))].sort().map((probe) => ({
    probe,
    ...requestStats(
      chosen.filter((request) => request.probe === probe),
      Number.isFinite(to) ? to : 0,
    ),
  }))
}

const sum = (all: readonly ProbeStats[], key: 'sent' | 'failed'): number =>
  all.reduce((total, stats) => total + stats[key], 0)

/** `3 of 120 requests failed, longest outage 1.2 s at 8080/health`. */
export function describeStats(all: readonly ProbeStats[]): Message {
  if (all.length === 0) return say('no requests')
  const worst = all.reduce((a, b) => (b.outage > a.outage ? b : a))
  const [failed, sent] = [sum(all, 'failed'), sum(all, 'sent')]
  return worst.outage === 0
    ? say('{failed} of {sent} requests failed', { failed, sent })
    : say('{failed} of {sent} requests failed, longest outage {outage} s at {probe}', {
        failed,
        sent,
        outage: worst.outage.toFixed(1),
        probe: worst.probe,
      })
}

/**
 * The longest outage that is tolerated during a disturbance.
 *
 * @param limit - before the multiplier for slow hosts.
 */
export const maxOutage = (on: LabContext, limit = MAX_OUTAGE_SECONDS): number =>
  limit * durationMultiplierOf(on.timeoutMultiplier)

/** A verdict about requests; its timeline is the evidence. */
export type RequestVerdict = Omit<LabVerdict, 'evidence'>

/** A verdict that holds is inconclusive if the disturbance did not happen. */
export const onlyIf = <V extends RequestVerdict>(happened: boolean, verdict: V): V =>
  happened || verdict.holds !== true ? verdict : { ...verdict, holds: null }

/** Whether each probe was answered all the time, except for short outages; inconclusive without requests. */
export function availability(
  observation: ObservationResult<unknown>,
  limit: number,
  window: TimeWindow = {},
): RequestVerdict {
  const all = statsByProbe(observation, window)
  const outage = Math.max(0, ...all.map((stats) => stats.outage))
  return {
    holds: all.length === 0 ? null : outage <= limit && all.every(({ sent, failed }) => failed < sent),
    detail: say('{requests} (tolerated: {limit} s)', { requests: describeStats(all), limit }),
    measured: { 'longest outage': [outage, 's'], 'failed requests': [sum(all, 'failed'), ''] },
  }
}

/** Whether no request failed; inconclusive without requests. */
export function noFailedRequest(observation: ObservationResult<unknown>, window: TimeWindow = {}): RequestVerdict {
  const all = statsByProbe(observation, window)
  return {
    holds: all.length === 0 ? null : sum(all, 'failed') === 0,
    detail: describeStats(all),
    measured: { 'failed requests': [sum(all, 'failed'), ''] },
  }
}

/** The increments as the detail of a finding. */
const incrementsDetail = ({ lost, acknowledged, added }: Increments): Message =>
  say('{lost} increments lost; {acknowledged} acknowledged, {added} counted', { lost, acknowledged, added })

/** Whether every acknowledged increment is in the final count; inconclusive if no endpoint returned the count. */
export function noLostIncrement({
  increments,
  counts,
}: Pick<ObservationResult<unknown>, 'increments' | 'counts'>): RequestVerdict {
  const isKnown = !Number.isNaN(counts.before) && !Number.isNaN(counts.after)
  return {
    holds: isKnown ? increments.lost === 0 : null,
    detail: isKnown ? incrementsDetail(increments) : say('no endpoint returned the count'),
    ...(isKnown ? { measured: { 'lost increments': [increments.lost, ''] } } : {}),
  }
}

/** Makes a failed verdict inconclusive if slow nodes lost each other meanwhile, or a node had no CPU to spare. */
export async function unlessTooSlow(
  on: LabContext,
  { exhibit }: Pick<ObservationResult<unknown>, 'exhibit'>,
  verdict: RequestVerdict & { readonly evidence?: readonly Exhibit[] },
): Promise<LabVerdict> {
  const complete = { ...verdict, evidence: [...(verdict.evidence ?? []), exhibit] }
  if (verdict.holds !== false) return complete
  const slow = (await partitionDuring(on, exhibit, 1)) ?? (await overloadOf(on, on.groups.swarm ?? []))
  return inconclusiveIfTooSlow(slow, complete)
}
