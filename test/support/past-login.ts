/** So often a login may come too late. */
const TRIES = 30

/**
 * The error of what fails after its login, where the login has as little time as the failure: on a machine that is busy
 * it comes too late now and then, and is asked for again.
 */
export async function failsPastLogin(attempt: () => Promise<unknown>): Promise<Error> {
  for (let tries = 1; ; tries++) {
    const error = await attempt().then(
      () => {
        throw new Error('it went well')
      },
      (thrown: unknown) => thrown as Error,
    )
    if (tries === TRIES || !/timed out after/.test(error.message)) return error
  }
}
