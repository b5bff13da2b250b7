import type { Comparison, Interval, ScalingLaw, UsersAnalysis } from 'labbook/load'
import type { Message } from 'labbook'
import { say, verbatim } from '../../messages/say.ts'
import type { TrialRun } from '../trial.ts'
import { bottlenecks } from './support.ts'

/*
 * Results of load tests as texts that can be translated. Reasons why a result is inconclusive are in English: they name
 * trials and CPUs, and are in the exhibits too.
 */

type Answer = Comparison['answer']

const ANSWERS: Readonly<Record<Answer, Message>> = {
  more: say('more'),
  less: say('less'),
  'no difference': say('no difference'),
  inconclusive: say('inconclusive'),
}

export const answerMessage = (answer: Answer): Message => ANSWERS[answer]

/** `1.52 (1.44 to 1.60)` */
export const intervalMessage = ({ estimate, low, high }: Interval, digits = 2): Message =>
  say('{estimate} ({low} to {high})', {
    estimate: estimate.toFixed(digits),
    low: low.toFixed(digits),
    high: high.toFixed(digits),
  })

export const replicasMessage = (n: number): Message => say('{n|replica|replicas}', { n })

export const comparisonMessage = ({ answer, why, ratio }: Comparison): Message =>
  answer === 'inconclusive' || ratio === undefined
    ? verbatim(why)
    : say('{answer}: ratio {ratio}, 95 % confidence interval', {
        answer: answerMessage(answer),
        ratio: intervalMessage(ratio),
      })

export const lawMessage = (name: 'USL' | 'Amdahl', { rate, contention, coherence, residual }: ScalingLaw): Message =>
  say('{law}: one replica {rate} requests/s, contention {contention}{coherence}; fit error {error} %', {
    law: name,
    rate: intervalMessage(rate, 0),
    contention: intervalMessage(contention, 3),
    coherence: coherence.high === 0 ? '' : say(', coherence {coherence}', { coherence: intervalMessage(coherence, 4) }),
    error: (residual * 100).toFixed(1),
  })

export const bottleneckMessage = (replicas: number, trials: readonly TrialRun[]): Message =>
  say('{replicas}: {bottleneck}', { replicas: replicasMessage(replicas), bottleneck: bottlenecks(trials) })

export function usersMessage({ setByUsers, measured, most, meanLatency, why }: UsersAnalysis): Message {
  const percent = Math.round((measured / most) * 100)
  if (setByUsers === null) return verbatim(why)
  return setByUsers
    ? say('users requested {percent} % of their maximum at zero latency', { percent })
    : say('users waited {latency} ms per response and requested {percent} % of their maximum', {
        latency: Math.round(meanLatency * 1000),
        percent,
      })
}
