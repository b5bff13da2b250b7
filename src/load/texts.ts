import { sayIn } from '../events/message.ts'

/** Results of load tests, and why they are inconclusive. Reports have these texts in each language. */
export type LoadText =
  | '{estimate} ({low} to {high})'
  // Validity of a trial.
  | 'load ended early: {why}'
  | 'aborted'
  | 'requests used up'
  | 'too many failures'
  | 'load generator is the bottleneck: {limit}'
  | 'no request got a response'
  | '{percent} % of the requests failed; the limit is {limit} %'
  | '{answered} of {replicas} replicas responded'
  | 'one replica served {percent} % of an equal share; the minimum is {minimum} %'
  // The load generator.
  | 'the generator used {percent} % of its one core'
  | 'the generator was busy {percent} % of the time, with {cores} % of a core'
  | 'the generator lagged {ms} ms (p99)'
  | 'requests were sent {ms} ms late (p99)'
  // Comparisons.
  | 'too few trials: {base} and {other}, {least} each are needed'
  | 'a trial has no successful response'
  | '{first}; and {n|more issue|more issues}, such as: {other}'
  | 'ratio {ratio}, {level} % confidence interval'
  | 'ratio {ratio}, {level} % confidence interval, corrected for {looks} looks'
  | 'more: {numbers}'
  | 'less: {numbers}'
  | 'no difference within {percent} %: {numbers}'
  | 'the confidence interval is too wide: {numbers}; run more or longer trials'
  // Users with think time.
  | '{requests} requests are too few'
  | '{failed} of {sent} requests failed'
  | 'measured {measured} requests/s; think time and latency predict {predicted}'
  | 'users requested {percent} % of their maximum at zero latency'
  | 'users waited {latency} ms per response and requested {percent} % of their maximum'
  // Scaling laws.
  | 'trials have {counts} different numbers of replicas; a fit of {parameters} parameters needs {least}'
  | 'a trial has no throughput'
  | 'the trials do not determine the parameters'
  | 'the curve misses the trials by {percent} %'
  | 'the confidence interval of contention is too wide: {interval}'
  | 'the confidence interval of coherence is too wide: {interval}'
  // The CPU budget of replicas.
  | 'each replica could use at most {limit} cores, and needs {least}: {shares}'
  | 'end what uses {busy} cores on this machine, or send the load from hosts of a group loadgen'
  | 'use a machine with more cores, fewer replicas, or hosts of a group loadgen'
  | '{free} of {cores} cores are free for {replicas} replicas; a request costs {replica} ms in a replica, {others} ms in the rest of the machine and {generator} ms in the load generator{apart}'
  | ', which has a dedicated core'
  // The result of a load.
  | 'REQUEST'
  | 'COUNT'
  | 'FAILED'
  | 'P50 MS'
  | 'P95 MS'
  | 'P99 MS'
  | 'MAX MS'
  | 'PER S'
  | '{plan}; {seconds} s measured'
  | '{plan}; {seconds} s measured, ended early: {why}'
  | 'closed model, {n|connection|connections}'
  | 'open model, {rate} requests/s'
  | '{n|user|users}, think time {least} to {most} s'
  | 'throughput: {rate} successful responses/s'
  | 'statuses: {counts}'
  | 'errors: {counts}'
  | 'replicas: {counts}'
  | 'nodes: {counts}'
  | 'generator: {cores} % of a core, busy {busy} % of the time, lag {lag} ms (p99){late}'
  | ', requests sent {ms} ms late (p99)'
  | 'users: {users} with {think} s think time and {latency} ms latency; predicted {predicted}/s, measured {measured}/s, maximum {most}/s'

/** A text of a load test with its values. */
export const loadMessage = sayIn<LoadText>()

/** A fraction in whole percents. */
export const percents = (fraction: number): number => Math.round(fraction * 100)
