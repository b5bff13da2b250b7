import type { Message } from '../events/message.ts'
import { loadMessage } from './texts.ts'

/** CPU seconds of one request, measured by a short load. */
export interface RequestCosts {
  /** In the replica that answers. */
  readonly replica: number
  /** In the load generator. */
  readonly generator: number
  /** In everything else on the machine: load balancer, database, container runtime, kernel. */
  readonly others: number
}

/** The machine that replicas and load generator share. */
export interface SharedMachine {
  readonly cores: number
  /** Cores that were busy before the load. */
  readonly busyAtRest: number
  /** Whether the generator has a dedicated core, which is not among `cores`. */
  readonly generatorApart: boolean
}

/** The CPU limit of a replica during a test, or why the test cannot be decided here. */
export type Budget =
  | { readonly limit: number; readonly why: Message }
  | { readonly undecidable: Message; readonly remedy: Message }

/** With less, the machine itself becomes the limit, and answers wait for a core. */
const SHARE_OF_MACHINE = 0.75
/** With less, a replica starts slower than its health check allows. */
const LEAST_LIMIT = 0.08
/** Whole percents of a core, as people write it. */
const STEP = 0.01

/**
 * The CPU limit of each replica with which `replicas` at their limits, the requests they then answer, and the load
 * generator need at most three quarters of the machine. Then neither the machine nor the generator limits throughput.
 *
 * At the limit, `replicas` answer `replicas * limit / costs.replica` requests a second.
 *
 * @param current - the limit in cores; it is never raised.
 */
export function replicaBudget(
  { cores, busyAtRest, generatorApart }: SharedMachine,
  costs: RequestCosts,
  replicas: number,
  current: number,
): Budget {
  const free = cores * SHARE_OF_MACHINE - busyAtRest
  const perReplicaSecond = 1 + (costs.others + (generatorApart ? 0 : costs.generator)) / costs.replica
  const fits = Math.floor(free / (replicas * perReplicaSecond) / STEP + 1e-9) * STEP
  const limit = Math.min(current, Number(fits.toFixed(2)))
  const shares = loadMessage(
    '{free} of {cores} cores are free for {replicas} replicas; a request costs {replica} ms in a replica, {others} ms in the rest of the machine and {generator} ms in the load generator{apart}',
    {
      free: free.toFixed(2),
      cores,
      replicas,
      replica: milliseconds(costs.replica),
      others: milliseconds(costs.others),
      generator: milliseconds(costs.generator),
      apart: generatorApart ? loadMessage(', which has a dedicated core') : '',
    },
  )
  if (limit < LEAST_LIMIT)
    return {
      undecidable: loadMessage('each replica could use at most {limit} cores, and needs {least}: {shares}', {
        limit: Math.max(0, limit).toFixed(2),
        least: LEAST_LIMIT,
        shares,
      }),
      remedy:
        busyAtRest > cores / 4
          ? loadMessage('end what uses {busy} cores on this machine, or send the load from hosts of a group loadgen', {
              busy: busyAtRest.toFixed(2),
            })
          : loadMessage('use a machine with more cores, fewer replicas, or hosts of a group loadgen'),
    }
  return { limit, why: shares }
}

const milliseconds = (seconds: number): string => (seconds * 1000).toFixed(2)
