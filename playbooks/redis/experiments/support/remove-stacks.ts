import { checkSteadyState } from '../../../swarm/experiments/support/cluster.ts'
import { type LabSetupContext } from '../../../messages/say.ts'
import { LAB } from './lab-stack.ts'

/** Removes every stack of these experiments with its volumes and secrets. Idempotent, also after an interruption. */
export async function removeLabStacks(on: LabSetupContext): Promise<void> {
  const stacks = `docker stack ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*$'`
  await on.exec({ command: `for stack in $(${stacks}); do docker stack rm $stack; done`, timeout: 120 })
  await on.watch({
    title: 'Remaining objects of the experiment stacks',
    within: 120,
    command: `docker network ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*_' ; docker service ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*_' ; :`,
    until: ({ stdout }) => stdout.trim() === '',
  })
  await on.exec({
    command: `docker secret ls --format '{{.Name}}' | grep -E '^${LAB}[0-9]*_' | xargs -r docker secret rm`,
  })
  for (const host of on.groups.swarm ?? []) {
    // A volume is in use until its container has stopped.
    const volumes = `docker volume ls -q | grep -E '^${LAB}[0-9]*_'`
    await on.exec({
      host,
      timeout: 60,
      command: `for try in 1 2 3 4 5 6 7 8 9 10; do [ -n "$(${volumes})" ] || break; ${volumes} | xargs -r docker volume rm >/dev/null 2>&1; sleep 1; done; rm -f /run/${LAB}-*`,
    })
  }
}

/** The steady state of these experiments: the app runs, and no stack is left of an interrupted run. */
export async function startWithoutLabStacks(on: LabSetupContext): Promise<void> {
  await checkSteadyState(on)
  await removeLabStacks(on)
}
