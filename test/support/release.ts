/** Debian release of the nodes that tests create: `LABBOOK_TEST_RELEASE`. Undefined: that of this machine. */
export const testRelease: string | undefined = process.env['LABBOOK_TEST_RELEASE'] || undefined

/** The same as arguments of a playbook. */
export const releaseArguments: readonly string[] = testRelease === undefined ? [] : ['-e', `lab_release=${testRelease}`]
