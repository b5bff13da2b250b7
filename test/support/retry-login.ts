/** Maximum number of login timeouts. */
const TRIES = 30

/**
 * The error of an attempt that fails after login. With a short timeout the login itself may time out on a busy machine;
 * then it is retried.
 */
export async function failsPastLogin(attempt: () => Promise<unknown>): Promise<Error> {
  for (let tries = 1; ; tries++) {
    const error = await attempt().then(
      () => {
        throw new Error('it succeeded')
      },
      (thrown: unknown) => thrown as Error,
    )
    if (tries === TRIES || !/timed out after/.test(error.message)) return error
  }
}
