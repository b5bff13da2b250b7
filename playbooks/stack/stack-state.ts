/** State of a service of a stack. */
export interface ServiceState {
  readonly name: string
  /** `replicated`, `global`, `replicated job`, `global job`. */
  readonly mode: string
  readonly running: number
  readonly desired: number
  /** Tasks of a job that have completed, and all of them; null for other services. */
  readonly completed: { readonly count: number; readonly of: number } | null
  /** Condition of `restart_policy`; `any` without one. */
  readonly restart: string
  readonly constraints: string
  /** Docker's update status; empty without an update. */
  readonly update: string
  readonly updateMessage: string
}

/** State of a task: one attempt to run a container. */
export interface TaskState {
  readonly id: string
  /** `shop_web.1`, or `shop_web.<node id>` for a global service. */
  readonly name: string
  readonly service: string
  readonly node: string
  readonly desired: string
  readonly state: string
  /** Seconds in this state; null if Docker does not print an age. */
  readonly seconds: number | null
  readonly error: string
}

export interface StackState {
  readonly services: readonly ServiceState[]
  /** Newest first within a slot. */
  readonly tasks: readonly TaskState[]
}

const goFormat = (...names: string[]): string => `'${names.map((name) => `{{${name}}}`).join('\\t')}'`

/** Command whose output {@link readState} parses; readable as tables. */
export const stateCommand = (stack: string): string =>
  [
    'echo "== services"',
    `docker stack services ${stack} --format ${goFormat('.Name', '.Mode', '.Replicas')} || exit`,
    'echo "== updates"',
    `docker stack services -q ${stack} | xargs -r docker service inspect --format '{{.Spec.Name}}{{if .UpdateStatus}}{{"\\t"}}{{.UpdateStatus.State}}{{"\\t"}}{{.UpdateStatus.Message}}{{end}}'`,
    'echo "== settings"',
    `docker stack services -q ${stack} | xargs -r docker service inspect --format '{{.Spec.Name}}{{"\\t"}}{{with .Spec.TaskTemplate.RestartPolicy}}{{.Condition}}{{end}}{{"\\t"}}{{with .Spec.TaskTemplate.Placement}}{{join .Constraints ", "}}{{end}}'`,
    'echo "== tasks"',
    `docker stack ps ${stack} --no-trunc --format ${goFormat('.ID', '.Name', '.Node', '.DesiredState', '.CurrentState', '.Error')} 2>&1 | grep -v '^nothing found in stack'`,
    'exit 0',
  ].join('\n')

/** Parses the output of {@link stateCommand}. */
export function readState(stdout: string): StackState {
  const section = (name: string): string[][] =>
    (new RegExp(`^== ${name}\\n((?:(?!== ).*(?:\\n|$))*)`, 'm').exec(stdout)?.[1] ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
  const updates = new Map(section('updates').map(([name = '', ...rest]) => [name, rest]))
  const settings = new Map(section('settings').map(([name = '', ...rest]) => [name, rest]))
  return {
    services: section('services').map(([name = '', mode = '', replicas = '']): ServiceState => {
      const [, running = '0', wanted = '0'] = /(\d+)\/(\d+)/.exec(replicas) ?? []
      const [, count, of] = /\((\d+)\/(\d+) completed\)/.exec(replicas) ?? []
      const [update = '', updateMessage = ''] = updates.get(name) ?? []
      const [restart = '', constraints = ''] = settings.get(name) ?? []
      return {
        name,
        mode,
        running: Number(running),
        desired: Number(wanted),
        completed: count === undefined ? null : { count: Number(count), of: Number(of) },
        restart: restart === '' ? 'any' : restart,
        constraints,
        update,
        updateMessage,
      }
    }),
    tasks: section('tasks')
      .filter(({ length }) => length >= 5)
      .map(([id = '', name = '', node = '', desired = '', current = '', error = '']) => {
        const [state = '', ...age] = current.split(' ')
        // Docker prefixes the names of replaced tasks with `\_`.
        const taskName = name.replace(/^[\s\\_]+/, '')
        return {
          id,
          name: taskName,
          service: taskName.replace(/\.[^.]*$/, ''),
          node,
          desired: desired.toLowerCase(),
          state: state.toLowerCase(),
          seconds: secondsOf(age.join(' ')),
          error: error.replace(/^"|"$/g, ''),
        }
      }),
  }
}

/** Parses Docker's ages: exact up to a minute, then rounded. */
function secondsOf(age: string): number | null {
  if (/^less than a second/i.test(age)) return 0
  const [, count, unit] = /^(?:about )?(an?|\d+) (second|minute|hour|day|week|month|year)s? ago/i.exec(age) ?? []
  if (count === undefined || unit === undefined) return null
  const seconds =
    { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800, month: 2592000, year: 31536000 }[
      unit.toLowerCase()
    ] ?? 1
  return (/^an?$/i.test(count) ? 1 : Number(count)) * seconds
}
