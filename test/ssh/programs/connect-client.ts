/** Connects with each set of inventory variables in its arguments, and prints the client's address or the error. */
import { connectionSettings, openConnection } from '../../../src/connection/index.ts'

for (const vars of process.argv.slice(2)) {
  const connection = openConnection(connectionSettings('node1', JSON.parse(vars) as Record<string, unknown>))
  const outcome = connection.exec('echo "${SSH_CLIENT%% *}"', { timeLimitSeconds: 10 })
  await outcome.then(
    ({ stdout }) => process.stdout.write(stdout),
    (error: unknown) => process.stdout.write(`${(error as Error).message}\n`),
  )
  await connection.close()
}
