import type { Orchestrator } from '../methods/orchestrator.ts'
import { serviceScaler } from '../methods/scale.ts'
import { awaitSteadyState } from '../methods/steady-state.ts'
import { namedService } from '../methods/tasks.ts'
import { unlessTooSlow } from '../methods/verdicts.ts'
import type { StackService } from './model.ts'
import { observeStack } from './observe.ts'
import type { Session } from './session.ts'

/** Seconds for a stack to recover by itself, before the timeout multiplier. */
const RECOVERY_SECONDS = 90

/** A stack of the Swarm in the experiments that Kubernetes has, too. */
export const SWARM: Orchestrator<StackService, Session> = {
  observe: observeStack,
  judge: unlessTooSlow,
  scaler: (on, session, { name }) => serviceScaler(on, namedService(session, name)),
  awaitSteadyState: (on, session) => awaitSteadyState(on, session, RECOVERY_SECONDS),
}
