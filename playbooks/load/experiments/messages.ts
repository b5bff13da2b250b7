import { intervalText, type Comparison, type ScalingLaw } from 'labbook/load'
import type { Message } from 'labbook'
import { say } from '../../messages/say.ts'
import type { TrialRun } from '../trial.ts'
import { bottlenecks } from './support.ts'

/* Results of load tests as texts that can be translated. */

type Answer = Comparison['answer']

const ANSWERS: Readonly<Record<Answer, Message>> = {
  more: say('more'),
  less: say('less'),
  'no difference': say('no difference'),
  inconclusive: say('inconclusive'),
}

export const answerMessage = (answer: Answer): Message => ANSWERS[answer]

export const replicasMessage = (n: number): Message => say('{n|replica|replicas}', { n })

export const comparisonMessage = ({ answer, why, ratio }: Comparison): Message =>
  answer === 'inconclusive' || ratio === undefined
    ? why
    : say('{answer}: ratio {ratio}, 95 % confidence interval', {
        answer: answerMessage(answer),
        ratio: intervalText(ratio),
      })

export const lawMessage = (name: 'USL' | 'Amdahl', { rate, contention, coherence, residual }: ScalingLaw): Message =>
  say('{law}: one replica {rate} requests/s, contention {contention}{coherence}; fit error {error} %', {
    law: name,
    rate: intervalText(rate, 0),
    contention: intervalText(contention, 3),
    coherence: coherence.high === 0 ? '' : say(', coherence {coherence}', { coherence: intervalText(coherence, 4) }),
    error: (residual * 100).toFixed(1),
  })

export const bottleneckMessage = (replicas: number, trials: readonly TrialRun[]): Message =>
  say('{replicas}: {bottleneck}', { replicas: replicasMessage(replicas), bottleneck: bottlenecks(trials) })
