import { z } from 'zod'
import { defineModule } from '../../../src/modules/task.ts'
import { alwaysSecret } from '../../../src/modules/support/params.ts'
import { sh } from '../../../src/shell/quote.ts'
import { lastLine } from '../../../src/modules/support/text.ts'

const schema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be up to 64 letters, digits, -, _ and .'),
  /** What it holds. Docker shows it to nobody, so a secret that is there is taken to hold this: let the name say which it is. */
  data: alwaysSecret,
})

/** A secret of the Swarm. What it holds travels on stdin. */
export const docker_secret = defineModule<typeof schema>({
  name: 'docker_secret',
  schema,
  reads: ({ name }) => [`docker-secret:${name}`, 'docker-swarm:membership', 'unit:docker.service'],
  sets: ({ name }) => [`docker-secret:${name}`],
  title: ({ name }) => name,
  probe: ({ name }) => sh`docker secret ls --format '{{.Name}}' --filter ${`name=${name}`}`,
  plan({ name, data }, { stdout, stderr, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: `the Swarm's secrets cannot be listed: ${lastLine(stderr) || `exit code ${exitCode}`}` }
    if (stdout.split('\n').includes(name)) return { changes: [] }
    return { changes: [{ description: `create secret ${name}`, script: sh`printf %s ${data} | docker secret create ${name} - >/dev/null` }] }
  },
})
